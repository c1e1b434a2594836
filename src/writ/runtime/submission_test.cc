#include "writ/runtime/submission.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace writ::runtime {
namespace {

task::Spec named(std::string name) {
  task::Spec s;
  s.name = std::move(name);
  return s;
}
Result<task::Report> echo(task::Spec s) {
  task::Report r;
  r.name = s.name;
  return r;
}

TEST(Submission, EachHandleGetsItsOwnResult) {
  const auto execute = [](task::Spec s, guest::Cancellation&) -> Result<task::Report> {
    if (s.name == "bad") return invalid("bad");
    return echo(s);
  };
  Submissions submissions(execute, 4, 100);
  std::vector<Handle> handles;
  for (int i = 0; i < 50; ++i) handles.push_back(*submissions.submit(named(std::to_string(i))));
  auto bad = submissions.submit(named("bad"));
  for (int i = 49; i >= 0; --i) EXPECT_EQ(handles[static_cast<std::size_t>(i)].wait()->name, std::to_string(i));
  EXPECT_EQ(bad->wait().error().code, Code::invalid);
}

TEST(Submission, AFullQueueSaysBusyAtOnceAndTakesAgainWhenThereIsRoom) {
  std::latch go(1);
  std::atomic<int> begun = 0;
  Submissions submissions([&](task::Spec s, guest::Cancellation&) { return ++begun, go.wait(), echo(std::move(s)); }, 2, 3);
  std::vector<Handle> taken;
  for (int i = 0; i < 2; ++i) taken.push_back(*submissions.submit(named("under way")));
  while (begun < 2) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) taken.push_back(*submissions.submit(named("waiting")));
  const auto refused = submissions.submit(named("one too many"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::exhausted);
  EXPECT_TRUE(refused.error().what.starts_with("busy: 3 tasks")) << refused.error().text();
  go.count_down();
  for (auto& h : taken) EXPECT_TRUE(h.wait());
  EXPECT_TRUE(submissions.submit(named("now"))->wait());
  EXPECT_EQ(begun, 6);
}

TEST(Submission, WhatIsCancelledBeforeItBeginsNeverDoes) {
  std::latch go(1), first(1);
  std::atomic<int> begun = 0;
  Submissions submissions(
      [&](task::Spec s, guest::Cancellation& c) -> Result<task::Report> {
        ++begun, first.count_down(), go.wait();
        auto report = echo(std::move(s));
        if (c.requested()) report->outcome.end = guest::End::cancelled;
        return report;
      },
      1, 10);
  Handle running = *submissions.submit(named("running"));
  first.wait();
  Handle waiting = *submissions.submit(named("waiting"));
  waiting.cancel();
  running.cancel();
  go.count_down();
  EXPECT_EQ(running.wait()->outcome.end, guest::End::cancelled) << "one under way ends as its executor says";
  EXPECT_EQ(waiting.wait().error().code, Code::unavailable);
  EXPECT_EQ(begun, 1);
  running.cancel();  // too late, and no harm
}

TEST(Submission, ClosingFinishesWhatIsUnderWayAndAnswersTheRest) {
  std::latch go(1), first(1);
  std::optional<Handle> running, waiting;
  std::thread closer;
  {
    auto submissions = std::make_unique<Submissions>(
        [&](task::Spec s, guest::Cancellation&) { return first.count_down(), go.wait(), echo(std::move(s)); }, 1, 10);
    running = *submissions->submit(named("running"));
    first.wait();
    waiting = *submissions->submit(named("waiting"));
    closer = std::thread([s = std::move(submissions)]() mutable { s.reset(); });
  }
  EXPECT_EQ(waiting->wait().error().code, Code::unavailable);
  go.count_down();
  EXPECT_EQ(running->wait()->name, "running");
  closer.join();
}

}  // namespace
}  // namespace writ::runtime
