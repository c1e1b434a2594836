// The same tasks on richer and poorer machines: what each gives is what doctor says, what the receipt names and what holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr const char* somebody = "uid=54321";  // without a name in /etc/passwd

struct Machine {
  const char* name;
  Words poorer;
  std::vector<std::string> holds, lacks;  // protections
};

std::vector<Machine> machines() {
  const std::vector<std::string> spaces{"process-fence", "process-namespaces", "process-landlock", "process-seccomp", "process-signals"};
  return {
      {"Root", {}, spaces, {"process-user-namespace"}},
      {"RootWithoutGroups", {"no-groups"}, spaces, {"process-memory", "process-count"}},
      {"RootWithoutNamespaces", {"no-namespaces"}, {"process-fence", "process-landlock", "process-seccomp"}, {"process-namespaces"}},
      {"User", {somebody},
       {"process-fence", "process-namespaces", "process-landlock", "process-seccomp", "process-user-namespace", "process-count"}, {}},
      {"UserWithoutGroups", {"no-groups", somebody}, {"process-namespaces", "process-user-namespace", "process-count"}, {"process-memory"}},
      {"UserWithMaskedProc", {"masked-proc", somebody}, {"process-namespaces", "process-user-namespace"}, {}},
      {"UserWithoutNamespaces", {"no-namespaces", somebody}, {"process-fence", "process-landlock", "process-seccomp"},
       {"process-namespaces", "process-user-namespace"}},
  };
}

class OnMachine : public ::testing::TestWithParam<Machine> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not covered: poorer machines (only root can make them)";
    fs::create_directories(dir());
    std::ofstream(dir() + "/a.txt") << "one\n";
    p.file("secret", "hush\n");
    if (is_in(GetParam().poorer, somebody)) {
      for (const auto& e : fs::recursive_directory_iterator(p.path())) give(e.path());
      give(p.path());
    }
  }
  static bool is_in(const std::vector<std::string>& words, const std::string& word) { return std::ranges::find(words, word) != words.end(); }
  static void give(const fs::path& path) { ASSERT_EQ(::lchown(path.c_str(), 54321, 54321), 0); }
  std::string dir() const { return p.work() + "/w"; }

  Ended run(Words words) const {
    Words all = GetParam().poorer;
    all.insert(all.end(), {"--", WRIT_PROGRAM});
    all.insert(all.end(), words.begin(), words.end());
    return p.start({.program = WRIT_CONFINE, .words = all, .folder = dir()}).wait();
  }
  std::vector<std::string> present() const {
    std::vector<std::string> list;
    const Json doctor = run({"--json", "doctor"}).json();
    for (const auto& found : doctor["protections"])
      if (found["state"] == "present" && found["name"].get<std::string>().starts_with("process-")) list.push_back(found["name"]);
    std::ranges::sort(list);
    return list;
  }
  Place p;
};

TEST_P(OnMachine, DoctorAndReceiptNameWhatHolds) {
  const auto found = present();
  for (const auto& name : GetParam().holds) EXPECT_THAT(found, Contains(name));
  for (const auto& name : GetParam().lacks) EXPECT_THAT(found, Not(Contains(name)));
  const Ended e = run({"run", "--id", "held", "--", "true"});
  ASSERT_EQ(e.status, 0) << e.err;
  const Json shown = run({"--json", "show", "held"}).json();
  EXPECT_EQ(shown["fence"], "process");
  EXPECT_EQ(shown["process"]["protections"].get<std::vector<std::string>>(), found);
  for (const auto& name : GetParam().holds) EXPECT_EQ(run({"run", "--require", name, "--", "true"}).status, 0) << name;
  for (const auto& name : GetParam().lacks) EXPECT_EQ(run({"run", "--require", name, "--", "true"}).status, 69) << name;
}

TEST_P(OnMachine, AWorkspaceIsCommittedOrNot) {
  const Ended e = run({"run", "--workspace", ".", "--", "sh", "-c", "cat a.txt; echo two >> a.txt; mkdir d; echo new > d/new"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "one\n");
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\ntwo\n");
  EXPECT_EQ(read_all(dir() + "/d/new"), "new\n");
  EXPECT_EQ(run({"run", "--workspace", ".", "--", "sh", "-c", "rm -r d; echo three >> a.txt; exit 3"}).status, 3);
  EXPECT_EQ(read_all(dir() + "/a.txt"), "one\ntwo\n");
  EXPECT_EQ(run({"audit"}).status, 0);
}

TEST_P(OnMachine, NothingElseCanBeReached) {
  const pid_t victim = ::fork();
  if (victim == 0) {
    if (is_in(GetParam().poorer, somebody) && ::setuid(54321) != 0) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  const auto attack = [&](const std::string& what, const std::string& argument) {
    return run({"run", "--grant", std::string("file.read:") + WRIT_HOSTILE, "--", WRIT_HOSTILE, what, argument});
  };
  EXPECT_EQ(attack("open", p.work() + "/secret").status, 0);
  EXPECT_EQ(attack("open", p.store() + "/writ.db").status, 0);
  EXPECT_EQ(attack("create", p.work() + "/planted").status, 0);
  EXPECT_EQ(attack("create", "/tmp/writ-planted").status, is_in(GetParam().lacks, "process-namespaces") ? 0 : 9);  // or a private one
  EXPECT_FALSE(fs::exists("/tmp/writ-planted"));
  EXPECT_EQ(attack("tcp", "22").status, 0);
  EXPECT_EQ(attack("ptrace", std::to_string(victim)).status, 0);
  EXPECT_EQ(attack("unshare-user", "").status, 0);
  EXPECT_EQ(attack("kill", std::to_string(victim)).status, 0);
  EXPECT_EQ(::kill(victim, 0), 0);
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
}

TEST_P(OnMachine, ItEndsWithAllThatItStarted) {
  const std::string left = "(trap '' TERM HUP; while :; do echo x >> alive; sleep 0.05; done) & sleep 0.2";
  EXPECT_EQ(run({"run", "--workspace", ".", "--", "sh", "-c", left}).status, 0);
  const auto size = [&] { return fs::exists(dir() + "/alive") ? fs::file_size(dir() + "/alive") : 0; };
  const auto before = size();
  ::usleep(300'000);
  EXPECT_EQ(size(), before);
  EXPECT_EQ(run({"run", "--limit", "time=200ms", "--", "sh", "-c", "trap '' TERM; sleep 100 & sleep 100"}).status, 124);
}

TEST_P(OnMachine, PythonRuns) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "not covered: python3 is not installed";
  std::ofstream(dir() + "/s.py") << "import os, tempfile, subprocess\nprint(subprocess.check_output(['echo', 'child']).decode().strip())\n"
                                    "tempfile.mkdtemp()\nopen(os.path.join(os.environ['HOME'], 'x'), 'w').write('x')\n";
  const Ended e = run({"run", "s.py"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "child\n");
}

INSTANTIATE_TEST_SUITE_P(Each, OnMachine, ::testing::ValuesIn(machines()),
                         [](const ::testing::TestParamInfo<Machine>& machine) { return std::string(machine.param.name); });

TEST(Machine, WithoutAHomeTheKeysHaveNoPlace) {
  Place p;
  const Words without{"-u", "HOME", "-u", "XDG_CONFIG_HOME", "-u", "XDG_DATA_HOME", WRIT_PROGRAM, "run", "--", "true"};
  const Ended e = p.start({.program = "/usr/bin/env", .words = without}).wait();
  EXPECT_EQ(e.status, 69) << e.err;
  EXPECT_THAT(e.err, HasSubstr("HOME"));
}

}  // namespace
}  // namespace writ::cli_test
