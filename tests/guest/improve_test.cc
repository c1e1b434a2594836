// A module that nobody has seen runs at once on its fast image and waits for the best; what hinders either tier, on purpose
// or by accident, leads to the other one or to one clear error.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "fixture.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/guest/wasm/improve.h"

namespace writ::guest::testing {
namespace {

namespace fs = std::filesystem;
using wasm::TierChoice;
constexpr std::string_view fast_engine = "wasm/baseline", best_engine = "wasm/clang-14 -O2";
const char* const prints = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\n") (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))";

class Improve : public ::testing::Test {
 protected:
  Improve() {
    char name[] = "/tmp/writ-improve-XXXXXX";
    folder = ::mkdtemp(name);
    cache = folder + "/images";
  }
  ~Improve() override { fs::remove_all(folder); }

  struct Seen {
    std::string engine, out;
  };
  // As one process does it: opened anew, so that only the cache remembers.
  Seen run(BytesView module, wasm::Tools tools = {}) {
    Machine m(cache, tools, TierChoice::automatic, [this] { ++asked; });
    const auto image = m.prepare(module);
    if (!image) return ADD_FAILURE() << image.error().text(), Seen{};
    const auto r = m.run(**image);
    if (!r) return ADD_FAILURE() << r.error().text(), Seen{};
    EXPECT_EQ(r->outcome, Outcome{}) << r->outcome.reason;
    return {(*image)->engine().name, r->out};
  }
  wasm::Foundry foundry(wasm::Tools tools = {}) { return {tools, *wasm::Cache::open(cache)}; }
  wasm::Improvements::Worked work(wasm::Tools tools = {}) {
    auto f = foundry(tools);
    const auto worked = wasm::Improvements(f).work([] { return false; });
    EXPECT_TRUE(worked) << worked.error().text();
    return worked.value_or(wasm::Improvements::Worked{});
  }
  std::vector<fs::path> files(const std::string& extension) {
    std::vector<fs::path> found;
    for (const auto& e : fs::directory_iterator(cache))
      if (e.path().extension() == extension) found.push_back(e.path());
    return found;
  }

