#include "writ/gate/session.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "writ/base/random.h"
#include "writ/store/object.h"

namespace writ::gate {

using effect::Kind;

namespace {

// Unlike what could not be read just now, which has no number or another one.
Error absent(std::string what, std::string_view path) { return {Code::unavailable, std::move(what), std::string(path), {}, ENOENT}; }

}  // namespace

Session::Session(Setup setup)
    : setup_(std::move(setup)),
      monitor_(setup_.capabilities, setup_.journal, setup_.effect_limit, setup_.on_denial, setup_.policing),
      shadow_(setup_.snapshot),
      ambient_(setup_.admitted, setup_.seed) {}

Session::~Session() = default;

// --- state -------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<OpenObject>> Session::open_object(std::string_view path, effect::Access access, Creation creation) {
  WRIT_CHECK(store::check_object_path(path));
  std::optional<effect::Authorized> read, write;
  if (access != effect::Access::write) {
    WRIT_TRY(auto key, monitor_.perform({Kind::state_read, std::string(path), 0, 0}));
    read = std::move(key);
  }
  if (access != effect::Access::read) {
    WRIT_TRY(auto key, monitor_.perform({Kind::state_write, std::string(path), 0, 0}));
    write = std::move(key);
  }
  WRIT_TRY(const bool there, shadow_.exists(path));
  if (!there && creation == Creation::must_exist) return absent("no such object", path);
  if (there && creation == Creation::must_create) return Error{Code::conflict, "the object exists", std::string(path), {}};
  if (!there) {
    if (!write) return absent("no such object", path);
    WRIT_CHECK(shadow_.edit(path, 0));
  }
  return std::unique_ptr<OpenObject>(new OpenObject(*this, std::string(path), std::move(read), std::move(write)));
}

Result<StateEntry> Session::stat_object(std::string_view path) {
  if (path.empty()) return StateEntry{{}, effect::FileType::directory, 0};
  WRIT_CHECK(store::check_object_path(path));
  // Whoever may read anything below a folder may know that the folder is there.
  if (setup_.capabilities.covers_below(Kind::state_read, path)) {
    WRIT_TRY(const bool below, shadow_.any_below(std::string(path) + "/"));
    if (below) {
      WRIT_CHECK(monitor_.note({Kind::state_read, std::string(path) + "/", 0, 0}));
      return StateEntry{std::string(path), effect::FileType::directory, 0};
    }
  }
  WRIT_CHECK(monitor_.perform({Kind::state_read, std::string(path), 0, 0}));
  WRIT_TRY(const auto* body, shadow_.find(path));
  if (body == nullptr) return absent("no such object", path);
  return StateEntry{std::string(path), effect::FileType::regular, body->size()};
}

Result<std::vector<StateEntry>> Session::list_objects(std::string_view folder) {
  const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
  if (!folder.empty()) WRIT_CHECK(store::check_object_path(folder));
  const bool may_see_part = setup_.capabilities.covers_below(Kind::state_read, folder);
  if (!may_see_part) WRIT_CHECK(monitor_.perform({Kind::state_read, prefix, 0, 0}));
  WRIT_TRY(const auto objects, shadow_.list(prefix));
  std::vector<StateEntry> entries;
  for (const auto& [path, size] : objects) {
    const auto rest = std::string_view(path).substr(prefix.size());
    const auto slash = rest.find('/');
    if (slash == rest.npos) {
      if (!monitor_.visible({Kind::state_read, path, 0, 0})) continue;
      entries.push_back({std::string(rest), effect::FileType::regular, size});
    } else if (const auto name = rest.substr(0, slash); entries.empty() || entries.back().name != name) {
      if (!setup_.capabilities.covers_below(Kind::state_read, prefix + std::string(name))) continue;
      entries.push_back({std::string(name), effect::FileType::directory, 0});
    }
  }
  if (may_see_part) WRIT_CHECK(monitor_.note({Kind::state_read, prefix, 0, 0}));
  return entries;
}

Result<void> Session::remove_object(std::string_view path) {
  WRIT_CHECK(store::check_object_path(path));
  WRIT_CHECK(monitor_.perform({Kind::state_write, std::string(path), 0, 0}));
  return shadow_.remove(path);
}

Result<void> Session::make_folder(std::string_view path) {
  WRIT_CHECK(store::check_object_path(path));
  if (setup_.capabilities.covers_below(Kind::state_write, path)) return {};
  WRIT_CHECK(monitor_.perform({Kind::state_write, std::string(path) + "/", 0, 0}));
  return {};
}

Result<void> Session::rename_object(std::string_view from, std::string_view to) {
  WRIT_CHECK(store::check_object_path(from));
  WRIT_CHECK(store::check_object_path(to));
  WRIT_CHECK(monitor_.perform({Kind::state_read, std::string(from), 0, 0}));
  WRIT_CHECK(monitor_.perform({Kind::state_write, std::string(from), 0, 0}));
  WRIT_TRY(const auto* body, shadow_.find(from));
  if (body == nullptr) return absent("no such object", from);
  WRIT_CHECK(monitor_.perform({Kind::state_write, std::string(to), body->size(), body->size()}));
  if (from == to) return {};
  std::string moved = *body;
  WRIT_CHECK(shadow_.replace(to, std::move(moved)));
  return shadow_.remove(from);
}

