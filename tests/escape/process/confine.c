// Runs a program on a poorer machine: confine [no-namespaces] [no-groups] [masked-proc] [uid=N] -- PROGRAM ARGS...
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char* what) {
  perror(what);
  exit(111);
}

// As Docker's default profile answers somebody without CAP_SYS_ADMIN.
static void refuse_namespaces(void) {
  static const int refused[] = {SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_fsopen, SYS_fsmount, SYS_fsconfig,
                                SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_keyctl, SYS_bpf};
  struct sock_filter code[64];
  unsigned short n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < sizeof refused / sizeof *refused; ++i) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i], 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  }
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x7e020000, 0, 1);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) die("seccomp");
}

static void own_mounts(void) {
  static int done = 0;
  if (!done++ && (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)) die("mount namespace");
}

int main(int argc, char** argv) {
  int i = 1, no_namespaces = 0;
  long uid = -1;
  for (; i < argc && strcmp(argv[i], "--") != 0; ++i) {
    if (!strcmp(argv[i], "no-namespaces")) {
      no_namespaces = 1;
    } else if (!strcmp(argv[i], "no-groups")) {
      own_mounts();
      if (mount("none", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, NULL) != 0) die("control groups");
    } else if (!strcmp(argv[i], "masked-proc")) {
      own_mounts();
      if (mount("none", "/proc/irq", "tmpfs", MS_RDONLY, NULL) != 0) die("/proc/irq");
    } else if (!strncmp(argv[i], "uid=", 4)) {
      uid = atol(argv[i] + 4);
    } else {
      fprintf(stderr, "confine: %s\n", argv[i]);
      return 111;
    }
  }
  if (uid >= 0 && (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 || setuid((uid_t)uid) != 0)) die("identity");
  if (no_namespaces) refuse_namespaces();
  if (i + 1 >= argc) return 111;
  execv(argv[i + 1], argv + i + 1);
  die(argv[i + 1]);
}
