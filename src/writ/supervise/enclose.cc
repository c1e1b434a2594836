#include "writ/supervise/enclose.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "writ/supervise/enclose_steps.h"
#include "writ/supervise/lock.h"

namespace writ::supervise {
namespace {

constexpr int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr int patience_of_a_kill = 2000;  // milliseconds, for the bare first process to end its group

struct Pair {
  Fd ours, theirs;
};

Result<Pair> make_pair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error(errno, "cannot create a socket", {});
  return Pair{Fd(ends[0]), Fd(ends[1])};
}

int flags_of(Way way) {
  switch (way) {
    case Way::root: return spaces;
    case Way::user: return spaces | CLONE_NEWUSER;
    case Way::bare: return 0;
  }
  std::unreachable();
}

// A child as fork makes it. One that was cloned into its control group has none left to enter; clone3 is refused in some containers.
pid_t make_child(int flags, const ControlGroup*& to_enter, int& pidfd) {
  if (const ControlGroup* group = to_enter; group != nullptr && group->folder() >= 0) {
    clone_args how{};
    how.flags = static_cast<std::uint64_t>(flags) | CLONE_PIDFD | CLONE_INTO_CGROUP;
    how.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    how.exit_signal = SIGCHLD;
    how.cgroup = static_cast<std::uint64_t>(group->folder());
    to_enter = nullptr;
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
    if (pid >= 0 || errno != ENOSYS) return pid;
    to_enter = group;
  }
  return static_cast<pid_t>(::syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
}

}  // namespace

Enclosed::Enclosed(Enclosed&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)), report_(std::move(other.report_)), way_(other.way_) {}

Enclosed::~Enclosed() {
  if (pid_ < 0) return;
  kill();
  (void)wait();
}

void Enclosed::kill() {
  if (pid_ < 0) return;
  if (way_ == Way::bare) {
    ::kill(pid_, SIGTERM);
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (::poll(&ended, 1, patience_of_a_kill) == 1) return;
  }
  ::kill(pid_, SIGKILL);
}

EnclosedEnd Enclosed::wait() {
  EnclosedEnd end{true, SIGKILL, {}, 0};
  if (pid_ < 0) return end;
  struct rusage usage {};
  while (::wait4(pid_, nullptr, 0, &usage) < 0 && errno == EINTR) {}
  pid_ = -1;
  const auto time = [](const timeval& t) { return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec); };
  cpu_ = time(usage.ru_utime) + time(usage.ru_stime);
  peak_ = ByteCount(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
  for (Told told; ::recv(report_.get(), &told, sizeof told, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof told);) {
    if (told.what == Told::What::failed) {
      told.step[sizeof told.step - 1] = 0;
      end.failed = told.step;
      end.number = told.number;
    }
    if (told.what == Told::What::ended) {
      end.signalled = WIFSIGNALED(told.number);
      end.code = end.signalled ? WTERMSIG(told.number) : WEXITSTATUS(told.number);
    }
  }
  return end;
}

Result<Fd> Enclosed::take_listener() {
  // It comes before the word that the program was started, or never.
  for (;;) {
    Told told;
    iovec data{&told, sizeof told};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(report_.get(), &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n != static_cast<ssize_t>(sizeof told)) return Error{Code::unavailable, "the program was not started", {}, {}};
    if (told.what == Told::What::failed) return system_error(told.number, "cannot start the program", told.step);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (told.what != Told::What::listener || header == nullptr) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return Fd(fd);
  }
}

Result<Enclosed> enclose(const Enclosure& e, const ControlGroup* group) {
  if (is_locked())
    return Error{Code::unsupported, "this process has locked itself, and programs that it starts would be locked as well", "run an executable",
                 "start executables from a process that is not locked"};
  WRIT_TRY(const Steps steps, plan(e));
  WRIT_TRY(Pair report, make_pair(SOCK_SEQPACKET));
  WRIT_TRY(Pair go, make_pair(SOCK_STREAM));
  ChildSide side{e, steps, report.theirs.get(), go.theirs.get(), group};
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = make_child(flags_of(e.way), side.to_enter, pidfd);
  if (pid == 0) run_first_process(side);
  const int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return system_error(number, "cannot make a fence of processes", e.way == Way::bare ? "clone" : "namespaces");
  Enclosed enclosed(pid, Fd(pidfd), std::move(report.ours), e.way);
  const char word = 1;
  if (::write(go.ours.get(), &word, 1) != 1) return system_error(errno, "cannot start what was made", e.program);
  return enclosed;
}

}  // namespace writ::supervise