  std::string folder, cache;
  int asked = 0;
  const Bytes code = wat(prints);
};

TEST_F(Improve, TheFirstRunIsFastAndTheNextOneTheBest) {
  EXPECT_EQ(run(code).engine, fast_engine);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(files(".waiting").size(), 1u);
  EXPECT_EQ(work().made, 1u);
  EXPECT_TRUE(files(".waiting").empty());
  const Seen second = run(code);
  EXPECT_EQ(second.engine, best_engine);
  EXPECT_EQ(second.out, "hello\n");
  EXPECT_EQ(asked, 1) << "there is nothing better to ask for";
  EXPECT_EQ(work().made, 0u);
}

TEST_F(Improve, AnImageAlreadyInUseGivesWayToTheBest) {
  Machine m(cache, {}, TierChoice::automatic, [] {});
  const auto held = m.prepare(code);
  ASSERT_TRUE(held) << held.error().text();
  EXPECT_EQ((*held)->engine().name, fast_engine);
  EXPECT_EQ(work().made, 1u);
  const auto next = m.prepare(code);
  ASSERT_TRUE(next) << next.error().text();
  EXPECT_EQ((*next)->engine().name, best_engine);
  EXPECT_TRUE(m.run(**held)->outcome.success()) << "who has it keeps it";
}

// It has the better words for what is refused, and no part in what is accepted.
TEST_F(Improve, WithoutTheValidatorTheVerdictIsTheSame) {
  wasm::Tools tools;
  tools.validator.path = "/usr/bin/no-such-validator";
  Machine m(cache, tools, TierChoice::fast);
  EXPECT_TRUE(m.prepare(code));
  Bytes wrong = code;
  wrong.resize(wrong.size() - 1);
  const auto refused = m.prepare(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid) << refused.error().text();
}

TEST_F(Improve, WithoutClangTheFastAloneIsUsed) {
  wasm::Tools tools;
  tools.compiler.path = "/usr/bin/no-such-clang";
  EXPECT_EQ(run(code, tools).engine, fast_engine);
  EXPECT_EQ(asked, 0) << "nobody could make it";
}

TEST_F(Improve, WhatTheFastTierGivesUpIsLeftToTheBest) {
  std::string locals;
  for (int i = 0; i <= 50'000; ++i) locals += " i32";
  const Bytes many = wat("(module (func (export \"_start\") (local" + locals + ")))");
  {
    Machine insisting(cache, {}, TierChoice::fast);
    const auto refused = insisting.prepare(many);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().text();
  }
  Machine m(cache, {}, TierChoice::automatic, [this] { ++asked; });
  const auto image = m.prepare(many);
  ASSERT_TRUE(image) << image.error().text();
  EXPECT_EQ((*image)->engine().name, best_engine);
  EXPECT_EQ(asked, 0);
}

TEST_F(Improve, WhatIsInvalidIsRefusedOnceWithTheValidatorsWords) {
  Machine m(cache, {}, TierChoice::automatic, [this] { ++asked; });
  const auto r = m.prepare(wat("(module (func (export \"_start\") (i32.add (i64.const 1) (i32.const 2)) drop))", {"--no-check"}));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::invalid);
  EXPECT_NE(r.error().what.find("type mismatch in i32.add"), std::string::npos) << r.error().text();
  EXPECT_TRUE(files(".waiting").empty());
  EXPECT_EQ(asked, 0);
}

TEST_F(Improve, WhatFailsIsNotedAndNotAskedForAgain) {
  wasm::Tools tools;
  tools.compiler.path = "/usr/bin/true";  // compiles nothing
  EXPECT_EQ(run(code, tools).engine, fast_engine);
  const auto worked = work(tools);
  EXPECT_EQ(worked.made, 0u);
  EXPECT_EQ(worked.failed, 1u);
  EXPECT_EQ(run(code, tools).engine, fast_engine);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(files(".waiting").empty());
}

TEST_F(Improve, TheQueueBelievesNothing) {
  run(code);
  const std::string good = files(".waiting").at(0).string();
  ASSERT_TRUE(replace_file(cache + "/garbage.waiting", "not a module", 0600));
  ASSERT_EQ(::symlink("/etc/passwd", (cache + "/link.waiting").c_str()), 0);
  ASSERT_EQ(::mkfifo((cache + "/fifo.waiting").c_str(), 0600), 0);
  fs::create_directory(cache + "/folder.waiting");
  const auto worked = work();
  EXPECT_EQ(worked.made, 1u);
  EXPECT_EQ(worked.failed, 1u) << "the garbage; what is no file is not even read";
  EXPECT_TRUE(files(".waiting").empty());
  EXPECT_TRUE(fs::exists("/etc/passwd"));
}

TEST_F(Improve, OneAtATime) {
  run(code);
  const Fd other(::open((cache + "/improving.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(work().made, 0u);
  EXPECT_EQ(files(".waiting").size(), 1u);
  EXPECT_EQ(run(wat("(module (func (export \"_start\")))")).engine, fast_engine);
  EXPECT_EQ(asked, 1) << "somebody is at it already";
  ::flock(other.get(), LOCK_UN);
  EXPECT_EQ(work().made, 2u);
}

TEST_F(Improve, TheQueueIsBounded) {
  run(code);
  auto f = foundry();
  for (std::size_t i = 1; i < wasm::most_waiting; ++i)
    ASSERT_TRUE(replace_file(cache + "/" + std::to_string(i) + ".waiting", "x", 0600, Survives::crash));
  const auto answer = wasm::Improvements(f).want(wat("(module (func (export \"_start\")))"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(*answer, wasm::Improvements::Answer::no_room);
}

// Killed at many moments of its work: the lock is free, the cache holds nothing that is wrong, and the module is
// asked for again.
TEST_F(Improve, WhoeverIsKilledLeavesNothingWrong) {
  for (int moment = 0; moment < 6; ++moment) {
    auto f = foundry();
    ASSERT_TRUE(wasm::Improvements(f).want(code));
    const pid_t worker = ::fork();
    if (worker == 0) {
      (void)wasm::Improvements(f).work([] { return false; });
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(moment * 40'000));
    ::kill(worker, SIGKILL);
    ::waitpid(worker, nullptr, 0);
    // A child that was just being started holds the lock until it sees that its parent is gone.
    bool idle = false;
    for (int i = 0; i < 400 && !(idle = wasm::Improvements(f).idle()); ++i) ::usleep(10'000);
    EXPECT_TRUE(idle);
    const Seen seen = run(code);
    EXPECT_TRUE(seen.engine == fast_engine || seen.engine == best_engine);
    EXPECT_EQ(seen.out, "hello\n");
  }
  work();
  EXPECT_EQ(run(code).engine, best_engine);
}

TEST_F(Improve, EntriesExchangedByLinksAreMadeAnew) {
  const Bytes other = wat("(module (func (export \"_start\") unreachable))");
  run(code);
  const std::string mine = files(".image").at(0).string();
  {
    Machine m(cache, {}, TierChoice::automatic);
    ASSERT_TRUE(m.prepare(other));
  }
  for (const auto& p : files(".image"))
    if (p != mine) {
      fs::rename(mine, folder + "/aside");
      fs::create_symlink(p, mine);
    }
  EXPECT_EQ(run(code).out, "hello\n");
  EXPECT_FALSE(fs::is_symlink(mine));
  fs::remove(mine);
  fs::create_symlink("/etc/passwd", mine);
  EXPECT_EQ(run(code).out, "hello\n");
  EXPECT_TRUE(fs::exists("/etc/passwd"));
}

TEST_F(Improve, ACacheThatOthersCanWriteIsRefused) {
  fs::create_directory(cache);
  ::chmod(cache.c_str(), 0770);
  const auto opened = wasm::Cache::open(cache);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::denied);
  EXPECT_NE(opened.error().what.find("0770"), std::string::npos) << opened.error().text();
}

// Tens of thousands of instructions in one function, and thousands of values alive at once.
TEST_F(Improve, EnormousFunctionsRunAtOnce) {
  std::string text = "(module (memory 1) (func (export \"_start\") (local i64)";
  for (int i = 0; i < 60'000; ++i) text += "(local.set 0 (i64.add (local.get 0) (i64.const " + std::to_string(i) + ")))";
  text += "(if (i64.ne (local.get 0) (i64.const 1799970000)) (then unreachable)))";
  text += "(func $deep (export \"deep\") (result i32) ";
  constexpr int deep = 3000;
  for (int i = 0; i < deep; ++i) text += "(i32.load (i32.const 0)) ";
  for (int i = 1; i < deep; ++i) text += "i32.add ";
  text += "))";
  Machine m(cache, {}, TierChoice::fast);
  const auto r = m.run(wat(text));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_TRUE(r->outcome.success()) << r->outcome.reason;
}

}  // namespace
}  // namespace writ::guest::testing
