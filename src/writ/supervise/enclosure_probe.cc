#include "writ/supervise/enclosure_probe.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "writ/base/fd.h"
#include "writ/supervise/control_group.h"
#include "writ/supervise/lock.h"

namespace writ::supervise {
namespace {

// How far the child came. Its exit status.
enum Came : int { all = 0, no_processes = 1, no_identity = 2, no_mounts = 3, no_tree = 4 };

struct Texts {
  std::string users, groups;
};

bool write_text(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  return fd >= 0 && ::write(fd, text, size) == static_cast<ssize_t>(size);
}

// System calls alone: the parent may have threads.
int try_out(Way way, const Texts& texts) {
  if (way == Way::user &&
      (!write_text("/proc/self/setgroups", "deny", 4) || !write_text("/proc/self/uid_map", texts.users.data(), texts.users.size()) ||
       !write_text("/proc/self/gid_map", texts.groups.data(), texts.groups.size())))
    return no_identity;
  struct mount_attr quiet {};
  quiet.propagation = MS_PRIVATE;
  if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &quiet, sizeof quiet) != 0) return no_mounts;
  const int processes = ::fsopen("proc", FSOPEN_CLOEXEC);
  const bool own = processes >= 0 && ::fsconfig(processes, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0 &&
                   ::fsmount(processes, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) >= 0;
  const int memory = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
  if (memory < 0 || ::fsconfig(memory, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return no_mounts;
  const int tree = ::fsmount(memory, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (tree < 0 || ::move_mount(tree, "", AT_FDCWD, "/usr", MOVE_MOUNT_F_EMPTY_PATH) != 0) return no_mounts;
  if (::fchdir(tree) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return no_tree;
  return own ? all : no_processes;
}

struct Tried {
  int came = no_tree;
  int refused = 0;  // errno of the namespaces
};

Tried try_way(Way way) {
  const auto one = [](unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; };
  const Texts texts{one(::geteuid()), one(::getegid())};
  constexpr int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  sigset_t every, before;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, &before);
  const int flags = spaces | (way == Way::user ? CLONE_NEWUSER : 0) | SIGCHLD;
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0)
    for (;;) ::syscall(SYS_exit_group, try_out(way, texts));
  const int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return {no_tree, number};
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return {WIFEXITED(status) ? WEXITSTATUS(status) : int{no_tree}, 0};
}

std::string words_of(const Tried& t) {
  if (t.refused != 0) return std::string("namespaces are refused: ") + std::strerror(t.refused);
  switch (t.came) {
    case no_identity: return "a user namespace is given, but no identity in it";
    case no_mounts: return "namespaces are given, but no mounts in them";
    case no_tree: return "the root folder cannot be exchanged";
    default: return {};
  }
}

}  // namespace

Offered probe_enclosure() {
  Offered o;
  o.landlock_abi = std::max(0, static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION)));
  const unsigned allow = SECCOMP_RET_ALLOW;
  o.seccomp = ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &allow) == 0;
  if (is_locked()) {
    o.why_not = "this process has locked itself (it runs a guest in its own memory)";
    return o;
  }
  const Way way = ::geteuid() == 0 ? Way::root : Way::user;
  Tried tried = try_way(way);
  if (tried.came > no_processes && way == Way::root) {
    tried = try_way(Way::user);
    if (tried.came <= no_processes) o.way = Way::user;
  } else if (tried.came <= no_processes) {
    o.way = way;
  }
  o.why_not = words_of(tried);
  o.own_processes = tried.came == all;
  if (!o.way && o.landlock_abi > 0) o.way = Way::bare;
  if (!o.seccomp) {
    o.way.reset();
    o.why_not = "the kernel has no seccomp filters";
  } else if (!o.way) {
    o.why_not += "; the kernel has no Landlock";
  }
  const ControlGroup group = ControlGroup::make({ByteCount(64 * MiB), 16});
  o.memory_group = group.limits_memory();
  o.process_group = group.limits_processes();
  return o;
}

}  // namespace writ::supervise
