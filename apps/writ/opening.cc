#include "opening.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "writ/base/escape.h"
#include "writ/base/file.h"

namespace writ::cli {
namespace {

// What makes a folder a store (docs/formats/store.md).
constexpr const char* store_file = "/writ.db";

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_not_of('/');
  const auto cut = path.rfind('/', slash);
  return cut == std::string::npos ? "." : cut == 0 ? "/" : path.substr(0, cut);
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

std::string cache_in(const StorePlace& place) { return place.folder + "/cache"; }

bool can_be_made(const std::string& folder) { return make_folders(folder) && ::access(folder.c_str(), W_OK) == 0; }

// Whoever works on best images in the background; empty if that is switched off.
std::string builder(const Surroundings& s) {
  if (s.variable("WRIT_BACKGROUND") == "off") return {};
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

Result<runtime::Options> options_for(const Invocation& i, const StorePlace& place) {
  WRIT_TRY(const std::string config, config_folder(i.surroundings));
  runtime::Options options;
  options.store = place.folder;
  options.keys = config + "/keys";
  options.cache = cache_folder(i.surroundings);
  if (options.cache.empty() || !can_be_made(options.cache)) options.cache = cache_in(place);
  options.builder = builder(i.surroundings);
  return options;
}

std::string how_named(Origin origin) {
  switch (origin) {
    case Origin::option:
      return "--store";
    case Origin::variable:
      return "WRIT_STORE";
    case Origin::found:
    case Origin::own:
      return "";
  }
  std::unreachable();
}

}  // namespace

Result<StorePlace> place_of_store(const Invocation& i) {
  WRIT_TRY(StorePlace place, find_store(i.surroundings, i.arguments.value("--store")));
  if (place.origin == Origin::own || is_there(place.folder + store_file)) return place;
  const std::string by = how_named(place.origin);
  return Error{Code::unavailable, "there is no store here" + (by.empty() ? "" : ", although " + by + " names it"),
               place.folder,
               place.origin == Origin::found ? "make one with `writ init`" : "make one with `writ --store DIR init`"};
}

Result<std::string> image_cache(const Invocation& i) {
  std::string own = cache_folder(i.surroundings);
  if (!own.empty() && can_be_made(own)) return own;
  const int number = errno;
  WRIT_TRY(const StorePlace place, place_of_store(i));
  if (!own.empty())
    i.output.note("images are kept in the store, because " + escape_for_terminal(own) + " cannot be written: " + std::strerror(number));
  return cache_in(place);
}

Result<workspace::Manner> parse_manner(const std::optional<std::string>& value) {
  if (!value || *value == "in-place") return workspace::Manner::in_place;
  if (*value == "swap") return workspace::Manner::swap;
  return invalid("unknown manner \"" + escape_for_terminal(*value) + "\"", "--commit-by", "in-place or swap");
}

Result<runtime::TierChoice> parse_tier(const std::optional<std::string>& value) {
  static constexpr std::array<std::string_view, 3> tiers{"auto", "fast", "best"};
  if (!value || *value == "auto") return runtime::TierChoice::automatic;
  if (*value == "fast") return runtime::TierChoice::fast;
  if (*value == "best") return runtime::TierChoice::best;
  return invalid("unknown tier \"" + escape_for_terminal(*value) + "\"", "--tier", suggestion(*value, tiers, "auto, fast or best"));
}

Result<OpenedStore> open_store(const Invocation& i, runtime::Access access, GuestChoice guests, int interrupt) {
  WRIT_TRY(StorePlace place, place_of_store(i));
  WRIT_TRY(runtime::Options options, options_for(i, place));
  options.fence = guests.fence;
  options.tier = guests.tier;
  options.interrupt = interrupt;
  options.access = access;
  if (place.origin == Origin::own && !is_there(place.folder + store_file)) {
    WRIT_CHECK(make_folders(parent_of(place.folder)));
    options.access = runtime::Access::create;
  }
  WRIT_TRY(auto opened, runtime::Runtime::open(options));
  return OpenedStore{std::move(place), std::move(opened)};
}

Result<std::string> verifier_key(const Invocation& i) {
  {
    WRIT_TRY(const OpenedStore reading, open_store(i, runtime::Access::read));
    if (auto key = reading->verifier_key()) return key;
  }
  WRIT_TRY(const OpenedStore writing, open_store(i, runtime::Access::write));
  return writing->verifier_key();
}

Result<std::pair<OpenedStore, Newness>> create_store(const Invocation& i) {
  StorePlace place;
  const auto option = i.arguments.value("--store");
  const auto variable = i.surroundings.variable("WRIT_STORE");
  if (option || (variable && !variable->empty())) {
    WRIT_TRY(place, find_store(i.surroundings, option));
  } else {
    if (i.surroundings.working_folder.empty())
      return Error{Code::unavailable, "the working folder is gone", {}, "cd to a folder that exists"};
    place = {i.surroundings.working_folder == "/" ? "/.writ" : i.surroundings.working_folder + "/.writ", Origin::found};
    if (is_there(place.folder)) {
      WRIT_TRY(place, find_store(i.surroundings, {}));  // refuses one that somebody else put here
    }
  }
  const Newness newness = is_there(place.folder + store_file) ? Newness::existed : Newness::created;
  WRIT_TRY(runtime::Options options, options_for(i, place));
  options.access = newness == Newness::existed ? runtime::Access::write : runtime::Access::create;
  WRIT_CHECK(make_folders(parent_of(place.folder)));
  WRIT_TRY(auto opened, runtime::Runtime::open(options));
  return std::pair(OpenedStore{std::move(place), std::move(opened)}, newness);
}

Result<TaskId> find_task(runtime::Runtime& runtime, const std::string& text) {
  auto found = runtime.find_task(text);
  if (!found && found.error().code == Code::unavailable) {
    Error e = std::move(found).error();
    e.code = Code::invalid;
    return e;
  }
  return found;
}

}  // namespace writ::cli
