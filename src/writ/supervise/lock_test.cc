#include "writ/supervise/lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "writ/supervise/run.h"

namespace writ::supervise {
namespace {

// In a child that has locked itself. The status as waitpid gives it.
int locked(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(lock_process() ? work() : 100);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}
bool killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

struct Call {
  const char* name;
  long number;
};
constexpr Call forbidden[] = {
    {"ptrace", SYS_ptrace}, {"process_vm_readv", SYS_process_vm_readv}, {"process_vm_writev", SYS_process_vm_writev},
    {"pidfd_getfd", SYS_pidfd_getfd}, {"userfaultfd", SYS_userfaultfd}, {"io_uring_setup", SYS_io_uring_setup},
    {"io_uring_enter", SYS_io_uring_enter}, {"bpf", SYS_bpf}, {"perf_event_open", SYS_perf_event_open}, {"modify_ldt", SYS_modify_ldt},
    {"remap_file_pages", SYS_remap_file_pages}, {"mount", SYS_mount}, {"setns", SYS_setns}, {"kexec_load", SYS_kexec_load},
    {"keyctl", SYS_keyctl}, {"open_by_handle_at", SYS_open_by_handle_at}, {"clock_adjtime", SYS_clock_adjtime}};

TEST(Lock, WhoMakesAForbiddenCallIsKilled) {
  for (const Call& call : forbidden) {
    EXPECT_TRUE(killed(locked([&] { return static_cast<int>(::syscall(call.number, 0, 0, 0, 0, 0, 0)); }))) << call.name;
    EXPECT_TRUE(killed(locked([&] {  // also a thread that is made later
      std::thread([&] { ::syscall(call.number, 0, 0, 0, 0, 0, 0); }).join();
      return 0;
    }))) << call.name;
  }
}

TEST(Lock, HoldsForThreadsThatWereThereBefore) {
  const pid_t child = ::fork();
  if (child == 0) {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(99);
    std::thread early([&] {
      char c;
      (void)!::read(ends[0], &c, 1);
      ::syscall(SYS_ptrace, 0, 0, 0, 0);
      ::_exit(0);
    });
    if (!lock_process()) ::_exit(100);
    (void)!::write(ends[1], "x", 1);
    early.join();
    ::_exit(98);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(killed(status)) << status;
}

TEST(Lock, ForeignTablesOfCallsAreClosed) {
  constexpr long x32 = 0x40000000;
  EXPECT_TRUE(killed(locked([] { return static_cast<int>(::syscall(x32 | SYS_getpid)); })));
  // Where the kernel has no 32-bit table at all, the instruction itself is a fault.
  EXPECT_TRUE(WIFSIGNALED(locked([] {
    long result = 20;  // getpid of the 32-bit table
    asm volatile("int $0x80" : "+a"(result) : : "memory");
    return 0;
  })));
}

TEST(Lock, WhatTheRuntimeNeedsGoesOn) {
  const int status = locked([] {
    void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED || ::mprotect(code, 4096, PROT_READ | PROT_EXEC) != 0) return 1;
    const auto compiler = run({.program = "/bin/sh", .arguments = {"-c", "echo compiled; exit 7"}});
    if (!compiler || compiler->output != "compiled\n" || compiler->code != 7) return 2;
    return lock_process() ? 0 : 3;  // twice is no harm
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace writ::supervise
