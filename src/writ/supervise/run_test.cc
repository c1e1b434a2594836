#include "writ/supervise/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/fd.h"
#include "writ/supervise/detach.h"

namespace writ::supervise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Folder {
  Folder() {
    char name[] = "/tmp/writ-supervise-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

Command shell(const std::string& script, Processes processes = Processes::one) {
  Command c{.program = "/bin/sh", .package = "dash", .arguments = {"-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
  c.limits.processes = processes;
  c.limits.wall = seconds(20);
  return c;
}

Finished finish(const Command& c) {
  auto r = run(c);
  EXPECT_TRUE(r) << r.error().text();
  if (r) return std::move(*r);
  Finished nothing;
  nothing.code = -1;
  return nothing;
}

TEST(Supervise, AnswersWithStatusAndBothStreams) {
  const Finished f = finish(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(f.ending, Ending::exited);
  EXPECT_EQ(f.code, 3);
  EXPECT_EQ(f.output, "out\n");
  EXPECT_EQ(f.errors, "err\n");
  EXPECT_EQ(f.ended(), "exited with status 3");
  EXPECT_FALSE(f.succeeded());
}

TEST(Supervise, InheritsNothing) {
  ::setenv("WRIT_SECRET", "x", 1);
  const Finished f = finish(shell("exec env"));
  EXPECT_EQ(f.output.find("WRIT_SECRET"), std::string::npos);
  EXPECT_NE(f.output.find("PATH=/usr/bin:/bin\n"), std::string::npos);
  EXPECT_EQ(finish(shell("umask; pwd")).output, "0077\n/\n");
}

TEST(Supervise, LeaksNoDescriptor) {
  const Fd leaky(::open("/dev/null", O_RDONLY));  // without close-on-exec
  const Fd high(::fcntl(leaky.get(), F_DUPFD, 700));
  ASSERT_TRUE(leaky && high);
  Command c = shell("exec ls /proc/self/fd");
  c.confinement = {.read = {"/"}, .write = {}};  // with a ruleset, which is a descriptor too
  EXPECT_EQ(finish(c).output, "0\n1\n2\n3\n");  // 3 is the folder that ls lists
  EXPECT_EQ(finish(shell("exec readlink /proc/self/fd/0")).output, "/dev/null\n");
}

TEST(Supervise, WorksWithStandardDescriptorsClosed) {
  EXPECT_EXIT(
      {
        for (int fd : {0, 1}) ::close(fd);
        const auto r = run(shell("echo out; echo err >&2"));
        std::_Exit(r && r->output == "out\n" && r->errors == "err\n" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Supervise, EndsWhatNobodyWantsAnyMore) {
  const Fd stop(::eventfd(0, EFD_CLOEXEC));
  Command c = shell("echo begun; exec sleep 300");
  c.stop = stop.get();
  std::thread caller([&] {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop.get(), &one, sizeof one), 8);
  });
  const Finished f = finish(c);
  caller.join();
  EXPECT_EQ(f.ending, Ending::limited);
  EXPECT_EQ(f.limit, Limit::stopped);
  EXPECT_EQ(finish(c).limit, Limit::stopped) << "and nothing more is begun for it";
}

TEST(Supervise, GivesInputWithoutFeedingAPipe) {
  Command c = shell("exec cat");
  c.input = std::string(300'000, 'x') + "\n";
  c.limits.output = MiB;
  EXPECT_EQ(finish(c).output, *c.input);
}

// The state of a thread that runs guests: everything masked, foreign handlers, ignored signals.
TEST(Supervise, StartsCleanFromAGuestThread) {
  std::string status;
  std::thread([&] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGUSR1, [](int) {});
    status = finish(shell("exec cat /proc/self/status")).output;
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGUSR1, SIG_DFL);
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(::sigismember(&now, SIGUSR2), 1);  // the caller's mask is as it was
  }).join();
  for (const char* line : {"SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "SigCgt:\t0000000000000000", "NoNewPrivs:\t1",
                           "Seccomp:\t2", "CapEff:\t0000000000000000"})
    EXPECT_NE(status.find(line), std::string::npos) << line << "\nin\n" << status;
}

TEST(Supervise, RunsFromManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([i] {
      for (int k = 0; k < 5; ++k) {
        const std::string text = std::to_string(i * 100 + k);
        EXPECT_EQ(finish(shell("echo " + text)).output, text + "\n");
      }
    });
  for (auto& t : threads) t.join();
}

TEST(SuperviseLimit, Wall) {
  Command c = shell("exec sleep 100");
  c.limits.wall = milliseconds(200);
  const Finished f = finish(c);
  EXPECT_EQ(f.ending, Ending::limited);
  EXPECT_EQ(f.limit, Limit::wall);
  EXPECT_EQ(f.ended(), "was ended by its limit of wall time");
  EXPECT_LT(f.wall, seconds(10));
}

TEST(SuperviseLimit, WallForAProgramThatIgnoresSignals) {
  Command c = shell("trap '' TERM INT HUP XCPU; echo up; while :; do :; done");
  c.limits.wall = milliseconds(300);
  const Finished f = finish(c);
  EXPECT_EQ(f.limit, Limit::wall);
  EXPECT_EQ(f.output, "up\n");  // what it said before is kept
}

TEST(SuperviseLimit, ProcessorTime) {
  Command c = shell("while :; do :; done");
  c.limits.cpu = milliseconds(500);  // rounded up to a second
  c.limits.wall = seconds(300);      // of a machine that may be busy with other things
  EXPECT_EQ(finish(c).limit, Limit::cpu);
  c.arguments[1] = "trap '' XCPU; while :; do :; done";
  EXPECT_EQ(finish(c).limit, Limit::cpu);
}

TEST(SuperviseLimit, AddressSpace) {
  Command c = shell("exec dd if=/dev/zero of=/dev/null bs=512M count=1");
  EXPECT_TRUE(finish(c).succeeded());
  c.limits.address_space = 256 * MiB;
  const Finished f = finish(c);
  EXPECT_EQ(f.ending, Ending::exited);
  EXPECT_NE(f.code, 0);
  EXPECT_NE(f.errors.find("exhausted"), std::string::npos) << f.errors;
}

TEST(SuperviseLimit, FileSize) {
  const Folder folder;
  Command c = shell("exec dd if=/dev/zero of=f bs=64k count=100");
  c.folder = folder.path;
  c.limits.file_size = MiB;
  EXPECT_EQ(finish(c).limit, Limit::file_size);
  EXPECT_EQ(std::filesystem::file_size(folder.path + "/f"), 1u << 20);
}

TEST(SuperviseLimit, OutputFlood) {
  for (const char* script : {"exec yes", "exec yes >&2"}) {
    Command c = shell(script);
    c.limits.output = ByteCount(5000);
    const Finished f = finish(c);
    EXPECT_EQ(f.limit, Limit::output);
    EXPECT_EQ(f.output.size() + f.errors.size(), 5000u);
  }
  Command exact = shell("printf 12345");
  exact.limits.output = ByteCount(5);
  EXPECT_TRUE(finish(exact).succeeded());
  exact.limits.output = ByteCount(4);
  EXPECT_EQ(finish(exact).limit, Limit::output);
}

TEST(SuperviseLimit, OneProcess) {
  const Finished f = finish(shell("ls / & wait; (true) || echo no"));
  EXPECT_FALSE(f.succeeded());
  EXPECT_NE(f.errors.find("fork"), std::string::npos) << f.errors;
}

TEST(SuperviseLimit, AGroupDiesWithItsLeader) {
  // Two children outlive their leader, one of them tries to leave the group first.
  const Finished f = finish(shell("echo $$; sleep 300 & setsid sleep 300 & sleep 0.2; exit 0", Processes::group));
  ASSERT_TRUE(f.succeeded()) << f.errors;
  const int group = std::stoi(f.output);
  const auto alive = [&] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream in(entry.path() / "stat");
      std::string pid, name, state, parent, pgrp;
      if (in >> pid >> name >> state >> parent >> pgrp && pgrp == std::to_string(group) && state != "Z") return true;
    }
    return false;
  };
  for (int i = 0; i < 100 && alive(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(alive());
}

TEST(SuperviseConfinement, NoSocketsNoTracing) {
  Command c{.program = "/usr/bin/python3", .package = "python3", .arguments = {"-c",
    "import socket, os, ctypes\n"
    "for f in (lambda: socket.socket(), lambda: os.kill(os.getppid(), 0), lambda: os.setsid(), os.fork):\n"
    "  try: f(); print('done')\n"
    "  except PermissionError: print('refused')\n"}};
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "python3 is not installed";
  EXPECT_EQ(finish(c).output, "refused\nrefused\nrefused\nrefused\n");
  // abort() must still say SIGABRT
  c.arguments[1] = "import os; os.abort()";
  const Finished f = finish(c);
  EXPECT_EQ(f.ending, Ending::signalled);
  EXPECT_EQ(f.code, SIGABRT);
}

TEST(SuperviseConfinement, ReachesOnlyItsFolders) {
  const Folder scratch, other;
  std::ofstream(other.path + "/secret") << "s";
  Command c = shell("cat " + other.path + "/secret; echo x >" + other.path + "/new; echo y >mine && cat mine; ln -s / link && ls link/etc");
  c.limits.processes = Processes::group;
  c.folder = scratch.path;
  c.confinement = {.read = {"/usr", "/lib", "/lib64", "/bin", "/nowhere"}, .write = {scratch.path}};
  const Finished f = finish(c);
  if (f.held.landlock_abi == 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(f.output, "y\n") << f.errors;
  EXPECT_FALSE(std::filesystem::exists(other.path + "/new"));
}

TEST(SuperviseFailure, NamesProgramAndPackage) {
  Command c = shell("");
  c.program = "/usr/bin/no-such-translator";
  c.package = "wabt";
  auto r = run(c);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::unavailable);
  EXPECT_EQ(r.error().where, c.program);
  EXPECT_NE(r.error().hint.find("apt-get install wabt"), std::string::npos);
  c.program = "/etc/passwd";
  r = run(c);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::denied);
  c = shell("true");
  c.folder = "/no/such/folder";
  r = run(c);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().what.find("enter the working folder"), std::string::npos) << r.error().text();
  c.program = "sh";
  EXPECT_EQ(run(c).error().code, Code::invalid);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nothing is left behind
}

TEST(SuperviseFailure, SignalsAreToldApartFromExits) {
  const Finished f = finish(shell("kill -SEGV $$", Processes::group));
  EXPECT_EQ(f.ending, Ending::signalled);
  EXPECT_EQ(f.code, SIGSEGV);
}

TEST(SuperviseFailure, ManyRunsLeakNothing) {
  const auto descriptors = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  finish(shell("true"));
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) finish(shell("exit 1"));
  EXPECT_EQ(descriptors(), before);
}

// As in a container that forbids them, or under user.max_user_namespaces=0.
bool forbid_user_namespaces() {
  const sock_filter refuse_them[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{6, const_cast<sock_filter*>(refuse_them)};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// The program then gives its privileges up by itself.
bool holds_without_user_namespaces() {
  if (!forbid_user_namespaces()) return false;
  const auto r = run(shell("exec cat /proc/self/status"));
  return r && r->succeeded() && !r->held.user_namespace && r->held.seccomp &&
         r->output.find("CapEff:\t0000000000000000") != std::string::npos &&
         r->output.find("CapPrm:\t0000000000000000") != std::string::npos;
}

TEST(SuperviseConfinement, HoldsWithoutUserNamespaces) {
  EXPECT_EXIT(std::_Exit(holds_without_user_namespaces() ? 0 : 1), testing::ExitedWithCode(0), "");
}

// The detached program lives on, alone: another session, nobody's child, nothing on 0-2 and above, last in the queue.
TEST(SuperviseDetach, OutlivesItsStarterAndHasNothingOfIt) {
  const Folder folder;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // not close-on-exec: whoever inherits it keeps it open
  const pid_t starter = ::fork();
  if (starter == 0) {
    Command c = shell("x=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; ls /proc/$$/fd | wc -w); echo \"$x\" >seen; "
                      "cut -d' ' -f6,19,41 /proc/self/stat >>seen; echo $$ >>seen; mv seen done", Processes::group);
    c.folder = folder.path;
    ::_exit(detach(c) ? 0 : 1);
  }
  ::close(ends[1]);
  int status = 0;
  ::waitpid(starter, &status, 0);
  EXPECT_EQ(status, 0);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "it holds a descriptor of ours";
  ::close(ends[0]);
  for (int i = 0; i < 500 && !std::filesystem::exists(folder.path + "/done"); ++i) std::this_thread::sleep_for(milliseconds(10));
  std::ifstream in(folder.path + "/done");
  std::string a, b, c;
  in >> a >> b >> c;
  EXPECT_EQ(a, "/dev/null");
  EXPECT_EQ(b, "/dev/null");
  int descriptors = 0, session = 0, niceness = 0, policy = 0, self = 0;
  in >> descriptors >> session >> niceness >> policy >> self;
  EXPECT_LE(descriptors, 4) << "0, 1, 2, and what the shell reads that answer from";
  EXPECT_NE(session, ::getsid(0)) << "a session of its own, which it does not lead: no terminal comes to it";
  EXPECT_NE(session, self);
  EXPECT_EQ(niceness, 19);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nobody has to wait for it";
}

TEST(SuperviseDetach, IsEndedByItsAlarm) {
  const Folder folder;
  Command c = shell("echo $$ >pid; mv pid ready; exec sleep 300");
  c.folder = folder.path;
  c.limits.wall = seconds(1);
  ASSERT_TRUE(detach(c));
  int child = 0;
  for (int i = 0; i < 500 && child == 0; ++i) {
    std::ifstream(folder.path + "/ready") >> child;
    std::this_thread::sleep_for(milliseconds(10));
  }
  ASSERT_GT(child, 0);
  const auto running = [&] {
    std::ifstream in("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, state;
    return in >> pid >> name >> state && state != "Z";
  };
  for (int i = 0; i < 1000 && running(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(running());
}

TEST(SuperviseDetach, SaysWhatIsMissing) {
  Command c = shell("");
  c.program = "/usr/bin/no-such-builder";
  const auto r = detach(c);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::unavailable);
}

// A child does not outlive the process that supervises it.
TEST(SuperviseFailure, DiesWithItsParent) {
  const Folder folder;
  const pid_t parent = ::fork();
  if (parent == 0) {
    Command c = shell("echo $$ >pid; mv pid ready; exec sleep 300", Processes::group);
    c.folder = folder.path;
    (void)run(c);
    ::_exit(0);
  }
  int child = 0;
  for (int i = 0; i < 500 && child == 0; ++i) {
    std::ifstream(folder.path + "/ready") >> child;
    std::this_thread::sleep_for(milliseconds(10));
  }
  ASSERT_GT(child, 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  const auto running = [&] {
    std::ifstream in("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, state;
    return in >> pid >> name >> state && state != "Z";
  };
  for (int i = 0; i < 500 && running(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(running());
}

}  // namespace
}  // namespace writ::supervise
