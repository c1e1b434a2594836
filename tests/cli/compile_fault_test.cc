// The way from a module to an image, with one system call after the other failing: strace makes call n of its kind answer
// an error, for every n. The run either goes on to its end or says one clear thing; nothing that was half made is ever run,
// and the next run finds everything in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

struct Kind {
  const char* calls;
  const char* error;
  int step;  // by default one in so many fails; WRIT_SOAK takes every one
};
constexpr Kind kinds[] = {{"clone,clone3,fork,vfork", "EAGAIN", 1},
                          {"mmap", "ENOMEM", 23},
                          {"mprotect,pkey_mprotect", "ENOMEM", 7},
                          {"memfd_create,pipe2,eventfd2", "EMFILE", 5},
                          {"mkdir,rename,link", "ENOSPC", 3}};

class CompileFault : public ::testing::TestWithParam<Kind> {};

TEST_P(CompileFault, EveryCallOfItsKindFails) {
  const Kind& kind = GetParam();
  const Place p;
  const std::string strace = "/usr/bin/strace", log = p.path() + "/trace";
  if (::access(strace.c_str(), X_OK) != 0) GTEST_SKIP() << "not covered: failing calls of the compile path (strace is not here)";
  const Words own_cache{"XDG_CACHE_HOME=" + p.home() + "/.cache"};
  const auto traced = [&](const std::string& inject) {
    std::filesystem::remove_all(p.home() + "/.cache");  // so that it compiles
    Words words{"-f", "-qq", "-o", log, "-e", std::string("trace=") + kind.calls, "-e", "signal=none"};
    if (!inject.empty()) words.insert(words.end(), {"-e", inject});
    words.insert(words.end(), {WRIT_PROGRAM, "run", "--grant", "state.write:done", WRIT_PROBE, "put", "done", "yes"});
    return p.start({.program = strace, .words = words, .environment = own_cache}).wait();
  };
  const Ended plain = traced("");
  if (plain.status != 0 && plain.err.find("ptrace") != std::string::npos)
    GTEST_SKIP() << "not covered: failing calls of the compile path (this process may not trace)";
  ASSERT_EQ(plain.status, 0) << plain.err;
  // What the dynamic linker does before there is a program is not ours.
  p.start({.program = strace, .words = {"-f", "-qq", "-o", log, "-e", std::string("trace=") + kind.calls, WRIT_PROGRAM, "version"}}).wait();
  const std::string startup = read_all(log);
  const int first = 1 + static_cast<int>(std::ranges::count(startup, '\n'));
  int failed = 0, told = 0;
  const int step = std::getenv("WRIT_SOAK") ? 1 : kind.step;
  for (int n = first;; n += step) {
    const Ended e = traced(std::string("inject=") + kind.calls + ":error=" + kind.error + ":when=" + std::to_string(n));
    if (read_all(log).find("(INJECTED)") == std::string::npos) break;
    ++failed;
    const std::string what = std::string(kind.calls) + " " + std::to_string(n) + ": " + std::to_string(e.status) + " " + e.err;
    // The contract's own words; 127 where the dynamic linker of a child was refused.
    EXPECT_TRUE(e.status == 0 || e.status == 64 || e.status == 65 || e.status == 69 || e.status == 125 || e.status == 127) << what;
    if (e.status != 0) {
      ++told;
      EXPECT_FALSE(e.err.empty()) << what;
    }
    const Words again{"run", "--grant", "state.write:done", WRIT_PROBE, "put", "done", "again"};
    const Ended next = p.start({.words = again, .environment = own_cache}).wait();  // with what the failed one left in the cache
    EXPECT_EQ(next.status, 0) << "after " << what << "\n" << next.err;
    if (HasFailure()) break;
  }
  std::printf("%s: N = %d calls failed, %d of them were told\n", kind.calls, failed, told);
  EXPECT_GT(failed, 0);
  EXPECT_EQ(p.run({"fsck"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}
INSTANTIATE_TEST_SUITE_P(Kinds, CompileFault, ::testing::ValuesIn(kinds),
                         [](const auto& of) { return std::string(of.param.calls).substr(0, std::string(of.param.calls).find(',')); });

}  // namespace
}  // namespace writ::cli_test
