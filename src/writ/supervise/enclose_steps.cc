#include "writ/supervise/enclose_steps.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "writ/supervise/task_filter.h"

namespace writ::supervise {
namespace {

constexpr std::uint64_t most_private_names = 200'000;

bool lies_below(std::string_view path, std::string_view folder) {
  return folder == "/" || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

class Planner {
 public:
  explicit Planner(const Enclosure& e) : e_(e), places_(e.places) {
    std::ranges::stable_sort(places_, {}, &Place::at);
  }

  Result<Steps> run() {
    if (e_.way != Way::bare) WRIT_CHECK(plan_tree());
    for (const auto& p : e_.listable) s_.rules.push_back({keep(p), Rule::Access::list});
    for (const auto& p : e_.readable) s_.rules.push_back({keep(p), Rule::Access::read});
    for (const auto& p : e_.writable) s_.rules.push_back({keep(p), Rule::Access::write});
    for (const auto& p : e_.devices) s_.rules.push_back({keep(p), Rule::Access::device});
    s_.arguments = pointers(e_.arguments);
    s_.environment = pointers(e_.environment);
    s_.filter = make_task_filter(e_);
    s_.program = e_.program;
    s_.folder = e_.folder;
    const auto one = [](unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; };
    s_.identity_map = one(::geteuid());
    s_.group_map = one(::getegid());
    s_.tree_size = std::to_string(e_.limits.memory_files.value());
    s_.tree_nodes = std::to_string(most_private_names);
    return std::move(s_);
  }

 private:
  const char* keep(std::string text) { return s_.texts.emplace_back(std::move(text)).c_str(); }

  std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (const auto& s : strings) list.push_back(s_.texts.emplace_back(s).data());
    list.push_back(nullptr);
    return list;
  }

  // Mounts are taken from the host's tree before that is left, and put into the new one when it is there.
  Result<void> plan_tree() {
    for (const auto& p : places_) {
      if (!p.at.starts_with('/') || p.at.size() < 2 || p.at.find("/../") != p.at.npos || p.at.ends_with('/'))
        return invalid("not a place for a mount", p.at);
      if (p.at.find('\0') != p.at.npos || p.source.find('\0') != p.source.npos) return invalid("a path holds a zero byte", p.at);
    }
    std::vector<int> fetched(places_.size(), -1);
    for (std::size_t i = 0; i < places_.size(); ++i) fetched[i] = fetch(places_[i]);
    const int processes = add({.what = Step::What::fetch_processes, .may_fail = true});
    add({.what = Step::What::enter_tree});
    add_folder("/proc", 0555);
    add({.what = Step::What::show, .path = "/proc", .from = processes, .may_fail = true});
    mounted_.emplace_back("/proc");
    add({.what = Step::What::make_folder, .path = "/.sealed", .mode = 0700});
    for (std::size_t i = 0; i < places_.size(); ++i) put(places_[i], fetched[i]);
    return {};
  }

  int add(Step step) {
    s_.list.push_back(step);
    return static_cast<int>(s_.list.size()) - 1;
  }

  int fetch(const Place& p) {
    using What = Place::What;
    const bool may = p.need == Place::Need::may;
    constexpr std::uint64_t plain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    const std::uint64_t own = plain | (p.still == Place::Still::yes ? MOUNT_ATTR_RDONLY : 0);
    switch (p.what) {
      case What::shown: return add({.what = Step::What::fetch, .source = keep(p.source), .attributes = plain | MOUNT_ATTR_RDONLY, .may_fail = may});
      case What::device:
        return add({.what = Step::What::fetch, .source = keep(p.source), .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .may_fail = may});
      case What::open: return add({.what = Step::What::fetch, .source = keep(p.source), .attributes = own, .may_fail = may});
      case What::layered:
        return add({.what = Step::What::fetch_layers, .source = keep(p.at), .settings = settings_of(p.source), .attributes = own});
      case What::folder: case What::text: case What::sealed: case What::link: case What::masked: return -1;
    }
    std::unreachable();
  }

  // "lowerdir=/a\\,b,index=off,userxattr": fsconfig(2) takes each by itself, and undoes the escapes of paths.
  std::vector<std::pair<const char*, const char*>> settings_of(std::string_view options) {
    std::vector<std::pair<const char*, const char*>> list;
    while (!options.empty()) {
      std::size_t end = 0;
      while (end < options.size() && options[end] != ',') end += options[end] == '\\' ? 2 : 1;
      const auto option = options.substr(0, end);
      const auto equals = option.find('=');
      list.emplace_back(keep(std::string(option.substr(0, equals))),
                        equals == option.npos ? nullptr : keep(std::string(option.substr(equals + 1))));
      options.remove_prefix(std::min(end + 1, options.size()));
    }
    return list;
  }

  // Below something of the host nothing is made: what is to be covered must be there.
  bool is_private(std::string_view path) const {
    return std::ranges::none_of(mounted_, [&](const std::string& m) { return lies_below(path, m); });
  }

  void add_folder(const std::string& path, std::uint32_t mode) {
    for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) make(path.substr(0, slash), 0755);
    make(path, mode);
  }
  void make(const std::string& path, std::uint32_t mode) {
    if (!is_private(path) || !made_.insert(path).second) return;
    add({.what = Step::What::make_folder, .path = keep(path), .mode = mode});
  }
  void add_parents(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash > 0) add_folder(path.substr(0, slash), 0755);
  }

  void put(const Place& p, int fetched) {
    using What = Place::What;
    add_parents(p.at);
    const char* at = keep(p.at);
    switch (p.what) {
      case What::folder: add_folder(p.at, p.mode); return;
      case What::text:
        add({.what = Step::What::make_file, .path = at, .source = keep(p.source), .size = p.source.size(), .mode = p.mode});
        return;
      case What::link: add({.what = Step::What::make_link, .path = at, .source = keep(p.source)}); return;
      case What::masked: add({.what = Step::What::mask, .path = at}); return;
      case What::sealed: {
        const char* kept = keep("/.sealed/" + std::to_string(s_.list.size()));
        add({.what = Step::What::make_file, .path = kept, .source = keep(p.source), .size = p.source.size(), .mode = p.mode});
        constexpr std::uint64_t still = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY;
        const int from = add({.what = Step::What::fetch_file, .source = kept, .attributes = still});
        add({.what = Step::What::show, .path = at, .mode = is_private(p.at) ? 1u : 0u, .from = from});
        break;
      }
      case What::shown: case What::device: case What::open: case What::layered:
        add({.what = Step::What::show, .path = at, .mode = is_private(p.at) ? 1u : 0u, .from = fetched, .may_fail = p.need == Place::Need::may});
        break;
    }
    mounted_.push_back(p.at);
  }

  const Enclosure& e_;
  std::vector<Place> places_;
  Steps s_;
  std::vector<std::string> mounted_;
  std::set<std::string> made_;
};

}  // namespace

Result<Steps> plan(const Enclosure& e) {
  if (e.arguments.empty() || !e.program.starts_with('/')) return invalid("an enclosed program has an absolute path and a name", e.program);
  for (const auto* list : {&e.arguments, &e.environment})
    for (const auto& s : *list)
      if (s.find('\0') != s.npos) return invalid("an argument or variable holds a zero byte", e.program);
  return Planner(e).run();
}

}  // namespace writ::supervise
