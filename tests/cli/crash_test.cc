// kill -9 at random moments of `writ run`: afterwards the state is the old one or the new one, never a mix, and the
// store, the log and the receipts agree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <random>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

int rounds() { return ::getenv("WRIT_SOAK") ? 5000 : 200; }

// Both objects, as one text; a task writes both, so they must always be equal.
std::string both(const Place& p) {
  const std::string first = p.run({"state", "get", "one"}).out, second = p.run({"state", "get", "both/other"}).out;
  EXPECT_EQ(first, second) << "half a commit";
  return first;
}

TEST(Crash, OldStateOrNewAfterAKillAtAnyMoment) {
  const Place p;
  const Words grants{"--grant", "state.write:one", "--grant", "state.write:both/"};
  const auto words = [&](const std::string& value) {
    Words w{"run", "-q"};
    w.insert(w.end(), grants.begin(), grants.end());
    w.insert(w.end(), {WRIT_PROBE, "both", "one", value});
    return w;
  };
  ASSERT_EQ(p.run(words("start")).status, 0);
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_EQ(p.run(words("start")).status, 0);
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun);

  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<long> moment(0, whole.count() * 12 / 10);
  std::string last = "start";
  int killed = 0, committed = 0;
  for (int round = 0; round < rounds(); ++round) {
    const std::string value = "round " + std::to_string(round);
    Running r = p.start({.words = words(value)});
    ::usleep(static_cast<useconds_t>(moment(random)));
    r.kill(SIGKILL);
    const Ended e = r.wait();
    ASSERT_TRUE(e.status == 0 || e.status == 128 + SIGKILL) << e.status << e.err;
    killed += e.status != 0;
    if (round % 10 != 9 && round + 1 != rounds()) continue;
    const std::string now = both(p);
    if (now != last) ++committed;
    last = now;
    if (e.status == 0) {
      EXPECT_EQ(now, value) << "a commit that was reported is there";
    }
    ASSERT_EQ(p.run({"fsck"}).status, 0) << p.run({"fsck"}).out;
    ASSERT_EQ(p.run({"audit"}).status, 0) << p.run({"audit"}).out;
  }
  EXPECT_GT(killed, rounds() / 10) << "too few were killed in time for this to say anything";
  std::printf("%d of %d killed before their end, %d new states seen\n", killed, rounds(), committed);
  EXPECT_EQ(p.run(words("end")).status, 0);
  EXPECT_EQ(both(p), "end");
}

}  // namespace
}  // namespace writ::cli_test
