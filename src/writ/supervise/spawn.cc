#include "writ/supervise/spawn.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "writ/supervise/filter.h"

namespace writ::supervise {
namespace {

constexpr std::size_t stack_size = 64 * 1024;  // of the child until its exec
constexpr int niceness = 5;                    // the user's own programs come first
constexpr int niceness_last = 19;              // and for what nobody waits for, everybody's
constexpr int exit_not_started = 127;

struct Shared {
  const Spawn& spawn;
  pid_t parent;
  const char* failed = nullptr;  // the step, written by the child
  int number = 0;                // its errno
  bool seccomp = false;
  std::byte* second_stack = nullptr;  // its top, of the child's child
};

// Ends the child. Not declared so, because a sanitizer looks at the stack before calls that do not return, and the child's
// is none that it knows.
void leave() { ::syscall(SYS_exit_group, exit_not_started); }

void give_up(Shared& s, const char* step) {
  s.number = errno;
  s.failed = step;
  leave();
}

void default_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < _NSIG; ++signal) ::sigaction(signal, &standard, nullptr);  // fails for KILL and STOP
}

void limit(Shared& s, __rlimit_resource what, std::uint64_t soft, std::uint64_t hard) {
  struct rlimit r {};
  if (::getrlimit(what, &r) != 0) give_up(s, "getrlimit");
  r.rlim_max = hard < r.rlim_max ? hard : r.rlim_max;
  r.rlim_cur = soft < r.rlim_max ? soft : r.rlim_max;
  if (::setrlimit(what, &r) != 0) give_up(s, "setrlimit");
}

void set_limits(Shared& s) {
  const Limits& l = s.spawn.limits;
  const auto seconds = static_cast<std::uint64_t>((l.cpu.count() + 999'999'999) / 1'000'000'000);
  limit(s, RLIMIT_CPU, seconds, seconds + 1);  // SIGXCPU says why; a program that ignores it is killed a second later
  limit(s, RLIMIT_AS, l.address_space.value(), l.address_space.value());
  limit(s, RLIMIT_FSIZE, l.file_size.value(), l.file_size.value());
  limit(s, RLIMIT_NOFILE, l.open_files, l.open_files);
  limit(s, RLIMIT_CORE, 0, 0);
  limit(s, RLIMIT_MEMLOCK, 0, 0);
}

void install_filter(Shared& s) {
  Filter filter = make_filter(s.spawn.limits.processes, static_cast<pid_t>(::syscall(SYS_getpid)));
  const sock_fprog program{filter.size, filter.code.data()};
  s.seccomp = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
  if (!s.seccomp && errno != ENOSYS && errno != EINVAL) give_up(s, "seccomp");
}

void place_descriptors(Shared& s) {
  const int wanted[] = {s.spawn.input, s.spawn.output, s.spawn.errors};
  for (int i = 0; i < 3; ++i)
    if (::dup2(wanted[i], i) < 0) give_up(s, "dup2");
  // Everything else goes at the exec: the ruleset is still needed, and nothing runs in between that could use them.
  if (::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < 65536; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // before Linux 5.11
}

// A user namespace leaves the child without capabilities once it executes. Where there is none (in a chroot, under Docker's
// default profile) root would keep all of its own: here it gives them up, and uid 0 earns none back at the exec.
void drop_capabilities(Shared& s) {
  (void)::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);  // refused to users, who have none
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) give_up(s, "drop capabilities");
}

// What both ties have in common, up to the program's own rights.
void prepare(Shared& s) {
  default_signals();
  place_descriptors(s);
  ::umask(077);
  if (::chdir(s.spawn.folder) != 0) give_up(s, "enter the working folder");
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, 0), wanted = s.spawn.tie == Tie::detached ? niceness_last : niceness;
  if (errno == 0 && now < wanted) (void)::setpriority(PRIO_PROCESS, 0, wanted);
  set_limits(s);
}

void execute(Shared& s) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(s.spawn.program, s.spawn.arguments, s.spawn.environment);
  give_up(s, "execute");
}

void confine(Shared& s) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(s, "no_new_privs");
  if (s.spawn.landlock >= 0 && ::syscall(SYS_landlock_restrict_self, s.spawn.landlock, 0) != 0) give_up(s, "landlock");
}

// Runs in the parent's memory, with the parent's calling thread asleep. Not instrumented: before a call that does not return
// the address sanitizer makes system calls of its own, for which the filter would kill the child without a word.
[[gnu::no_sanitize_address]] int child(void* argument) {
  Shared& s = *static_cast<Shared*>(argument);
  if (::setpgid(0, 0) != 0) give_up(s, "setpgid");
  prepare(s);
  drop_capabilities(s);
  confine(s);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) give_up(s, "parent death signal");
  if (::syscall(SYS_getppid) != s.parent) leave();  // it died before we asked to be told
  install_filter(s);
  execute(s);
  return exit_not_started;
}

// The child's child, whose parent ends at once: nobody has to wait for it.
[[gnu::no_sanitize_address]] int orphan(void* argument) {
  Shared& s = *static_cast<Shared*>(argument);
  prepare(s);
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_IDLE, &none);  // not every container allows it; the niceness stays
  ::alarm(static_cast<unsigned>(s.spawn.limits.wall.count() / 1'000'000'000));
  confine(s);
  execute(s);
  return exit_not_started;
}

[[gnu::no_sanitize_address]] int parent_of_orphan(void* argument) {
  Shared& s = *static_cast<Shared*>(argument);
  if (::setsid() < 0) give_up(s, "setsid");
  if (::clone(orphan, s.second_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &s) < 0) give_up(s, "create a process");
  leave();
  return exit_not_started;
}

Error not_started(const Shared& s, const Command& c) {
  if (std::string_view(s.failed) != "execute") return system_error(s.number, std::string("cannot start (") + s.failed + ")", c.program);
  Error e = system_error(s.number, "cannot execute", c.program);
  if (!c.package.empty()) e.hint = "install the Debian package " + c.package + ": apt-get install " + c.package;
  return e;
}

}  // namespace

Result<Spawned> spawn(const Spawn& what, const Command& named) {
  Shared shared{what, ::getpid()};
  const auto stack = std::make_unique_for_overwrite<std::byte[]>(2 * stack_size);
  void* top = stack.get() + stack_size;
  shared.second_stack = stack.get() + 2 * stack_size;
  const bool detached = what.tie == Tie::detached;
  // No handler of ours may run in the child, which shares our memory.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  constexpr int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  int pidfd = -1;
  Spawned r;
  if (!detached) r.pid = ::clone(child, top, flags | CLONE_NEWUSER, &shared, &pidfd);
  r.user_namespace = r.pid >= 0;
  if (r.pid < 0) r.pid = ::clone(detached ? parent_of_orphan : child, top, flags, &shared, &pidfd);  // no user namespaces here
  const int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (r.pid < 0) return system_error(number, "cannot create a process", named.program);
  r.pidfd = Fd(pidfd);
  r.seccomp = shared.seccomp;
  if (shared.failed == nullptr && !detached) return r;
  while (::waitpid(r.pid, nullptr, 0) < 0 && errno == EINTR) {}
  if (shared.failed == nullptr) return r;
  return not_started(shared, named);
}

}  // namespace writ::supervise
