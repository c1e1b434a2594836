// The first process of an enclosure. Between fork and exec: system calls alone, no allocation, no locks.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "writ/supervise/enclose_steps.h"
#include "writ/supervise/landlock_access.h"

namespace writ::supervise {
namespace {

constexpr int report_fd = 3, go_fd = 4, first_own_fd = 5;
constexpr int highest_signal = 64;

// Of the children of the running threads of a program with many: their memory is theirs alone, like everything here.
class FirstProcess {
 public:
  explicit FirstProcess(const ChildSide& side) : side_(side), e_(side.enclosure), s_(side.steps) {}

  [[noreturn]] void run() {
    default_signals();
    const int refused = side_.to_enter == nullptr || side_.to_enter->enter() ? 0 : errno;
    place_descriptors();
    if (errno = refused; refused != 0) fail("enter the control group");
    if (e_.way == Way::user) map_identity();  // while the files of this process in /proc are still its own
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fail("become unreadable");
    if (bare() && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) fail("adopt orphans");
    if (::prctl(PR_SET_PDEATHSIG, bare() ? SIGTERM : SIGKILL, 0, 0, 0) != 0) fail("parent death signal");
    char go = 0;
    if (::read(go_fd, &go, 1) != 1) leave();  // the parent died, or thought better of it
    ::close(go_fd);
    (void)::setsid();
    ::umask(0);
    if (!bare()) {
      (void)::sethostname("writ", 4);
      raise_loopback();
      build_tree();
    }
    ::umask(022);
    if (::chdir(s_.folder.c_str()) != 0) fail("enter the working folder");
    ::syscall(SYS_close_range, go_fd, ~0u, 0);
    start_program();
    wait_for_all();
  }

 private:
  bool bare() const { return e_.way == Way::bare; }

  [[noreturn]] static void leave() {
    for (;;) ::syscall(SYS_exit_group, 127);
  }

  void tell(const Told& told) const { (void)!::write(report_fd, &told, sizeof told); }

  [[noreturn]] void fail(const char* step, const char* where = "") const {
    Told told{Told::What::failed, errno, {}};
    std::size_t n = 0;
    for (const char* text : {step, *where ? ": " : "", where})
      for (const char* c = text; *c != 0 && n + 1 < sizeof told.step; ++c) told.step[n++] = *c;
    tell(told);
    leave();
  }

  static void default_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal <= highest_signal; ++signal) ::sigaction(signal, &standard, nullptr);
  }

  void place_descriptors() const {
    // First out of the way, then into place: what is wanted may lie where something else is to go.
    const int wanted[] = {e_.input, e_.output, e_.errors, side_.report, side_.go};
    int moved[5];
    for (int i = 0; i < 5; ++i) {
      moved[i] = ::fcntl(wanted[i], F_DUPFD, 16);
      if (moved[i] < 0) fail("duplicate a descriptor");
    }
    for (int i = 0; i < 5; ++i)
      if (::dup2(moved[i], i) < 0) fail("place a descriptor");
    ::syscall(SYS_close_range, first_own_fd, ~0u, 0);
    ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  }

  void write_file(const char* path, const std::string& text) const {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("map the identity", path);
    ::close(fd);
  }

  void map_identity() const {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", s_.identity_map);
    write_file("/proc/self/gid_map", s_.group_map);
  }

