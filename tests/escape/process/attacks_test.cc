// Executables that try to get out: each attack is refused by the kernel with the answer expected, and the next task is clean.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Attack : public ::testing::Test {
 protected:
  Ended attack(Words words, Words options = {}) const {
    Words all{"run"};
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), {"--", WRIT_HOSTILE});
    all.insert(all.end(), words.begin(), words.end());
    return p.run(all);
  }
  void expect_clean() const {
    const Ended e = attack({"honest"});
    EXPECT_EQ(e.status, 0) << e.err;
    EXPECT_EQ(e.out, "honest\n");
  }
  Place p;
};

struct Call {
  const char* name;
  const char* answer;
};

TEST_F(Attack, SystemCallsAreRefused) {
  const Call calls[] = {
      {"ptrace", "EPERM"},      {"readv", "EPERM"},         {"mount", "EPERM"},        {"umount", "EPERM"},     {"fsopen", "EPERM"},
      {"open_tree", "EPERM"},   {"pivot_root", "EPERM"},    {"chroot", "EPERM"},       {"setns", "EPERM"},      {"unshare-user", "EPERM"},
      {"unshare-mount", "EPERM"}, {"clone-user", "EPERM"},  {"clone-net", "EPERM"},    {"clone3", "ENOSYS"},    {"keyctl", "EPERM"},
      {"add_key", "EPERM"},     {"bpf", "EPERM"},           {"perf", "EPERM"},         {"userfaultfd", "EPERM"}, {"io_uring", "ENOSYS"},
      {"module", "EPERM"},      {"kexec", "EPERM"},         {"reboot", "EPERM"},       {"settime", "EPERM"},    {"iopl", "EPERM"},
      {"modify_ldt", "EPERM"},  {"handle", "EPERM"},        {"device", "EPERM"},       {"disk", "EPERM"},       {"setuid-bit", "EPERM"},
      {"tiocsti", "EPERM"},     {"tioclinux", "EPERM"},     {"vsock", "EAFNOSUPPORT"}, {"packet", "EAFNOSUPPORT"}, {"alg", "EAFNOSUPPORT"},
      {"audit", "EAFNOSUPPORT"}, {"undo-nnp", "EINVAL"},    {"capability", "EPERM"},   {"personality", "EPERM"}, {"inherited", "EBADF"},
  };
  for (const auto& [name, answer] : calls) {
    const Ended e = attack({name});
    EXPECT_EQ(e.status, 0) << name << ": " << e.out << e.err;
    EXPECT_EQ(e.out, std::string("stopped: ") + answer + "\n") << name;
  }
  EXPECT_THAT(attack({"raw"}).out, AnyOf("stopped: EPERM\n", "stopped: EAFNOSUPPORT\n"));
  EXPECT_EQ(attack({"foreign"}).out, "stopped: killed\n");
  expect_clean();
}

