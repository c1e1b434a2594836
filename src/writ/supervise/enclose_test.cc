#include "writ/supervise/enclose.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "writ/base/file.h"
#include "writ/supervise/enclosure_probe.h"

namespace writ::supervise {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EnclosureOf : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    const Offered offered = probe_enclosure();
    const bool root = ::geteuid() == 0;
    if (GetParam() == Way::root && (!root || offered.way != Way::root)) GTEST_SKIP() << "not covered: namespaces as root: " << offered.why_not;
    if (GetParam() == Way::user && (!offered.way || *offered.way == Way::bare)) GTEST_SKIP() << "not covered: user namespaces: " << offered.why_not;
    if (GetParam() == Way::bare && offered.landlock_abi < 1) GTEST_SKIP() << "not covered: no Landlock";
    char name[] = "/tmp/writ-enclose-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  Enclosure shell(const std::string& script) const {
    Enclosure e;
    e.way = GetParam();
    e.program = "/bin/sh";
    e.arguments = {"sh", "-c", script};
    e.environment = {"PATH=/usr/bin:/bin"};
    using What = Place::What;
    e.places = {{What::shown, "/usr", "/usr"}, {What::link, "/bin", "usr/bin"}, {What::link, "/lib", "usr/lib"}, {What::link, "/lib64", "usr/lib64"},
                {What::folder, "/tmp", {}, 01777}, {What::device, "/dev/null", "/dev/null"}, {What::text, "/etc/hello", "hello\n"}};
    e.readable = {"/usr", "/bin", "/lib", "/lib64", "/etc/hello", "/proc"};
    e.writable = {GetParam() == Way::bare ? folder_ : "/tmp"};
    e.devices = {"/dev/null"};
    e.limits = {ByteCount(512 * MiB), ByteCount(64 * MiB), ByteCount(64 * MiB)};
    return e;
  }

  struct Ran {
    EnclosedEnd end;
    std::string text;
  };
  Ran run(Enclosure e) const {
    const std::string out = folder_ + "/out";
    const Fd in(::open("/dev/null", O_RDONLY | O_CLOEXEC)), file(::open(out.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    e.input = in.get();
    e.output = e.errors = file.get();
    auto started = enclose(e, nullptr);
    EXPECT_TRUE(started) << started.error().text();
    if (!started) return {};
    Ran ran{started->wait(), {}};
    ran.text = read_file(out, MiB).value_or("");
    return ran;
  }

  std::string folder_;
};

TEST_P(EnclosureOf, TellsHowTheProgramEnded) {
  EXPECT_EQ(run(shell("exit 3")).end.code, 3);
  EXPECT_FALSE(run(shell("exit 3")).end.signalled);
  const Ran killed = run(shell("kill -9 $$"));
  EXPECT_TRUE(killed.end.signalled) << killed.end.failed << killed.text;
  EXPECT_EQ(killed.end.code, SIGKILL);
  Enclosure missing = shell("");
  missing.program = "/usr/bin/no-such-program";
  const Ran not_there = run(missing);
  EXPECT_EQ(not_there.end.failed, "execute");
  EXPECT_EQ(not_there.end.number, ENOENT);
}

// In a tree of its own: with a /proc, and with mounts.
class EnclosureInATree : public EnclosureOf {};

TEST_P(EnclosureInATree, HasNoCapabilitiesAndNoNewPrivileges) {
  const Ran r = run(shell("while read -r line; do echo \"$line\"; done < /proc/self/status"));
  for (const char* word : {"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"})
    EXPECT_THAT(r.text, HasSubstr(word));
}

TEST_P(EnclosureOf, SeesItsOwnTreeAndNothingElse) {
  std::ofstream("/tmp/writ-enclose-secret") << "secret";
  const Ran r = run(shell("cat /etc/hello; cat /etc/passwd; cat /tmp/writ-enclose-secret; ls /root /home; :"));
  std::filesystem::remove("/tmp/writ-enclose-secret");
  EXPECT_THAT(r.text, Not(HasSubstr("secret\n")));
  EXPECT_THAT(r.text, Not(HasSubstr("root:x:")));
  if (GetParam() != Way::bare) {
    EXPECT_THAT(r.text, HasSubstr("hello\n")) << r.end.failed;
  }
}

TEST_P(EnclosureInATree, WhatIsMaskedIsEmptyAndStaysSo) {
  std::filesystem::create_directories(folder_ + "/shown/deep");
  for (const char* name : {"/shown/file", "/shown/deep/file", "/shown/other"}) std::ofstream(folder_ + name) << "secret\n";
  Enclosure e = shell("cat /shown/file; ls /shown/deep; cat /shown/other; rm /shown/file; rmdir /shown/deep; echo x >/shown/file; :");
  using What = Place::What;
  e.places.push_back({What::open, "/shown", folder_ + "/shown"});
  for (const char* at : {"/shown/file", "/shown/deep", "/shown/absent"}) e.places.push_back({What::masked, at});
  e.writable.push_back("/shown");
  const Ran r = run(e);
  EXPECT_THAT(r.end.failed, IsEmpty());
  EXPECT_THAT(r.text, HasSubstr("secret\n"));
  EXPECT_EQ(r.text.find("secret\n"), r.text.rfind("secret\n")) << r.text;  // the one that is not masked
  EXPECT_EQ(read_file(folder_ + "/shown/file", MiB).value_or(""), "secret\n");
}

TEST_P(EnclosureOf, InheritsNothing) {
  const Fd leaky(::open("/dev/null", O_RDONLY)), high(::fcntl(leaky.get(), F_DUPFD, 700));
  ::setenv("WRIT_SECRET", "x", 1);
  const Ran r = run(shell("env; for i in 3 4 5 6 7 8 9; do (eval \": <&$i\") 2>/dev/null && echo \"open $i\"; done; "
                          "[ -e /proc/self/fd/700 ] && echo leak; :"));
  EXPECT_THAT(r.text, Not(HasSubstr("WRIT_SECRET")));
  EXPECT_THAT(r.text, Not(HasSubstr("open ")));
  EXPECT_THAT(r.text, Not(HasSubstr("leak")));
}

TEST_P(EnclosureOf, EndsWithEverythingItStarted) {
  const std::string long_time = std::to_string(4100 + static_cast<int>(GetParam()));  // nobody else's
  Enclosure e = shell("(sleep " + long_time + " & echo started >&2; sleep " + long_time + " &) ; exit 0");
  e.writable.push_back(folder_);
  const auto before = std::chrono::steady_clock::now();
  const Ran r = run(e);
  EXPECT_EQ(r.end.code, 0) << r.end.failed;
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
  for (const auto& p : std::filesystem::directory_iterator("/proc")) {
    const std::string text = read_file(p.path().string() + "/cmdline", MiB).value_or("");
    EXPECT_FALSE(text.starts_with(std::string("sleep\0", 6) + long_time)) << p.path();
  }
}

TEST_P(EnclosureOf, IsKilledAsAWhole) {
  const std::string long_time = std::to_string(4200 + static_cast<int>(GetParam()));  // nobody else's
  Enclosure e = shell("sleep " + long_time + " & sleep " + long_time);
  const Fd in(::open("/dev/null", O_RDWR | O_CLOEXEC));
  e.input = e.output = e.errors = in.get();
  auto started = enclose(e, nullptr);
  ASSERT_TRUE(started) << started.error().text();
  ::usleep(200'000);
  started->kill();
  (void)started->wait();
  for (const auto& p : std::filesystem::directory_iterator("/proc")) {
    const std::string text = read_file(p.path().string() + "/cmdline", MiB).value_or("");
    EXPECT_FALSE(text.starts_with(std::string("sleep\0", 6) + long_time)) << p.path();
  }
}

TEST_P(EnclosureOf, HasNoNetworkButItsOwn) {
  const Ran r = run(shell("exec perl -MSocket -e 'socket(my $s, AF_INET, SOCK_STREAM, 0) or die \"no socket\\n\"; "
                          "connect($s, sockaddr_in(80, inet_aton(\"192.0.2.1\"))) or die \"no way: $!\\n\"; print \"connected\\n\"'"));
  EXPECT_THAT(r.text, Not(HasSubstr("connected")));
  EXPECT_THAT(r.text, HasSubstr(GetParam() == Way::bare ? "no socket" : "no way: Network is unreachable"));
}

// What the host's processes of the same user share, and what would be there afterwards: memory, queues, and sockets by name.
TEST_P(EnclosureOf, SharesNothingOfTheHostsProcesses) {
  constexpr key_t ours = 0x57726974, made = 0x57726975;
  const int segment = ::shmget(ours, 4096, IPC_CREAT | 0600);
  ASSERT_GE(segment, 0);
  const Ran r = run(shell("exec perl -e 'my $x; my $id = shmget(0x57726974, 0, 0); print \"seen\\n\" if defined $id; "
                          "shmget(0x57726975, 4096, 0600 | 01000); msgget(0x57726975, 0600 | 01000); "
                          "my $name = \"writ-enclose-queue\"; syscall(240, $name, 0102, 0600, 0); print \"done\\n\"'"));
  const int left = ::shmget(made, 0, 0), queue = ::msgget(made, 0);
  const bool posix = ::syscall(SYS_mq_unlink, "writ-enclose-queue") == 0;
  for (const int id : {segment, left})
    if (id >= 0) ::shmctl(id, IPC_RMID, nullptr);
  if (queue >= 0) ::msgctl(queue, IPC_RMID, nullptr);
  EXPECT_THAT(r.text, HasSubstr("done"));
  EXPECT_THAT(r.text, Not(HasSubstr("seen")));
  EXPECT_LT(left, 0) << "memory that the program shared is there afterwards";
  EXPECT_LT(queue, 0) << "a queue that the program made is there afterwards";
  EXPECT_FALSE(posix) << "a queue with a name that the program made is there afterwards";
}

TEST_P(EnclosureOf, SendsNothingToSocketsOfTheHost) {
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string path = folder_ + "/socket";
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const Ran r = run(shell("exec perl -MSocket -e 'socketpair(my $a, my $b, AF_UNIX, SOCK_DGRAM, 0) or print \"no pair\\n\"; "
                          "send($a, \"out\", 0, pack_sockaddr_un(\"" + path + "\")); print \"done\\n\"'"));
  char word[8];
  EXPECT_LT(::recv(socket.get(), word, sizeof word, 0), 0) << "the program sent to a process of the host";
  EXPECT_THAT(r.text, HasSubstr("done"));
}

TEST_P(EnclosureOf, ConnectsToNoSocketInWhatItIsShown) {
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string path = folder_ + "/socket";
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  Enclosure e = shell("exec perl -MSocket -e 'print \"pair\\n\" if socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0); "
                      "my $s; print \"connected\\n\" if socket($s, AF_UNIX, SOCK_STREAM, 0) && connect($s, pack_sockaddr_un(\"" + path + "\"))'");
  e.places.push_back({.what = Place::What::shown, .at = folder_, .source = folder_});
  e.readable.push_back(folder_);
  e.meets_sockets = true;
  const Ran r = run(e);
  EXPECT_EQ(r.text, "pair\n") << r.end.failed;
}

// Landlock says nothing of modes, owners, times and attributes: in the host's tree they are nobody's to change.
TEST_P(EnclosureOf, ChangesNoModesTimesAndAttributesOfTheHost) {
  char name[] = "/tmp/writ-enclose-other-XXXXXX";
  const std::string other = ::mkdtemp(name), file = other + "/file";
  std::ofstream(file) << "x";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  struct stat before {}, after{};
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  Enclosure e = shell("exec perl -e 'my $p = \"" + file + "\"; my $x = \"user.x\"; chmod 0666, $p; utime 5, 5, $p; "
                      "open(my $f, \"<\", $p); chmod 0666, $f; utime 5, 5, $f; print \"ours\\n\" if $f; "
                      "syscall(188, $p, $x, $x, 6, 0); syscall(190, fileno($f), $x, $x, 6, 0) if $f; print \"done\\n\"'");
  e.readable.push_back(other);
  e.places.push_back({.what = Place::What::shown, .at = other, .source = other});
  const Ran r = run(e);
  const int found = ::stat(file.c_str(), &after);
  const auto attribute = ::getxattr(file.c_str(), "user.x", nullptr, 0);
  std::filesystem::remove_all(other);
  ASSERT_EQ(found, 0);
  EXPECT_THAT(r.text, HasSubstr("ours\ndone")) << r.end.failed;
  EXPECT_EQ(after.st_mode & 07777, 0600u);
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_LT(attribute, 0);
}

std::string name_of(const ::testing::TestParamInfo<Way>& way) {
  switch (way.param) {
    case Way::root: return "Root";
    case Way::user: return "User";
    case Way::bare: return "Bare";
  }
  return {};
}
INSTANTIATE_TEST_SUITE_P(Ways, EnclosureOf, ::testing::Values(Way::root, Way::user, Way::bare), name_of);
INSTANTIATE_TEST_SUITE_P(Ways, EnclosureInATree, ::testing::Values(Way::root, Way::user), name_of);

TEST(Enclosure, AControlGroupCountsAndKills) {
  const ControlGroup group = ControlGroup::make({ByteCount(64 * MiB), 16});
  if (!group.limits_memory()) GTEST_SKIP() << "not covered: no control group for memory can be made here";
  Enclosure e;
  e.way = probe_enclosure().way.value_or(Way::bare);
  e.program = "/usr/bin/perl";
  e.arguments = {"perl", "-e", "my $x = 'x' x (200 * 1024 * 1024); print length $x"};
  using What = Place::What;
  e.places = {{What::shown, "/usr", "/usr"}, {What::link, "/lib", "usr/lib"}, {What::link, "/lib64", "usr/lib64"},
              {What::device, "/dev/null", "/dev/null"}};  // perl -e reads it
  e.readable = {"/usr", "/lib", "/lib64"};
  e.devices = {"/dev/null"};
  e.limits = {ByteCount(), ByteCount(64 * MiB), ByteCount(64 * MiB)};
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  e.input = e.output = e.errors = nothing.get();
  auto started = enclose(e, &group);
  ASSERT_TRUE(started) << started.error().text();
  const EnclosedEnd end = started->wait();
  EXPECT_TRUE(end.signalled) << end.failed << end.code;
  EXPECT_TRUE(group.ran_out_of_memory());
  EXPECT_GT(group.peak_memory(), ByteCount(32 * MiB));
}

// The groups of a process that was killed are removed by the next one; those that are held are not.
TEST(Enclosure, ControlGroupsOfTheKilledAreRemoved) {
  const ControlGroup mine = ControlGroup::make({ByteCount(64 * MiB), 16});
  if (!mine.limits_memory()) GTEST_SKIP() << "not covered: no control group for memory can be made here";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const ControlGroup group = ControlGroup::make({ByteCount(64 * MiB), 16});
    const std::string text = group.enter() ? read_file("/proc/self/cgroup", MiB).value_or("") : "";
    const auto at = text.find("writ-");
    (void)!::write(ends[1], text.c_str() + std::min(at, text.size()), at == text.npos ? 0 : 21);
    ::kill(::getpid(), SIGKILL);
  }
  ::close(ends[1]);
  char name[22] = {};
  ASSERT_EQ(::read(ends[0], name, 21), 21);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  const auto left = [&] {
    std::size_t n = 0;
    std::error_code failed;
    for (std::filesystem::recursive_directory_iterator i("/sys/fs/cgroup", failed), end; !failed && i != end; i.increment(failed))
      n += i->path().filename() == name;
    return n;
  };
  EXPECT_GT(left(), 0u);
  for (int i = 0; i < 50 && left() > 0; ++i) {
    ::usleep(10'000);
    (void)ControlGroup::make({ByteCount(64 * MiB), 16});
  }
  EXPECT_EQ(left(), 0u);
  const pid_t another = ::fork();
  if (another == 0) ::_exit(mine.enter() ? 0 : 1);
  int status = 0;
  ::waitpid(another, &status, 0);
  EXPECT_EQ(status, 0) << "a group that is held was removed";
}

}  // namespace
}  // namespace writ::supervise
