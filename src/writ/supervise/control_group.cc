#include "writ/supervise/control_group.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/random.h"

namespace writ::supervise {
namespace {

constexpr std::string_view prefix = "writ-";
constexpr int tries = 8;
constexpr ByteCount longest_file = 4 * MiB;  // /proc/self/mountinfo of a machine with many mounts

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(by), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool has_word(std::string_view list, std::string_view word, char by) {
  const auto words = split(list, by);
  return std::ranges::find(words, word) != words.end();
}

// What a version of the interface calls its two controllers' folders: where it is mounted, joined with where we are in it.
struct Own {
  std::string folder;     // of this process
  std::string mount;
};

std::optional<Own> find_own(std::string_view mounts, std::string_view groups, std::string_view controller) {
  std::optional<Own> own;
  for (const auto line : split(mounts, '\n')) {
    const auto words = split(line, ' ');
    const auto dash = std::ranges::find(words, std::string_view("-"));
    if (words.size() < 5 || words.end() - dash < 4) continue;
    const std::string_view type = dash[1], options = dash[3], root = words[3], at = words[4];
    if (controller.empty() ? type != "cgroup2" : type != "cgroup" || !has_word(options, controller, ',')) continue;
    for (const auto group : split(groups, '\n')) {  // "4:memory:/path", "0::/path"
      const auto first = group.find(':'), second = group.find(':', first + 1);
      if (second == group.npos) continue;
      const auto names = group.substr(first + 1, second - first - 1);
      if (controller.empty() ? !names.empty() : !has_word(names, controller, ',')) continue;
      std::string_view path = group.substr(second + 1);
      if (root != "/" && path.starts_with(root)) path.remove_prefix(root.size());
      own = Own{std::string(at) + (path == "/" ? "" : std::string(path)), std::string(at)};
    }
  }
  return own;
}

bool write_value(const std::string& path, std::string_view value) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string read_value(const std::string& path) { return read_file(path, longest_file).value_or(std::string()); }

std::uint64_t number_after(std::string_view text, std::string_view name) {
  for (const auto line : split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    std::uint64_t value = 0;
    std::from_chars(line.data() + name.size() + 1, line.data() + line.size(), value);
    return value;
  }
  return 0;
}

std::string fresh_name() {
  std::array<std::byte, 8> random;
  fill_random(random);
  std::string name(prefix);
  for (const std::byte b : random)
    for (const int shift : {4, 0}) name += "0123456789abcdef"[(static_cast<unsigned>(b) >> shift) & 15];
  return name;
}

Fd open_folder(const std::string& folder) { return Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)); }

// A group whose maker was killed stays. Those that nobody holds are removed, unless there is still a process in them.
void sweep(const std::string& in) {
  std::error_code failed;
  for (std::filesystem::directory_iterator i(in, failed), end; !failed && i != end; i.increment(failed)) {
    const std::string name = i->path().filename();
    if (name.size() != fresh_name().size() || !name.starts_with(prefix)) continue;
    const Fd fd = open_folder(i->path());
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::rmdir(i->path().c_str());
  }
}

// Held as long as the descriptor is open.
std::string make_folder(const std::string& in, const std::string& name, std::vector<Fd>& held) {
  sweep(in);
  std::string folder = in + "/" + name;
  for (int i = 0; i < tries; ++i) {
    if (::mkdir(folder.c_str(), 0755) != 0) return {};
    Fd fd = open_folder(folder);
    struct stat there {};
    if (fd && ::flock(fd.get(), LOCK_SH) == 0 && ::stat(folder.c_str(), &there) == 0) {
      held.push_back(std::move(fd));
      return folder;
    }  // else somebody swept it away in between
  }
  return {};
}

void remove(const std::string& folder) {
  // Its last processes may still be on their way out.
  for (int i = 0; i < 50 && !folder.empty() && ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

ControlGroup::ControlGroup(ControlGroup&& other) noexcept
    : version_(other.version_), memory_(std::exchange(other.memory_, {})), processes_(std::exchange(other.processes_, {})),
      held_(std::move(other.held_)), entrances_(std::move(other.entrances_)) {}

ControlGroup::~ControlGroup() {
  remove(memory_);
  if (processes_ != memory_) remove(processes_);
}

ControlGroup ControlGroup::make(const Wanted& wanted) {
  ControlGroup g = make_folders(wanted);
  for (const std::string* folder : {&g.memory_, g.processes_ == g.memory_ ? nullptr : &g.processes_})
    if (folder != nullptr && !folder->empty())  // of version 1 `tasks`, which takes one thread: no other has to hold still
      g.entrances_.emplace_back(::open((*folder + (g.version_ == Version::two ? "/cgroup.procs" : "/tasks")).c_str(), O_WRONLY | O_CLOEXEC));
  return g;
}

ControlGroup ControlGroup::make_folders(const Wanted& wanted) {
  ControlGroup g;
  const std::string mounts = read_value("/proc/self/mountinfo"), groups = read_value("/proc/self/cgroup"), name = fresh_name();
  const std::string bytes = std::to_string(wanted.memory.value()), count = std::to_string(wanted.processes);
  // Version 2: beside ourselves, where somebody has let the controllers through. A group with processes has no groups in it.
  if (const auto own = find_own(mounts, groups, {})) {
    const std::string above = own->folder == own->mount ? own->folder : own->folder.substr(0, own->folder.rfind('/'));
    const std::string offered = read_value(above + "/cgroup.subtree_control");
    const std::string flat(offered.substr(0, offered.find('\n')));
    if (has_word(flat, "memory", ' ') && has_word(flat, "pids", ' '))
      if (const auto folder = make_folder(above, name, g.held_); !folder.empty()) {
        if (write_value(folder + "/memory.max", bytes) && write_value(folder + "/pids.max", count)) {
          (void)write_value(folder + "/memory.swap.max", "0");
          g.version_ = Version::two;
          g.memory_ = g.processes_ = folder;
          return g;
        }
        remove(folder);
      }
  }
  if (const auto own = find_own(mounts, groups, "memory"))
    if (const auto folder = make_folder(own->folder, name, g.held_); !folder.empty()) {
      if (write_value(folder + "/memory.limit_in_bytes", bytes)) {
        (void)write_value(folder + "/memory.memsw.limit_in_bytes", bytes);
        g.memory_ = folder;
      } else {
        remove(folder);
      }
    }
  if (const auto own = find_own(mounts, groups, "pids"))
    if (const auto folder = make_folder(own->folder, name, g.held_); !folder.empty()) {
      if (write_value(folder + "/pids.max", count)) g.processes_ = folder;
      else remove(folder);
    }
  return g;
}

bool ControlGroup::enter() const {
  return std::ranges::all_of(entrances_, [](const Fd& fd) { return ::write(fd.get(), "0", 1) == 1; });
}

bool ControlGroup::ran_out_of_memory() const {
  if (memory_.empty()) return false;
  return number_after(read_value(memory_ + (version_ == Version::two ? "/memory.events" : "/memory.oom_control")), "oom_kill") > 0;
}

ByteCount ControlGroup::peak_memory() const {
  if (memory_.empty()) return {};
  const std::string text = read_value(memory_ + (version_ == Version::two ? "/memory.peak" : "/memory.max_usage_in_bytes"));
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return ByteCount(value);
}

}  // namespace writ::supervise