  // A network of its own has nothing in it but this, and it is down at first.
  static void raise_loopback() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request {};
    std::memcpy(request.ifr_name, "lo", 3);
    if (fd >= 0 && ::ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
      request.ifr_flags |= IFF_UP;
      (void)::ioctl(fd, SIOCSIFFLAGS, &request);
    }
    ::close(fd);
  }

  // --- the tree -------------------------------------------------------------------------------------------------------

  void build_tree() const {
    struct mount_attr quiet {};
    quiet.propagation = MS_PRIVATE;
    if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &quiet, sizeof quiet) != 0) fail("make the mounts private");
    for (const Step& step : s_.list)
      if (!take(step) && !step.may_fail) fail(name_of(step.what), *step.path ? step.path : step.source);
  }

  static const char* name_of(Step::What what) {
    switch (what) {
      case Step::What::fetch: return "take from the host";
      case Step::What::fetch_layers: return "lay a workspace over";
      case Step::What::fetch_processes: return "make /proc";
      case Step::What::enter_tree: return "make a tree of its own";
      case Step::What::make_folder: return "make a folder";
      case Step::What::make_file: return "make a file";
      case Step::What::make_link: return "make a link";
      case Step::What::show: return "put into the tree";
      case Step::What::fetch_file: return "seal a file";
      case Step::What::mask: return "mask";
    }
    __builtin_unreachable();
  }

  bool take(const Step& step) const {
    switch (step.what) {
      case Step::What::fetch: return fetch(step, AT_RECURSIVE);
      case Step::What::fetch_file: return fetch(step, 0);
      case Step::What::fetch_layers: return fetch_layers(step);
      case Step::What::fetch_processes: return fetch_processes(step);
      case Step::What::enter_tree: return enter_tree();
      case Step::What::make_folder: return ::mkdir(step.path, step.mode) == 0 || errno == EEXIST;
      case Step::What::make_file: return make_file(step);
      case Step::What::make_link: return ::symlink(step.source, step.path) == 0;
      case Step::What::show: return show(step);
      case Step::What::mask: return mask(step.path);
    }
    __builtin_unreachable();
  }

  static bool fetch(const Step& step, unsigned recursion) {
    step.fd = ::open_tree(AT_FDCWD, step.source, OPEN_TREE_CLONE | O_CLOEXEC | recursion);
    struct mount_attr wanted {};
    wanted.attr_set = step.attributes;
    if (step.fd >= 0 && ::mount_setattr(step.fd, "", AT_EMPTY_PATH | recursion, &wanted, sizeof wanted) == 0) return true;
    if (step.fd >= 0) ::close(step.fd);
    step.fd = -1;  // what may fail is left out, never shown with more than was wanted
    return false;
  }

  static bool fetch_layers(const Step& step) {
    const int layers = ::fsopen("overlay", FSOPEN_CLOEXEC);
    if (layers < 0) return false;
    for (const auto& [name, value] : step.settings)
      if (::fsconfig(layers, value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, name, value, 0) != 0) return false;
    if (::fsconfig(layers, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return false;
    step.fd = ::fsmount(layers, FSMOUNT_CLOEXEC, static_cast<unsigned>(step.attributes));
    ::close(layers);
    return step.fd >= 0;
  }

  static bool fetch_processes(const Step& step) {
    const int fd = ::fsopen("proc", FSOPEN_CLOEXEC);
    if (fd < 0 || ::fsconfig(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return false;
    step.fd = ::fsmount(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    ::close(fd);
    return step.fd >= 0;
  }

  bool enter_tree() const {
    const int fd = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (fd < 0 || ::fsconfig(fd, FSCONFIG_SET_STRING, "size", s_.tree_size.c_str(), 0) != 0 ||
        ::fsconfig(fd, FSCONFIG_SET_STRING, "nr_inodes", s_.tree_nodes.c_str(), 0) != 0 ||
        ::fsconfig(fd, FSCONFIG_SET_STRING, "mode", "0755", 0) != 0 || ::fsconfig(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
      return false;
    const int tree = ::fsmount(fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    // Any folder will do: what is needed of the host has been fetched.
    if (tree < 0 || ::move_mount(tree, "", AT_FDCWD, "/usr", MOVE_MOUNT_F_EMPTY_PATH) != 0) return false;
    if (::fchdir(tree) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 || ::umount2(".", MNT_DETACH) != 0) return false;
    ::close(fd);
    ::close(tree);
    return ::chdir("/") == 0;
  }

  static bool make_file(const Step& step) {
    const int fd = ::open(step.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, step.mode);
    if (fd < 0) return false;
    for (std::size_t done = 0; done < step.size;) {
      const ssize_t n = ::write(fd, step.source + done, step.size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return ::close(fd) == 0;
  }

  bool show(const Step& step) const {
    const int fd = step.from < 0 ? -1 : s_.list[static_cast<std::size_t>(step.from)].fd;
    if (fd < 0) {
      errno = ENOENT;
      return false;
    }
    struct stat found {};
    if (::fstat(fd, &found) != 0) return false;
    if (step.mode == 1) {  // nothing is there yet to be covered
      if (S_ISDIR(found.st_mode)) {
        if (::mkdir(step.path, 0755) != 0 && errno != EEXIST) return false;
      } else {
        const int file = ::open(step.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (file < 0) return false;
        ::close(file);
      }
    }
    const bool done = ::move_mount(fd, "", AT_FDCWD, step.path, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    const int number = errno;
    ::close(fd);
    errno = number;
    return done;
  }

  static bool mask(const char* path) {
    struct stat found {};
    if (::lstat(path, &found) != 0) return true;
    const char* const nothing = S_ISDIR(found.st_mode) ? "/.sealed/folder" : "/.sealed/file";
    if (S_ISDIR(found.st_mode)) {
      (void)::mkdir(nothing, 0555);
    } else {
      ::close(::open(nothing, O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
    }
    const Step empty{.what = Step::What::fetch_file, .source = nothing, .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (!fetch(empty, 0)) return false;
    const bool done = ::move_mount(empty.fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    ::close(empty.fd);
    return done;
  }

  // --- the program ----------------------------------------------------------------------------------------------------

  void start_program() {
    program_ = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (program_ < 0) fail("create a process");
    if (program_ == 0) be_program();
    if (bare()) (void)::setpgid(program_, program_);
    tell({Told::What::started, program_, {}});
    ::syscall(SYS_close_range, 0, 2, 0);
  }

  [[noreturn]] void be_program() const {
    if (bare()) {
      (void)::setpgid(0, 0);
      if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail("parent death signal");
    } else {
      (void)::setsid();
    }
    set_limits();
    drop_capabilities();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
    restrict_files();
    install_filter();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(s_.program.c_str(), s_.arguments.data(), s_.environment.data());
    fail("execute");
  }

  void limit(__rlimit_resource what, std::uint64_t value) const {
    struct rlimit r {};
    if (::getrlimit(what, &r) != 0) fail("getrlimit");
    r.rlim_max = value < r.rlim_max ? value : r.rlim_max;
    r.rlim_cur = r.rlim_max;
    if (::setrlimit(what, &r) != 0) fail("setrlimit");
  }

  void set_limits() const {
    const EnclosureLimits& l = e_.limits;
    if (l.data.value() != 0) limit(RLIMIT_DATA, l.data.value());
    limit(RLIMIT_FSIZE, l.file_size.value());
    limit(RLIMIT_NOFILE, l.files);
    limit(RLIMIT_CORE, 0);
    if (e_.way == Way::user) limit(RLIMIT_NPROC, l.processes);  // counted in the namespace; in others it counts all of the user's
  }

  void drop_capabilities() const {
    for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0 && capability < 63; ++capability) {}
    (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capset, &header, none) != 0) fail("drop capabilities");
  }

  void allow(int ruleset, const Rule& rule, int abi) const {
    const int fd = ::open(rule.path, O_PATH | O_CLOEXEC);
    if (fd < 0) return;  // what is not there cannot be reached
    struct stat found {};
    landlock_path_beneath_attr beneath{};
    beneath.parent_fd = fd;
    beneath.allowed_access = rule.access == Rule::Access::list    ? landlock::listing
                             : rule.access == Rule::Access::read  ? landlock::reading
                             : rule.access == Rule::Access::write ? landlock::everything_but_devices(abi)
                                                                  : landlock::using_devices(abi);
    if (::fstat(fd, &found) != 0) fail("look at what may be reached", rule.path);
    if (!S_ISDIR(found.st_mode)) beneath.allowed_access &= landlock::of_a_file;
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0) fail("landlock rule", rule.path);
    ::close(fd);
  }

  void restrict_files() const {
    const int abi = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (abi < 1) {
      if (bare()) fail("landlock");
      return;
    }
    const landlock::Attributes attributes = landlock::attributes(abi, bare() ? landlock::Network::none : landlock::Network::own);
    const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, landlock::size_of_attributes(abi), 0));
    if (ruleset < 0) fail("landlock ruleset");
    for (const Rule& rule : s_.rules) allow(ruleset, rule, abi);
    if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fail("landlock");
    ::close(ruleset);
  }

  void install_filter() const {
    const sock_fprog program{static_cast<unsigned short>(s_.filter.size()), const_cast<sock_filter*>(s_.filter.data())};
    const unsigned flags = e_.watching == Watching::denials ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    const int listener = static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
    if (listener < 0) fail("seccomp");
    if (flags != 0) send_listener(listener);
  }

  void send_listener(int listener) const {
    Told told{Told::What::listener, 0, {}};
    iovec data{&told, sizeof told};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
    if (::sendmsg(report_fd, &message, 0) < 0) fail("hand over the listener");
    ::close(listener);
  }

  // --- waiting --------------------------------------------------------------------------------------------------------

  [[noreturn]] void wait_for_all() const {
    if (bare()) {
      sigset_t awaited;
      ::sigemptyset(&awaited);
      ::sigaddset(&awaited, SIGCHLD);
      ::sigaddset(&awaited, SIGTERM);
      ::sigprocmask(SIG_SETMASK, &awaited, nullptr);
      for (;;) {
        reap(WNOHANG);
        siginfo_t what{};
        if (::sigwaitinfo(&awaited, &what) == SIGTERM) end_bare();
      }
    }
    for (;;) reap(0);
  }

  void reap(int flags) const {
    int status = 0;
    for (;;) {
      const pid_t pid = ::wait4(-1, &status, flags | __WALL, nullptr);
      if (pid == program_) {
        tell({Told::What::ended, status, {}});
        if (bare()) end_bare();
        leave();  // and the kernel ends whoever is left in the namespace
      }
      if (pid < 0 && errno == ECHILD && flags == 0) leave();
      if (pid <= 0 && errno != EINTR) return;
      if (pid == 0) return;
    }
  }

  // Nobody can leave the group (task_filter.h), so this reaches everyone, also those that fork while it happens.
  [[noreturn]] void end_bare() const {
    ::kill(-program_, SIGKILL);
    while (::wait4(-1, nullptr, __WALL, nullptr) > 0 || errno == EINTR) {}
    leave();
  }

  const ChildSide& side_;
  const Enclosure& e_;
  const Steps& s_;
  pid_t program_ = -1;
};

}  // namespace

void run_first_process(const ChildSide& side) { FirstProcess(side).run(); }

}  // namespace writ::supervise
