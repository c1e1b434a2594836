#include "writ/supervise/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "writ/base/fd.h"
#include "writ/supervise/detach.h"
#include "writ/supervise/landlock.h"
#include "writ/supervise/spawn.h"

namespace writ::supervise {

const char* name(Limit l) {
  switch (l) {
    case Limit::none: return "none";
    case Limit::wall: return "wall time";
    case Limit::cpu: return "processor time";
    case Limit::file_size: return "file size";
    case Limit::output: return "output";
    case Limit::stopped: return "the patience of who asked for it";
  }
  std::unreachable();
}

std::string Finished::ended() const {
  switch (ending) {
    case Ending::exited: return "exited with status " + std::to_string(code);
    case Ending::signalled: return "was killed by signal " + std::to_string(code);
    case Ending::limited: return std::string("was ended by its limit of ") + name(limit);
  }
  std::unreachable();
}

namespace {

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return system_error(errno, "cannot create a pipe", {});
  Pipe p{Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(p.write.get(), F_SETFL, 0) != 0) return system_error(errno, "cannot set up a pipe", {});  // the child may block
  return p;
}

// A descriptor that is none of 0, 1, 2: the child puts its own there.
Result<Fd> above_standard(Fd fd) {
  if (fd.get() > 2) return fd;
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!moved) return system_error(errno, "cannot duplicate a descriptor", {});
  return moved;
}

// The input lies in a memory file, so that nobody has to feed a pipe.
Result<Fd> make_input(const Command& c) {
  if (!c.input) {
    Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing) return system_error(errno, "cannot open", "/dev/null");
    return above_standard(std::move(nothing));
  }
  Fd fd(::memfd_create("input", MFD_CLOEXEC));
  if (!fd) return system_error(errno, "cannot create a memory file", c.program);
  for (std::string_view rest = *c.input; !rest.empty();) {
    const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot write the input", c.program);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return system_error(errno, "cannot rewind the input", c.program);
  return above_standard(std::move(fd));
}

std::vector<char*> pointers(const std::vector<std::string>& strings, const std::string* first) {
  std::vector<char*> v;
  if (first != nullptr) v.push_back(const_cast<char*>(first->c_str()));
  for (const auto& s : strings) v.push_back(const_cast<char*>(s.c_str()));
  v.push_back(nullptr);
  return v;
}

enum class Stream : std::uint8_t { open, ended, full };

// Takes what is there now.
Stream drain(int fd, std::string& into, std::size_t limit) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Stream::open;
    if (n == 0) return Stream::ended;
    const std::size_t room = limit - into.size();
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(n)));
    if (static_cast<std::size_t>(n) > room) return Stream::full;
  }
}

// Until the child has ended, or the answer names the limit that must end it.
Limit watch(const Spawned& child, int output, int errors, int stop, Nanoseconds deadline, std::size_t output_limit, Finished& f) {
  std::array<pollfd, 4> polled{{{child.pidfd.get(), POLLIN, 0}, {output, POLLIN, 0}, {errors, POLLIN, 0}, {stop, POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&f.output, &f.errors};
  for (;;) {
    const Nanoseconds left = deadline - system_clock().monotonic();
    if (left.count() <= 0) return Limit::wall;
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0) continue;  // EINTR
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (polled[i + 1].revents == 0) continue;
      const Stream s = drain(polled[i + 1].fd, *texts[i], output_limit);
      if (s == Stream::full) return Limit::output;
      if (s == Stream::ended) polled[i + 1].fd = -1;
    }
    if (polled[0].revents != 0) return Limit::none;
    if (polled[3].revents != 0) return Limit::stopped;
  }
}

