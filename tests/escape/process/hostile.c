// One attack a run, by name; it says "stopped: ERRNO" and ends with 0 when the kernel refused, "through" and 9 when it did not.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int tell(long result) {
  if (result >= 0) {
    puts("through");
    return 9;
  }
  printf("stopped: %s\n", strerrorname_np(errno));
  return 0;
}

// How many descriptors are open beside the three.
static long inherited(void) {
  long open_ones = 0;
  for (int fd = 3; fd < 4096; ++fd) open_ones += fcntl(fd, F_GETFD) >= 0;
  errno = EBADF;
  return open_ones > 0 ? open_ones : -1;
}

static long connect_to(int family, const void* address, socklen_t size, int type) {
  const int fd = socket(family, type, 0);
  return fd < 0 ? -1 : connect(fd, address, size);
}

static long abstract_socket(const char* name) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  memcpy(a.sun_path + 1, name, strlen(name));
  return connect_to(AF_UNIX, &a, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(name)), SOCK_STREAM);
}

static long named_socket(const char* path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  strncpy(a.sun_path, path, sizeof a.sun_path - 1);
  return connect_to(AF_UNIX, &a, sizeof a, SOCK_STREAM);
}

static long host_tcp(const char* port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)), .sin_addr.s_addr = htonl(0x7f000001)};
  return connect_to(AF_INET, &a, sizeof a, SOCK_STREAM);
}

static long new_namespace(int flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static long handle_at(void) {
  union {
    struct file_handle h;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } u;
  memset(&u, 0, sizeof u);
  u.h.handle_bytes = 8;
  u.h.handle_type = 1;
  const unsigned root_inode[2] = {2, 0};
  memcpy(u.h.f_handle, root_inode, sizeof root_inode);
  return open_by_handle_at(open("/usr", O_RDONLY), &u.h, O_RDONLY);
}

static long all_the_same(const char* what, const char* argument) {
  if (!strcmp(what, "inherited")) return inherited();
  if (!strcmp(what, "ptrace")) return ptrace(PTRACE_ATTACH, argument ? atoi(argument) : 1, 0, 0);
  if (!strcmp(what, "readv")) return syscall(SYS_process_vm_readv, argument ? atoi(argument) : 1, 0, 0, 0, 0, 0);
  if (!strcmp(what, "mount")) return mount("none", "/tmp", "tmpfs", 0, 0);
  if (!strcmp(what, "umount")) return umount2("/usr", MNT_DETACH);
  if (!strcmp(what, "fsopen")) return syscall(SYS_fsopen, "tmpfs", 0);
  if (!strcmp(what, "open_tree")) return syscall(SYS_open_tree, AT_FDCWD, "/usr", 1);
  if (!strcmp(what, "pivot_root")) return syscall(SYS_pivot_root, "/", "/tmp");
  if (!strcmp(what, "chroot")) return chroot("/tmp");
  if (!strcmp(what, "setns")) return setns(open("/proc/self/ns/net", O_RDONLY), 0);
  if (!strcmp(what, "unshare-user")) return unshare(CLONE_NEWUSER);
  if (!strcmp(what, "unshare-mount")) return unshare(CLONE_NEWNS);
  if (!strcmp(what, "clone-user")) return new_namespace(CLONE_NEWUSER);
  if (!strcmp(what, "clone-net")) return new_namespace(CLONE_NEWNET);
  if (!strcmp(what, "clone3")) return syscall(SYS_clone3, 0, 0);
  if (!strcmp(what, "keyctl")) return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
  if (!strcmp(what, "add_key")) return syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING);
  if (!strcmp(what, "bpf")) return syscall(SYS_bpf, 0, 0, 0);
  if (!strcmp(what, "perf")) return syscall(SYS_perf_event_open, 0, 0, 0, 0, 0);
  if (!strcmp(what, "userfaultfd")) return syscall(SYS_userfaultfd, 0);
  if (!strcmp(what, "io_uring")) return syscall(SYS_io_uring_setup, 1, 0);
  if (!strcmp(what, "module")) return syscall(SYS_finit_module, 0, "", 0);
  if (!strcmp(what, "kexec")) return syscall(SYS_kexec_load, 0, 0, 0, 0);
  if (!strcmp(what, "reboot")) return syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89abcdef, 0);
  if (!strcmp(what, "settime")) return syscall(SYS_clock_settime, 0, 0);
  if (!strcmp(what, "iopl")) return syscall(SYS_iopl, 3);
  if (!strcmp(what, "modify_ldt")) return syscall(SYS_modify_ldt, 0, 0, 0);
  if (!strcmp(what, "handle")) return handle_at();
  if (!strcmp(what, "device")) return mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1));
  if (!strcmp(what, "disk")) return mknod("/tmp/disk", S_IFBLK | 0666, makedev(254, 0));
  if (!strcmp(what, "setuid-bit")) return (void)close(open("/tmp/s", O_CREAT | O_WRONLY, 0755)), chmod("/tmp/s", 04755);
  if (!strcmp(what, "tiocsti")) return ioctl(0, TIOCSTI, "x");
  if (!strcmp(what, "tioclinux")) return ioctl(0, TIOCLINUX, "\2");
  if (!strcmp(what, "vsock")) return socket(40, SOCK_STREAM, 0);
  if (!strcmp(what, "packet")) return socket(AF_PACKET, SOCK_RAW, 0);
  if (!strcmp(what, "alg")) return socket(38, SOCK_SEQPACKET, 0);
  if (!strcmp(what, "audit")) return socket(AF_NETLINK, SOCK_RAW, 9);
  if (!strcmp(what, "raw")) return socket(AF_INET, SOCK_RAW, 1);
  if (!strcmp(what, "abstract")) return abstract_socket(argument);
  if (!strcmp(what, "named")) return named_socket(argument);
  if (!strcmp(what, "tcp")) return host_tcp(argument);
  if (!strcmp(what, "kill")) return kill(atoi(argument), SIGKILL);
  if (!strcmp(what, "open")) return open(argument, O_RDONLY);
  if (!strcmp(what, "write")) return open(argument, O_WRONLY);
  if (!strcmp(what, "create")) return open(argument, O_WRONLY | O_CREAT, 0600);
  if (!strcmp(what, "undo-nnp")) return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
  if (!strcmp(what, "capability")) return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0);
  if (!strcmp(what, "personality")) return syscall(SYS_personality, 0x0040000);
  fprintf(stderr, "no such attack: %s\n", what);
  exit(8);
}

