// Hostile programs against WASI, as whole tasks: what each was refused, what is on record, and that nothing of it stayed.
// After each of them an honest task runs and commits.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "workshop.h"

namespace writ {
namespace {

namespace fs = std::filesystem;
using testing::Done;
using testing::Job;

std::string module(const std::string& name) { return std::string(WRIT_GUESTS) + "/escape_" + name + ".wasm"; }

class WasiEscape : public ::testing::Test {
 protected:
  // Runs it, and then an honest task, whose writes are all that the state has.
  Done run(const Job& job) {
    const auto before = shop.runtime().state_root();
    Done done = shop.run(job);
    if (!done.committed()) {
      EXPECT_FALSE(done.moved_state());
      EXPECT_EQ(*shop.runtime().state_root(), *before);
    }
    const Done honest = shop.run({.module = module("honest"), .grants = {"state.write:honest/"}});
    EXPECT_TRUE(honest.committed()) << honest.story();
    EXPECT_EQ(honest.out, "honest\n");
    EXPECT_EQ(*shop.runtime().get_object("honest/mark"), "done");
    return done;
  }
  bool has_denial(const Done& done, const std::string& denial) {
    const auto list = done.denials();
    return std::find(list.begin(), list.end(), denial) != list.end();
  }
  testing::Workshop shop;
};

TEST_F(WasiEscape, NoLieIsBelieved) {
  const Done done = run({.module = module("lies"),
                         .grants = {"state.read:lies/", "state.write:lies/", "env:NAME"},
                         .environment = {"NAME=value"}});
  EXPECT_EQ(done.out, "0 lies believed\n") << done.story();
  EXPECT_TRUE(done.committed());
}

TEST_F(WasiEscape, PathsOutsideAreRefusedAndOnRecord) {
  const std::vector<std::string> ways{"/etc/passwd",
                                      "../../etc/passwd",
                                      "/state/../../etc/passwd",
                                      "/state/../etc/shadow",
                                      "//etc///passwd",
                                      "/./etc/./passwd",
                                      "/proc/self/root/etc/passwd",
                                      "/proc/self/mem",
                                      "/dev/mem",
                                      "/root/.ssh/id_ed25519",
                                      shop.folder() + "/store/writ.db",
                                      shop.folder() + "/keys"};
  const Done done = run({.module = module("paths"), .arguments = ways, .grants = {"state.read:honest/"}});
  EXPECT_EQ(done.report.outcome.exit_code, 0) << done.story();
  EXPECT_EQ(done.out.find("BREACH"), std::string::npos) << done.out;
  for (const char* path : {"/etc/passwd", "/etc/shadow", "/proc/self/root/etc/passwd", "/proc/self/mem", "/dev/mem"})
    EXPECT_TRUE(has_denial(done, "file.read:" + std::string(path) + " no_capability")) << path;
  EXPECT_TRUE(has_denial(done, "file.read:" + shop.folder() + "/store/writ.db no_capability"));
}

TEST_F(WasiEscape, StateThatWasNotGrantedIsRefused) {
  ASSERT_TRUE(shop.runtime().put_object("secret/key", "hidden"));
  const Done done = run({.module = module("paths"),
                         .arguments = {"/state/secret/key", "/state/honest/../secret/key", "/etc/../state/secret/key"},
                         .grants = {"state.read:honest/", "state.write:honest/"}});
  EXPECT_EQ(done.out.find("BREACH"), std::string::npos) << done.out;
  EXPECT_TRUE(has_denial(done, "state.read:secret/key no_capability"));
  EXPECT_TRUE(has_denial(done, "state.write:secret/key no_capability"));
  EXPECT_EQ(*shop.runtime().get_object("secret/key"), "hidden");
}

TEST_F(WasiEscape, LinksThatLeadOutAreEscapes) {
  const fs::path granted = shop.folder() + "/granted";
  fs::create_directories(granted / "sub");
  std::ofstream(granted / "file") << "inside";
  std::ofstream(shop.folder() + "/outside") << "outside";
  fs::create_symlink("file", granted / "honest");
  fs::create_symlink("../outside", granted / "relative");
  fs::create_symlink(shop.folder() + "/outside", granted / "absolute");
  fs::create_symlink("second", granted / "first");
  fs::create_symlink("sub/third", granted / "second");
  fs::create_symlink("../../outside", granted / "sub/third");
  fs::create_symlink("..", granted / "up");
  fs::create_symlink("/", granted / "root");
  fs::create_symlink("/proc/self/root", granted / "proc");
  fs::create_symlink("/proc/self/fd/1", granted / "descriptor");
  const std::string g = granted.string() + "/";
  const Done done = run({.module = module("paths"),
                         .arguments = {"+" + g + "file", "+" + g + "honest", "+" + g + "sub/../honest", g + "relative", g + "absolute",
                                       g + "first", g + "up/outside", g + "root/etc/passwd", g + "proc/etc/passwd", g + "descriptor"},
                         .grants = {"file.read:" + g}});
  EXPECT_EQ(done.report.outcome.exit_code, 0) << done.story();
  EXPECT_EQ(done.out.find("BREACH"), std::string::npos) << done.out;
  std::size_t escapes = 0;
  for (const auto& denial : done.denials()) escapes += denial.ends_with(" escape");
  EXPECT_GE(escapes, 7u);
  std::string content;
  std::ifstream(shop.folder() + "/outside") >> content;
  EXPECT_EQ(content, "outside");
}

TEST_F(WasiEscape, AnExchangedLinkIsNeverFollowedOut) {
  const std::string granted = shop.folder() + "/granted";
  fs::create_directories(granted);
  std::ofstream(granted + "/file") << "inside";
  std::ofstream(shop.folder() + "/outside") << "outside";
  fs::create_symlink("../outside", granted + "/link");
  const std::jthread exchanger([&](const std::stop_token& over) {
    while (!over.stop_requested())
      if (::syscall(SYS_renameat2, AT_FDCWD, (granted + "/file").c_str(), AT_FDCWD, (granted + "/link").c_str(), RENAME_EXCHANGE) != 0) break;
  });
  const Done done = shop.run({.module = module("race"), .arguments = {granted + "/file"}, .grants = {"file.read:" + granted + "/"}});
  EXPECT_EQ(done.report.outcome.exit_code, 0) << done.story();
  EXPECT_EQ(done.report.outcome.end, guest::End::completed) << done.story();
}

TEST_F(WasiEscape, StrictEndsAtTheFirstPath) {
  const Done done = run({.module = module("paths"), .arguments = {"/etc/passwd", "/etc/shadow"}, .on_denial = gate::OnDenial::end_task});
  EXPECT_EQ(done.report.outcome.end, guest::End::denied) << done.story();
  EXPECT_EQ(done.denials(), std::vector<std::string>{"file.read:/etc/passwd no_capability"});
}

TEST_F(WasiEscape, AFloodOfOutputEnds) {
  const Done done = run({.module = module("flood"), .arguments = {"output"}, .limits = {.output = MiB}});
  EXPECT_EQ(done.report.outcome.end, guest::End::trapped) << done.report.outcome.reason;
  EXPECT_EQ(done.out.size(), MiB.value());
  EXPECT_NE(done.report.outcome.reason.find("output limit"), std::string::npos);
}

// What cannot be recorded does not happen, and what was tried until then has its receipt.
TEST_F(WasiEscape, AFloodOfTriesEndsWithItsReceipt) {
  const Done done = run({.module = module("flood"), .arguments = {"record"}});
  EXPECT_EQ(done.report.outcome.end, guest::End::trapped) << done.report.outcome.reason;
  EXPECT_NE(done.report.outcome.reason.find("record of its effects"), std::string::npos) << done.report.outcome.reason;
  EXPECT_GT(done.report.denied, 3000u);
  EXPECT_TRUE(shop.runtime().verify_task(done.report.id));
}

TEST_F(WasiEscape, DescriptorsRunOutAndComeBack) {
  const Done done = run({.module = module("flood"), .arguments = {"descriptors", "64"},
                         .grants = {"state.read:flood/", "state.write:flood/"}, .limits = {.files = 64}});
  EXPECT_EQ(done.report.outcome.exit_code, 0) << done.story();
}

TEST_F(WasiEscape, CookiesThatNobodyGaveOut) {
  const Done done = run({.module = module("flood"), .arguments = {"cookies"}, .grants = {"state.read:flood/", "state.write:flood/"}});
  EXPECT_EQ(done.report.outcome.exit_code, 0) << done.story();
}

TEST_F(WasiEscape, WhatATaskStagesIsBounded) {
  const Done done = run({.module = module("flood"), .arguments = {"objects"}, .grants = {"state.write:flood/,max_size=2MiB"}});
  EXPECT_EQ(done.report.outcome.end, guest::End::completed) << done.story();
  EXPECT_NE(done.report.outcome.exit_code, 0);  // a refusal of the grant is EACCES, which this program does not expect
  EXPECT_FALSE(done.committed());
}

TEST_F(WasiEscape, TooManyEffectsEnd) {
  const Done done = run({.module = module("flood"), .arguments = {"descriptors", "100000"},
                         .grants = {"state.read:flood/", "state.write:flood/"}, .limits = {.effects = 500}});
  EXPECT_EQ(done.report.outcome.end, guest::End::trapped) << done.story();
}

}  // namespace
}  // namespace writ
