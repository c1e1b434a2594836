#include "writ/guest/wasm/improve.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "writ/base/escape.h"
#include "writ/base/file.h"

namespace writ::guest::wasm {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view waiting = ".waiting", lock_name = "improving.lock", in_vain = "in-vain-";
constexpr int lowest_priority = 19;
// ioprio_set(2). <linux/ioprio.h> of Linux 6.1.192 is not C++: it names a parameter `class`.
constexpr int io_of_process = 1, io_class_shift = 13, io_class_idle = 3;

std::vector<fs::path> queue(const std::string& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;  // a folder that cannot be read has no queue
  for (fs::directory_iterator i(folder, ignored), end; i != end; i.increment(ignored))
    if (i->path().extension() == waiting) found.push_back(i->path());
  return found;
}

}  // namespace

void yield_to_everybody() {
  (void)::setpriority(PRIO_PROCESS, 0, lowest_priority);
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_IDLE, &none);
  (void)::syscall(SYS_ioprio_set, io_of_process, 0, io_class_idle << io_class_shift);
}

Result<Fd> Improvements::lock() const {
  const std::string path = file(lock_name);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return system_error(errno, "cannot open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return Fd();
  return system_error(errno, "cannot lock", path);
}

bool Improvements::idle() const {
  const auto mine = lock();
  return mine && *mine;
}

Result<Improvements::Answer> Improvements::want(BytesView code) {
  WRIT_TRY(const Toolchain best, foundry_.toolchain(Tier::best));
  const Sha256 key = Foundry::key(best, sha256(code));
  std::error_code ignored;
  if (fs::exists(foundry_.cache().path(key), ignored) || foundry_.cache().find_note(std::string(in_vain) + key.hex()))
    return Answer::not_needed;
  if (queue(foundry_.cache().folder()).size() >= most_waiting) return Answer::no_room;
  WRIT_CHECK(replace_file(file(key.hex() + std::string(waiting)), as_text(code), 0600, Survives::crash));
  return Answer::waits;
}

// The oldest first. Whoever removes the name has the module, and only regular files of ours come into question.
Result<std::optional<Bytes>> Improvements::take() const {
  auto entries = queue(foundry_.cache().folder());
  std::error_code ignored;
  std::ranges::sort(entries, {}, [&](const fs::path& p) { return fs::last_write_time(p, ignored); });
  for (const fs::path& p : entries) {
    const Fd fd(::open(p.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    const bool regular = fd && fs::is_regular_file(fs::symlink_status(p, ignored));
    auto code = regular ? read_file("/proc/self/fd/" + std::to_string(fd.get()), module_size_max)
                        : Result<std::string>(invalid("no regular file", p.string()));
    fs::remove_all(p, ignored);
    if (code) return to_bytes(*code);
  }
  return std::nullopt;
}

// Whether an image was made. What a module is to blame for is noted; what the machine lacks is an error.
Result<bool> Improvements::improve(BytesView code) {
  WRIT_TRY(const Toolchain best, foundry_.toolchain(Tier::best));
  const Sha256 key = Foundry::key(best, sha256(code));
  WRIT_TRY(const auto kept, foundry_.find(key));
  if (kept) return true;
  const auto module = parse_module(code);
  const auto made = module ? foundry_.make(code, *module, best, key) : Result<Bytes>(module.error());
  if (made) return true;
  if (made.error().code != Code::invalid && made.error().code != Code::exhausted && made.error().code != Code::unsupported)
    return made.error();
  WRIT_CHECK(foundry_.cache().keep_note(std::string(in_vain) + key.hex(), escape_for_terminal(made.error().text())));
  return false;
}

Result<Improvements::Worked> Improvements::work(const std::function<bool()>& stop) {
  Worked worked;
  while (!stop()) {
    WRIT_TRY(Fd mine, lock());
    if (!mine) return worked;
    for (;;) {
      WRIT_TRY(const auto code, take());
      if (!code) break;
      WRIT_TRY(const bool made, improve(*code));
      ++(made ? worked.made : worked.failed);
      if (stop()) return worked;
    }
    mine.reset();
    // Whoever came meanwhile found the lock taken and went away.
    if (queue(foundry_.cache().folder()).empty()) return worked;
  }
  return worked;
}

}  // namespace writ::guest::wasm