// The leader is a zombie or will be one soon: its process id and group are still ours to name.
void reap(const Spawned& child, const Limits& limits, Finished& f) {
  ::kill(-child.pid, SIGKILL);
  int status = 0;
  struct rusage usage {};
  while (::wait4(child.pid, &status, 0, &usage) < 0 && errno == EINTR) {}
  const auto time = [](const timeval& t) { return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec); };
  f.cpu = time(usage.ru_utime) + time(usage.ru_stime);
  f.peak_memory = ByteCount(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
  if (f.ending == Ending::limited) return;
  f.ending = WIFEXITED(status) ? Ending::exited : Ending::signalled;
  f.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  if (f.ending != Ending::signalled) return;
  if (f.code == SIGXCPU || (f.code == SIGKILL && f.cpu >= limits.cpu)) f.limit = Limit::cpu;
  if (f.code == SIGXFSZ) f.limit = Limit::file_size;
  if (f.limit != Limit::none) f.ending = Ending::limited;
}

Result<void> check(const Command& c) {
  if (!c.program.starts_with('/')) return invalid("the program's path must be absolute", c.program);
  if (!c.folder.starts_with('/')) return invalid("the working folder's path must be absolute", c.folder);
  for (const auto* list : {&c.arguments, &c.environment})
    for (const auto& s : *list)
      if (s.find('\0') != s.npos) return invalid("an argument or variable holds a zero byte", c.program);
  return {};
}

}  // namespace

Result<Finished> run(const Command& c) {
  WRIT_CHECK(check(c));
  WRIT_TRY(Fd input, make_input(c));
  WRIT_TRY(Pipe output, make_pipe());
  WRIT_TRY(Pipe errors, make_pipe());
  WRIT_TRY(output.write, above_standard(std::move(output.write)));
  WRIT_TRY(errors.write, above_standard(std::move(errors.write)));
  WRIT_TRY(Ruleset ruleset, make_ruleset(c.confinement));
  if (ruleset.fd) { WRIT_TRY(ruleset.fd, above_standard(std::move(ruleset.fd))); }
  const auto arguments = pointers(c.arguments, &c.program), environment = pointers(c.environment, nullptr);
  const Nanoseconds start = system_clock().monotonic();
  WRIT_TRY(const Spawned child, spawn({c.program.c_str(), arguments.data(), environment.data(), c.folder.c_str(), input.get(),
                                       output.write.get(), errors.write.get(), ruleset.fd.get(), c.limits}, c));
  output.write.reset();
  errors.write.reset();
  Finished f;
  f.held = {ruleset.fd ? ruleset.abi : 0, child.seccomp, child.user_namespace};
  f.limit = watch(child, output.read.get(), errors.read.get(), c.stop, start + c.limits.wall, c.limits.output.value(), f);
  if (f.limit != Limit::none) f.ending = Ending::limited;
  reap(child, c.limits, f);
  f.wall = system_clock().monotonic() - start;
  // What the program wrote before it ended may still lie in the pipes.
  if (f.limit != Limit::output) {
    const auto size = c.limits.output.value();
    const bool full = drain(output.read.get(), f.output, size) == Stream::full || drain(errors.read.get(), f.errors, size) == Stream::full;
    if (full && f.ending == Ending::exited) f.ending = Ending::limited, f.limit = Limit::output;
  }
  return f;
}

Result<void> detach(const Command& c) {
  WRIT_CHECK(check(c));
  Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return system_error(errno, "cannot open", "/dev/null");
  WRIT_TRY(nothing, above_standard(std::move(nothing)));
  WRIT_TRY(Ruleset ruleset, make_ruleset(c.confinement));
  if (ruleset.fd) { WRIT_TRY(ruleset.fd, above_standard(std::move(ruleset.fd))); }
  const auto arguments = pointers(c.arguments, &c.program), environment = pointers(c.environment, nullptr);
  const auto started = spawn({c.program.c_str(), arguments.data(), environment.data(), c.folder.c_str(), nothing.get(),
                                         nothing.get(), nothing.get(), ruleset.fd.get(), c.limits, Tie::detached}, c);
  if (!started) return started.error();
  return {};
}

}  // namespace writ::supervise
