// Limits of processes: each holds, says so, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/cli/program.h"
#include "writ/base/file.h"

namespace writ::cli_test {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Limits : public ::testing::Test {
 protected:
  bool offers(const std::string& protection) const {
    const Json doctor = p.document({"doctor"});
    for (const auto& found : doctor["protections"])
      if (found["name"] == protection) return found["state"] == "present";
    return false;
  }
  Place p;
};

TEST_F(Limits, Time) {
  const Ended e = p.run({"run", "--limit", "time=200ms", "--", "sh", "-c", "trap '' TERM INT; sleep 100 & sleep 100"});
  EXPECT_EQ(e.status, 124) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("timed out"));
}

TEST_F(Limits, Memory) {
  if (!offers("process-memory")) GTEST_SKIP() << "not covered: no control group for memory can be made here";
  const Ended e = p.run({"run", "--limit", "memory=64MiB", "--", "python3", "-c", "x = b'x' * (300 << 20)"});
  EXPECT_EQ(e.status, 137) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("out of memory"));
  // Many small ones count together, and so do files in memory.
  const Ended together = p.run({"run", "--limit", "memory=64MiB", "--", "sh", "-c", "head -c 200M /dev/zero > /tmp/x; echo $?"});
  EXPECT_TRUE(together.status != 0 || together.out != "0\n") << together.out;
}

TEST_F(Limits, Processes) {
  if (!offers("process-count")) GTEST_SKIP() << "not covered: processes are not counted here";
  const Ended e = p.run({"run", "--limit", "processes=32", "--", WRIT_HOSTILE, "bomb"});
  EXPECT_EQ(e.status, 0) << e.out << e.err;
  EXPECT_EQ(e.out, "stopped: EAGAIN after some\n");
  EXPECT_EQ(p.run({"run", "--", WRIT_HOSTILE, "honest"}).status, 0);
}

TEST_F(Limits, Output) {
  const Ended e = p.run({"run", "--limit", "output=10KiB", "--", "sh", "-c", "yes"});
  EXPECT_EQ(e.status, 125) << e.err;
  EXPECT_THAT(e.last_line(), HasSubstr("more output than its limit"));
}

TEST_F(Limits, Files) {
  const Ended e = p.run({"run", "--limit", "files=16", "--", "python3", "-c", "f = [open('/dev/null') for i in range(100)]"});
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.err, HasSubstr("Too many open files"));
}

TEST_F(Limits, Disk) {
  const Ended e = p.run({"run", "--limit", "disk=1MiB", "--", "python3", "-c",
                         "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                         "f = open('/tmp/big', 'wb'); f.write(b'x' * (4 << 20)); f.flush()"});
  EXPECT_EQ(e.status, 1) << e.err;
}

// Many files, each within the limit: together they are not.
TEST_F(Limits, DiskOfAWorkspaceAsAWhole) {
  fs::create_directories(p.work() + "/w");
  std::ofstream(p.work() + "/w/large") << std::string(8 << 20, 'l');  // what is there is not the task's
  const Words words{"run", "--limit", "disk=4MiB", "--workspace", "w", "--", "sh", "-c"};
  const auto run = [&](const std::string& script) {
    Words all = words;
    all.push_back("cd " + p.work() + "/w; " + script);
    return p.run(all);
  };
  const Ended slow = run("i=0; while :; do head -c 500K /dev/zero > f$i; i=$((i+1)); sleep 0.01; done");
  EXPECT_EQ(slow.status, 125) << slow.err;
  EXPECT_THAT(slow.last_line(), HasSubstr("more to its folders than its limit of disk"));
  EXPECT_FALSE(fs::exists(p.work() + "/w/f0")) << "nothing of it is committed";
  const Ended at_once = run("for i in 0 1 2 3 4 5 6 7 8 9; do head -c 500K /dev/zero > f$i; done");
  EXPECT_EQ(at_once.status, 125) << at_once.err;
  EXPECT_FALSE(fs::exists(p.work() + "/w/f0"));
  const Ended fits = run("for i in 0 1 2 3 4; do head -c 500K /dev/zero > f$i; done");
  EXPECT_EQ(fits.status, 0) << fits.err;
  EXPECT_TRUE(fs::exists(p.work() + "/w/f4"));
}

TEST_F(Limits, AnInterruptedCommandLeavesNoProcess) {
  auto running = p.start({.words = {"run", "--", "sh", "-c", "echo ready; exec sleep 4711"}});
  running.wait_for_output("ready");
  running.kill(SIGINT);
  EXPECT_EQ(running.wait().status, 130);
  auto killed = p.start({.words = {"run", "--", "sh", "-c", "sleep 4712 & echo ready; exec sleep 4712"}});
  killed.wait_for_output("ready");
  killed.kill(SIGKILL);
  (void)killed.wait();
  for (int i = 0; i < 50; ++i) {
    bool found = false;
    for (const auto& process : fs::directory_iterator("/proc")) {
      const std::string line = read_file(process.path().string() + "/cmdline", MiB).value_or("");
      found = found || line.starts_with(std::string("sleep\0004711", 10)) || line.starts_with(std::string("sleep\0004712", 10));
    }
    if (!found) return;
    ::usleep(20'000);
  }
  ADD_FAILURE() << "a process outlived its command";
}

}  // namespace
}  // namespace writ::cli_test