static int daemonize(const char* path) {
  if (fork() != 0) return 0;
  setsid();
  if (fork() != 0) _exit(0);
  for (int i = 0; i < 200; ++i) {
    FILE* f = fopen(path, "a");
    if (f != NULL) fputs("alive\n", f), fclose(f);
    usleep(50000);
  }
  _exit(0);
}

static int bomb(void) {
  long made = 0;
  for (int i = 0; i < 100000; ++i) {
    const pid_t pid = fork();
    if (pid < 0) {
      printf("stopped: %s after %s\n", strerrorname_np(errno), made < 1000 ? "some" : "many");
      return made < 1000 ? 0 : 9;
    }
    if (pid == 0) pause();
    ++made;
  }
  puts("through");
  return 9;
}

// A call of another table kills: a child tries.
static int foreign(void) {
  const pid_t pid = fork();
  if (pid == 0) {
    __asm__ volatile("mov $20, %%eax\n int $0x80" ::: "eax", "memory");
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  puts(WIFSIGNALED(status) ? "stopped: killed" : "through");
  return WIFSIGNALED(status) ? 0 : 9;
}

int main(int argc, char** argv) {
  if (argc < 2) return 8;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(argv[1], "daemon")) return daemonize(argv[2]);
  if (!strcmp(argv[1], "bomb")) return bomb();
  if (!strcmp(argv[1], "foreign")) return foreign();
  if (!strcmp(argv[1], "honest")) return puts("honest"), 0;
  return tell(all_the_same(argv[1], argc > 2 ? argv[2] : NULL));
}