Result<std::size_t> OpenObject::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (!read_) return Error{Code::denied, "the object was opened for writing only", path_, {}};
  WRIT_TRY(const auto* body, session_.shadow_.find(path_));
  if (body == nullptr) return absent("the object was removed", path_);
  const std::size_t n = offset >= body->size() ? 0 : std::min<std::size_t>(out.size(), body->size() - offset);
  WRIT_CHECK(session_.monitor_.repeat(*read_, n, body->size()));
  std::copy_n(as_bytes(*body).begin() + static_cast<std::ptrdiff_t>(n == 0 ? 0 : offset), n, out.begin());
  return n;
}

// Everything that can refuse comes before the object changes.
Result<void> OpenObject::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (!write_) return Error{Code::denied, "the object was opened for reading only", path_, {}};
  const auto most = store::max_object_size.value();
  if (offset > most || bytes.size() > most - offset)
    return Error{Code::exhausted, "an object holds at most " + std::to_string(most) + " bytes", path_, {}};
  WRIT_TRY(const auto* before, session_.shadow_.find(path_));
  const auto end = std::max<std::uint64_t>(offset + bytes.size(), before == nullptr ? 0 : before->size());
  WRIT_CHECK(session_.monitor_.repeat(*write_, bytes.size(), end));
  WRIT_TRY(auto* body, session_.shadow_.edit(path_, end));
  std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(*body)).begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

Result<void> OpenObject::truncate(std::uint64_t size) {
  if (!write_) return Error{Code::denied, "the object was opened for reading only", path_, {}};
  if (size > store::max_object_size.value())
    return Error{Code::exhausted, "an object holds at most " + std::to_string(store::max_object_size.value()) + " bytes", path_, {}};
  WRIT_CHECK(session_.monitor_.repeat(*write_, 0, size));
  if (size == 0) return session_.shadow_.replace(path_, {});  // what was there is not even looked at
  WRIT_CHECK(session_.shadow_.edit(path_, size));
  return {};
}

Result<std::uint64_t> OpenObject::size() const {
  WRIT_TRY(const auto* body, session_.shadow_.find(path_));
  if (body == nullptr) return absent("the object was removed", path_);
  return body->size();
}

// --- of one's own ------------------------------------------------------------------------------------------------

Result<void> Session::perform_own(std::string_view text) {
  WRIT_TRY(auto own, effect::parse_own_effect(text));
  WRIT_CHECK(monitor_.perform({.kind = Kind::own, .resource = std::move(own.resource), .fields = std::move(own.fields)}));
  return {};
}

// --- ambient -----------------------------------------------------------------------------------------------------

std::vector<std::string> Session::nondeterminism() const {
  std::vector<std::string> reasons;
  for (const auto& e : setup_.journal.entries())
    if (e.refusal == effect::Refusal::none && (e.kind == Kind::clock_real || e.kind == Kind::random_real)) {
      const std::string reason(effect::name(e.kind));
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(reason);
    }
  if (setup_.policing != nullptr)
    reasons.insert(reasons.end(), setup_.policing->replacements().begin(), setup_.policing->replacements().end());
  return reasons;
}

const std::vector<std::string>& Session::environment() {
  if (environment_asked_) return environment_seen_;
  environment_asked_ = true;
  for (const auto& variable : setup_.environment) {
    const auto name = variable.substr(0, variable.find('='));
    // What was not granted is not there: asking for it is a lookup in the guest's own memory, so it cannot be recorded.
    if (!setup_.capabilities.decide({Kind::env, name, 0, 0}).allowed()) continue;
    if (monitor_.perform({Kind::env, name, variable.size(), variable.size()})) environment_seen_.push_back(variable);
  }
  return environment_seen_;
}

bool Session::granted(Kind kind) { return setup_.capabilities.decide({kind, {}, 0, 0}).allowed(); }

WallTime Session::wall_time() {
  return granted(Kind::clock_real) && monitor_.perform({Kind::clock_real, {}, 0, 0}) ? setup_.clock.wall() : ambient_.wall();
}

Nanoseconds Session::monotonic_time() {
  return granted(Kind::clock_real) && monitor_.perform({Kind::clock_real, {}, 0, 0}) ? setup_.clock.monotonic()
                                                                                    : ambient_.monotonic();
}

void Session::sleep_virtual(Nanoseconds n) { ambient_.advance(n); }

bool Session::sleep_really(const std::function<bool()>& wait) {
  if (!granted(Kind::clock_real)) return false;
  const auto begun = monitor_.begin({Kind::clock_real, {}, 0, 0}, setup_.clock.monotonic());
  if (!begun) return false;
  const bool ended = wait();
  monitor_.end(*begun, ended ? effect::Ending::done : effect::Ending::failed, setup_.clock.monotonic());
  return true;
}

bool Session::real_clock() { return granted(Kind::clock_real); }

void Session::fill_random(std::span<std::byte> out) {
  if (granted(Kind::random_real) && monitor_.perform({Kind::random_real, {}, out.size(), 0})) writ::fill_random(out);
  else ambient_.fill_random(out);
}

}  // namespace writ::gate