TEST_F(Attack, FilesOfTheHostAreNotThere) {
  p.file("secret", "secret\n");
  const std::vector<std::string> secrets{
      p.work() + "/secret", "/etc/shadow", "/etc/sudoers", "/root/.ssh", "/sys/kernel", "/dev/mem", "/dev/kmem", "/dev/sda", "/dev/vda",
      "/dev/tty", "/var/run/docker.sock", "/proc/kcore/x", "/proc/1/environ", "/proc/1/mem", "/proc/1/root"};
  for (const std::string& path : secrets) {
    const Ended e = attack({"open", path});
    EXPECT_EQ(e.status, 0) << path << e.out;
  }
  for (const char* path : {"/usr/bin/env", "/etc/passwd", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/lib/x"}) {
    EXPECT_EQ(attack({"write", path}).status, 0) << path;
  }
  for (const char* path : {"/usr/new", "/etc/new", "/bin/new", "/new", "/proc/new", "/dev/new"})
    EXPECT_EQ(attack({"create", path}).status, 0) << path;
  expect_clean();
}

TEST_F(Attack, ProcSaysNothingOfOthers) {
  const Ended e = p.run({"run", "--", "sh", "-c", "for d in /proc/[0-9]*; do [ -r $d/cmdline ] && tr '\\0' ' ' < $d/cmdline; done; "
                                                  "cat /proc/kallsyms /proc/keys /proc/timer_list | head -c 100; ls /sys /proc/1; cat /proc/kcore"});
  EXPECT_THAT(e.out, Not(HasSubstr(WRIT_PROGRAM)));
  EXPECT_THAT(e.out, Not(HasSubstr("systemd")));
  EXPECT_THAT(e.out, Not(HasSubstr("keyring")));
}

TEST_F(Attack, OutsideProcessesAreNobody) {
  const pid_t victim = ::fork();
  if (victim == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_EQ(attack({"kill", std::to_string(victim)}).out, "stopped: ESRCH\n");
  EXPECT_EQ(attack({"kill", std::to_string(::getpid())}).out, "stopped: ESRCH\n");
  EXPECT_EQ(::kill(victim, 0), 0);
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
}

TEST_F(Attack, SocketsOfTheHostCannotBeReached) {
  const Fd abstract(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), named(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  const std::string name = "writ-attack-" + std::to_string(::getpid());
  std::copy(name.begin(), name.end(), a.sun_path + 1);
  ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<sockaddr*>(&a), static_cast<socklen_t>(sizeof(sa_family_t) + 1 + name.size())), 0);
  ASSERT_EQ(::listen(abstract.get(), 1), 0);
  EXPECT_EQ(attack({"abstract", name}).out, "stopped: ECONNREFUSED\n");

  sockaddr_un n{};
  n.sun_family = AF_UNIX;
  const std::string path = p.work() + "/socket";
  ASSERT_LT(path.size(), sizeof n.sun_path);
  std::copy(path.begin(), path.end(), n.sun_path);
  ASSERT_EQ(::bind(named.get(), reinterpret_cast<sockaddr*>(&n), sizeof n), 0);
  ASSERT_EQ(::listen(named.get(), 1), 0);
  EXPECT_EQ(attack({"named", path}).out, "stopped: ENOENT\n");
  EXPECT_EQ(attack({"named", path}, {"--grant", "file.read:" + p.work() + "/"}).out, "stopped: EAFNOSUPPORT\n");

  const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(tcp.get(), reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
  ASSERT_EQ(::listen(tcp.get(), 1), 0);
  socklen_t size = sizeof in;
  ASSERT_EQ(::getsockname(tcp.get(), reinterpret_cast<sockaddr*>(&in), &size), 0);
  EXPECT_EQ(attack({"tcp", std::to_string(ntohs(in.sin_port))}).out, "stopped: ECONNREFUSED\n");
}

TEST_F(Attack, ADaemonDoesNotOutliveItsTask) {
  fs::create_directory(p.work() + "/w");
  Words words{"run", "--workspace", "w", "--id", "daemon", "--", WRIT_HOSTILE, "daemon", p.work() + "/w/alive"};
  const Ended e = p.run(words);
  EXPECT_EQ(e.status, 0) << e.err;
  const auto size = [&] { return fs::exists(p.work() + "/w/alive") ? fs::file_size(p.work() + "/w/alive") : 0; };
  const auto before = size();
  ::usleep(300'000);
  EXPECT_EQ(size(), before);
  expect_clean();
}

TEST_F(Attack, NothingOfTheCallersSurroundingsPasses) {
  const std::string library = p.file("evil.so", "not a library");
  const Words theirs{"LD_PRELOAD=" + library, "LD_LIBRARY_PATH=/x", "SECRET=hush", "PYTHONPATH=/x", "BASH_ENV=/x", "SSH_AUTH_SOCK=/x"};
  const Ended e = p.start({.words = {"run", "--", "env"}, .environment = theirs}).wait();
  EXPECT_EQ(e.status, 0) << e.err;
  for (const auto& variable : theirs) EXPECT_THAT(e.out, Not(HasSubstr(variable.substr(0, variable.find('=')))));
  const Ended granted = p.run({"run", "--env", "COLOUR=blue", "--", "sh", "-c", "echo $COLOUR"});
  EXPECT_EQ(granted.out, "blue\n");
}

TEST_F(Attack, SetUserProgramsGiveNothing) {
  if (!fs::exists("/usr/bin/su") && !fs::exists("/usr/bin/passwd")) GTEST_SKIP() << "not covered: no set-user program is installed";
  const Ended e = p.run({"run", "--", "sh", "-c", "grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status; "
                                                  "su -c id root </dev/null; passwd -S root; :"});
  EXPECT_THAT(e.out, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(e.out, HasSubstr("NoNewPrivs:\t1"));
}

TEST_F(Attack, TheStoreIsNeverVisible) {
  fs::create_directories(p.work() + "/w/deep");
  ASSERT_EQ(p.run({"--store", p.work() + "/w/.writ", "init"}).status, 0);
  fs::create_directory(p.work() + "/w/deep/.writ");
  std::ofstream(p.work() + "/w/deep/.writ/x") << "x";
  for (const char* mode : {"w", "w:/work", "w:ro"}) {
    const Ended e = p.run({"--store", p.work() + "/w/.writ", "run", "--workspace", mode, "--", "sh", "-c",
                           "find / -name writ.db; find / -path '*/.writ/*'"});
    EXPECT_EQ(e.out, "") << mode << e.err;
  }
  const std::string plant = "cd " + p.work() + "/w && mkdir -p deep/.writ && echo x > deep/.writ/planted";
  (void)p.run({"--store", p.work() + "/w/.writ", "run", "--workspace", "w", "--", "sh", "-c", plant});
  EXPECT_FALSE(fs::exists(p.work() + "/w/deep/.writ/planted"));
  EXPECT_TRUE(fs::exists(p.work() + "/w/.writ/writ.db"));
}

TEST_F(Attack, WhatIsPlantedIsNotCommitted) {
  fs::create_directory(p.work() + "/w");
  for (const std::string script : {"ln -s /etc/passwd l", "mkfifo f", "mkdir .writ"}) {
    const Ended e = p.run({"run", "--workspace", "w", "--", "sh", "-c", "cd " + p.work() + "/w && " + script});
    EXPECT_TRUE(fs::is_empty(p.work() + "/w")) << script << e.err;
  }
}

}  // namespace
}  // namespace writ::cli_test
