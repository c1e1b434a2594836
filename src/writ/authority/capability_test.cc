#include "writ/authority/capability.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace writ::authority {
namespace {

using effect::Effect;
using effect::Kind;
using effect::Refusal;

class HandClock final : public Clock {
 public:
  WallTime wall() const override { return {1'800'000'000'000'000'000 + now.count()}; }
  Nanoseconds monotonic() const override { return now; }
  Nanoseconds now{5'000'000'000};
};

std::vector<Grant> parse(const std::vector<std::string>& texts, const Clock& clock) {
  std::vector<Grant> out;
  for (const auto& t : texts) {
    auto g = parse_grant(t, "/work", clock.wall());
    EXPECT_TRUE(g) << t << (g ? "" : g.error().text());
    if (g) out.push_back(*g);
  }
  return out;
}

struct Capabilities : testing::Test {
  HandClock clock;
  CapabilitySet set(const std::vector<std::string>& grants, const std::vector<std::string>& denies = {}) {
    return CapabilitySet(parse(grants, clock), parse(denies, clock), clock);
  }
  static bool use(CapabilitySet& s, const Effect& e) {
    const auto before = s.decide(e);
    const auto d = s.use(e);
    EXPECT_EQ(d.refusal, before.refusal);  // nobody else uses it
    EXPECT_EQ(d.by, before.by);
    return d.allowed();
  }
};

Effect read(std::string path, std::uint64_t bytes = 0, std::uint64_t size = 0) {
  return {Kind::file_read, std::move(path), bytes, size};
}

TEST_F(Capabilities, NothingIsAllowedByDefault) {
  const auto s = set({});
  for (const auto& w : effect::vocabulary) EXPECT_EQ(s.decide({.kind = w.kind, .resource = "x"}).refusal, Refusal::no_capability);
}

TEST_F(Capabilities, AKindIsNotAnother) {
  const auto s = set({"state.read:/", "env:*"});
  EXPECT_TRUE(s.decide({.kind = Kind::state_read, .resource = "x"}).allowed());
  EXPECT_FALSE(s.decide({.kind = Kind::state_write, .resource = "x"}).allowed());
  EXPECT_FALSE(s.decide({.kind = Kind::clock_real, .resource = {}}).allowed());
}

TEST_F(Capabilities, ADenyWinsOverEveryGrant) {
  const auto s = set({"file.read:/a/b", "file.read:/a/", "file.read:/**"}, {"file.read:/a/b"});
  EXPECT_EQ(s.decide(read("/a/b")).refusal, Refusal::denied);
  EXPECT_EQ(s.decide(read("/a/b")).by, "file.read:/a/b");
  EXPECT_TRUE(s.decide(read("/a/c")).allowed());
  EXPECT_EQ(s.decide(read("/a/b/")).refusal, Refusal::denied);  // its listing
  EXPECT_EQ(s.deny_of(Kind::file_read, "/a/b"), &s.denies()[0]);
  EXPECT_EQ(s.deny_of(Kind::file_read, "/a/c"), nullptr);
  EXPECT_FALSE(s.permits(Kind::file_read, "/a/b"));
}

TEST_F(Capabilities, ADenyDoesNotWearOut) {
  const auto s = set({"file.read:/"}, {"file.read:/a,uses=1,time=1s"});
  clock.now += std::chrono::hours(1);
  EXPECT_EQ(s.decide(read("/a")).refusal, Refusal::denied);
}

TEST_F(Capabilities, DecidingChangesNothing) {
  auto s = set({"file.read:/a,uses=1,rate=1/h"});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(s.decide(read("/a")).allowed());
  EXPECT_TRUE(use(s, read("/a")));
  EXPECT_EQ(s.decide(read("/a")).by, "uses,rate of file.read:/a,uses=1,rate=1/h");
  EXPECT_TRUE(s.permits(Kind::file_read, "/a"));  // whatever the limits say
  EXPECT_FALSE(s.permits(Kind::file_read, "/b"));
}

TEST_F(Capabilities, TheMostExactWordsDecideFirst) {
  const auto s = set({"file.read:/a/", "file.read:/a/b"});
  EXPECT_EQ(s.decide(read("/a/b")).capability, 1u);
  EXPECT_EQ(s.decide(read("/a/c")).capability, 0u);
}

TEST_F(Capabilities, AUsedUpCapabilityLeavesTheOthers) {
  auto s = set({"file.read:/a,uses=1", "file.read:/a,uses=2", "file.read:/"}, {});
  for (const std::uint32_t expected : {0u, 1u, 1u, 2u, 2u}) {
    const auto d = s.use(read("/a"));
    ASSERT_TRUE(d.allowed());
    EXPECT_EQ(d.capability, expected);
  }
}

TEST_F(Capabilities, BytesAreCountedInAll) {
  auto s = set({"file.read:/,bytes=100B"});
  EXPECT_TRUE(use(s, read("/a", 60)));
  EXPECT_FALSE(use(s, read("/a", 41)));
  EXPECT_TRUE(use(s, read("/a", 40)));
  EXPECT_TRUE(use(s, read("/a", 0)));
  EXPECT_FALSE(use(s, read("/a", UINT64_MAX)));
  auto wide = set({"file.read:/"});
  EXPECT_TRUE(use(wide, read("/a", UINT64_MAX)));
  EXPECT_TRUE(use(wide, read("/a", UINT64_MAX)));
}

TEST_F(Capabilities, MaxSizeBoundsEachThing) {
  auto s = set({"state.write:out/,max_size=1KiB"});
  const auto write = [](std::uint64_t size) { return Effect{.kind = Kind::state_write, .resource = "out/x", .size = size}; };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(use(s, write(1024)));
  EXPECT_EQ(s.decide(write(1025)).by, "max_size of state.write:out/,max_size=1KiB");
}

TEST_F(Capabilities, TimeAndExpiryEnd) {
  const auto s = set({"file.read:/a,time=2s", "file.read:/b,expires=3s"});
  clock.now += std::chrono::seconds(2) - Nanoseconds(1);
  EXPECT_TRUE(s.decide(read("/a")).allowed());
  clock.now += Nanoseconds(1);
  EXPECT_EQ(s.decide(read("/a")).refusal, Refusal::constraint);
  clock.now += std::chrono::seconds(1) - Nanoseconds(1);
  EXPECT_TRUE(s.decide(read("/b")).allowed());
  clock.now += Nanoseconds(1);
  EXPECT_EQ(s.decide(read("/b")).refusal, Refusal::constraint);
}

TEST_F(Capabilities, TheRateIsATokenBucket) {
  auto s = set({"clock.real,rate=3/s"});
  const Effect e{.kind = Kind::clock_real, .resource = {}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(use(s, e));
  EXPECT_FALSE(use(s, e));
  clock.now += Nanoseconds(333'333'333);
  EXPECT_FALSE(use(s, e));  // exact: a third of a second is a little more
  clock.now += Nanoseconds(1);
  EXPECT_TRUE(use(s, e));
  EXPECT_FALSE(use(s, e));
  clock.now += std::chrono::hours(10);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(use(s, e));  // no more than a bucket
  EXPECT_FALSE(use(s, e));
}

TEST_F(Capabilities, TheLargestRateIsExactToo) {
  auto s = set({"clock.real,rate=1000000000/366d"});
  const Effect e{.kind = Kind::clock_real, .resource = {}};
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(use(s, e));
  clock.now += std::chrono::hours(24 * 365 * 200);
  EXPECT_TRUE(use(s, e));
}

TEST_F(Capabilities, FoldersOnTheWayToWhatIsGranted) {
  const auto s = set({"file.read:/a/b/c", "file.read:/x/"}, {"file.read:/x/y/", "file.read:/a/b/c"});
  EXPECT_TRUE(s.covers_below(Kind::file_read, "/"));
  EXPECT_TRUE(s.covers_below(Kind::file_read, "/x"));
  EXPECT_FALSE(s.covers_below(Kind::file_read, "/x/y"));
  EXPECT_FALSE(s.covers_below(Kind::file_read, "/etc"));
  EXPECT_FALSE(s.covers_below(Kind::state_read, ""));
}

TEST_F(Capabilities, OfAnotherTableEndWhenTheyAreRevokedThere) {
  CapabilityTable table(8, clock);
  const auto shared = *table.mint(parse({"file.read:/a/,uses=9"}, clock)[0]);
  auto s = set({"file.read:/b"}, {"file.read:/a/no"});
  EXPECT_EQ(s.add(table, shared), 1u);
  const auto d = s.use(read("/a/x"));
  EXPECT_TRUE(d.allowed());
  EXPECT_EQ(d.capability, 1u);
  EXPECT_TRUE(s.use_again(1, 0, 0));
  EXPECT_EQ(*table.left(shared).uses, 7u);
  EXPECT_EQ(s.decide(read("/a/no")).refusal, Refusal::denied);
  ASSERT_TRUE(table.revoke(shared));
  EXPECT_FALSE(s.use_again(1, 0, 0));
  EXPECT_EQ(s.use(read("/a/x")).refusal, Refusal::revoked);
  EXPECT_EQ(s.use(read("/a/x")).by, "file.read:/a/,uses=9");
  EXPECT_TRUE(s.use(read("/b")).allowed());
  EXPECT_EQ(s.use(read("/c")).refusal, Refusal::no_capability);
}

TEST_F(Capabilities, AnAncestorsLimitIsNamedAsItsOwn) {
  CapabilityTable table(8, clock);
  const auto root = *table.mint(parse({"file.read:/a/,uses=1"}, clock)[0]);
  const auto child = *table.attenuate(root, parse({"file.read:/a/b"}, clock)[0]);
  auto s = set({});
  s.add(table, child);
  EXPECT_TRUE(table.use(root, 0).allowed());
  EXPECT_EQ(s.use(read("/a/b")).by, "uses of file.read:/a/,uses=1");
}

TEST_F(Capabilities, NothingEarlierThanItBegins) {
  auto s = set({"file.read:/a,not_before=1s"});
  EXPECT_EQ(s.use(read("/a")).by.substr(0, 24), "not_before of file.read:");
  clock.now += std::chrono::seconds(1);
  EXPECT_TRUE(use(s, read("/a")));
}

// The slow and obvious reference: keeps the whole history and counts it again for each question.
class Reference {
 public:
  struct Event { std::uint32_t capability; Effect effect; Nanoseconds at; };
  Reference(std::vector<Grant> g, std::vector<Grant> d, const HandClock& c)
      : grants(std::move(g)), denies(std::move(d)), clock(c), start(c.now) {}

  bool within_limits(std::uint32_t i, const Effect& e) const {
    const auto& l = grants[i].limits;
    std::uint64_t uses = 0, bytes = 0;
    for (const auto& h : history) {
      if (h.capability != i) continue;
      ++uses;
      bytes += h.effect.bytes;
    }
    if (l.uses && uses + 1 > *l.uses) return false;
    if (l.bytes && bytes + e.bytes > l.bytes->value()) return false;
    if (l.max_size && e.size > l.max_size->value()) return false;
    if (l.time && clock.now - start >= *l.time) return false;
    if (l.expires && clock.wall() >= *l.expires) return false;
    return !l.rate || tokens(i, *l.rate) >= l.rate->per.count();
  }
  // Replays the bucket in steps of whole events; periods here are small enough for 64 bits.
  std::int64_t tokens(std::uint32_t i, const Rate& r) const {
    const auto full = static_cast<std::int64_t>(r.count) * r.per.count();
    std::int64_t have = full;
    Nanoseconds last = start;
    const auto pass = [&](Nanoseconds to) {
      have = std::min(full, have + (to - last).count() * static_cast<std::int64_t>(r.count));
      last = to;
    };
    for (const auto& h : history) {
      if (h.capability != i) continue;
      pass(h.at);
      have -= r.per.count();
    }
    pass(clock.now);
    return have;
  }
  std::pair<Refusal, std::uint32_t> decide(const Effect& e) const {
    for (const auto& d : denies)
      if (d.kind == e.kind && (!d.resource || d.resource->covers(e.resource))) return {Refusal::denied, 0};
    std::optional<std::uint32_t> limited;
    for (const bool plain : {true, false}) {
      for (std::uint32_t i = 0; i < grants.size(); ++i) {
        const auto& g = grants[i];
        if ((!g.resource || g.resource->is_plain()) != plain || g.kind != e.kind ||
            (g.resource && !g.resource->covers(e.resource)))
          continue;
        if (within_limits(i, e)) return {Refusal::none, i};
        if (!limited) limited = i;
      }
    }
    return limited ? std::pair(Refusal::constraint, *limited) : std::pair(Refusal::no_capability, 0u);
  }

  std::vector<Grant> grants, denies;
  std::vector<Event> history;
  const HandClock& clock;
  Nanoseconds start;
};

TEST_F(Capabilities, DecideAsTheReferenceDoes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  const std::string resources[] = {"file.read:/a",   "file.read:/a/",  "file.read:/a/*", "file.read:/**",
                                   "file.read:/a/b", "file.read:/*/b", "state.read:a",   "state.read:a/",
                                   "state.read:**",  "env:A",          "env:*",          "clock.real"};
  const std::string limits[] = {"uses=2", "bytes=10B", "max_size=5B", "time=20ns", "expires=30ns", "rate=2/7ns"};
  std::map<Refusal, int> seen;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> grants, denies;
    for (auto n = 1 + pick(4); n > 0; --n) {
      auto text = resources[pick(std::size(resources))];
      for (const auto& l : limits)
        if (pick(4) == 0) text += "," + l;
      grants.push_back(text);
    }
    if (pick(3) == 0) denies.push_back(resources[pick(std::size(resources))]);
    auto real = set(grants, denies);
    Reference reference({real.grants().begin(), real.grants().end()}, {real.denies().begin(), real.denies().end()}, clock);
    for (int step = 0; step < 20; ++step) {
      clock.now += Nanoseconds(pick(4));
      const Effect paths[] = {read("/a", pick(4), pick(7)),
                              read("/a/b", pick(4), pick(7)),
                              read("/c", pick(4)),
                              {.kind = Kind::state_read, .resource = "a/x"},
                              {.kind = Kind::env, .resource = "A"},
                              {.kind = Kind::clock_real, .resource = {}}};
      const auto& e = paths[pick(std::size(paths))];
      const auto d = real.decide(e);
      const auto [refusal, capability] = reference.decide(e);
      ASSERT_EQ(d.refusal, refusal) << testing::PrintToString(grants) << " denies " << testing::PrintToString(denies) << " "
                                    << e.resource;
      ASSERT_EQ(d.capability, capability) << testing::PrintToString(grants) << " " << e.resource;
      ASSERT_EQ(d.by.empty(), refusal == Refusal::none || refusal == Refusal::no_capability);
      ++seen[refusal];
      if (d.allowed()) {
        ASSERT_EQ(real.use(e).capability, d.capability);
        reference.history.push_back({d.capability, e, clock.now});
      }
    }
  }
  for (const auto r : {Refusal::none, Refusal::no_capability, Refusal::denied, Refusal::constraint})
    EXPECT_GT(seen[r], 1000) << static_cast<int>(r);
}

}  // namespace
}  // namespace writ::authority
