#include "writ/gate/ledger.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/gate/ledger_record.h"
#include "writ/store/testing_folder.h"

namespace writ::gate {
namespace {

using authority::Handle;
using authority::Standing;

authority::Grant grant(std::string_view text) {
  auto g = authority::parse_grant(text, "/work", system_clock().wall());
  EXPECT_TRUE(g) << text << (g ? "" : g.error().text());
  return g ? *g : authority::Grant{};
}
authority::Limits limits(const std::string& text) { return grant("clock.real," + text).limits; }

// A store as one process has it open.
struct Opened {
  explicit Opened(const std::string& folder) {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder, options);
    EXPECT_TRUE(opened) << opened.error().text();
    store = std::move(*opened);
    auto made = Ledger::open(*store, system_clock());
    EXPECT_TRUE(made) << made.error().text();
    ledger = std::move(*made);
  }
  std::uint64_t use_up(Handle h) {
    EXPECT_TRUE(ledger->admit(std::span(&h, 1), ""));
    std::uint64_t used = 0;
    while (ledger->table().use(h, 0).allowed()) ++used;
    return used;
  }
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Ledger> ledger;
};

struct Ledgers : testing::Test {
  store::TestingFolder folder;
  std::string place = folder.path() + "/store";
};

TEST_F(Ledgers, CapabilitiesSurviveWithTheirBudgets) {
  Handle root, child;
  {
    Opened o(place);
    root = *o.ledger->mint(grant("state.write:out/,uses=10,rate=7/h"), "");
    child = *o.ledger->attenuate(root, grant("state.write:out/x,uses=4"));
    EXPECT_EQ(text(root), "0.1");
    EXPECT_EQ(text(child), "1.1");
    EXPECT_TRUE(o.ledger->table().use(child, 0).allowed());
    EXPECT_TRUE(o.ledger->table().use(root, 0).allowed());
  }
  Opened again(place);
  const auto found = again.ledger->inspect(child);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->capability.grant.text(), "state.write:out/x,uses=4,rate=7/h");
  EXPECT_EQ(found->capability.parent, root);
  EXPECT_EQ(*found->left.uses, 3u);
  EXPECT_EQ(again.use_up(child), 3u);
  EXPECT_EQ(again.use_up(root), 2u);  // its rate: seven an hour, five were used
}

// What the shared words lose (a power cut, another machine) the store knows as of the last settlement.
TEST_F(Ledgers, ABudgetSurvivesTheLossOfTheSharedWords) {
  Handle root;
  {
    Opened o(place);
    root = *o.ledger->mint(grant("state.write:out/,uses=10"), "");
    EXPECT_TRUE(o.ledger->table().use(root, 0).allowed());
    ASSERT_TRUE(o.store->write([&](store::Transaction& t) { return o.ledger->remember(t, std::span(&root, 1)); }));
  }
  ASSERT_TRUE(std::filesystem::remove(place + "/capabilities.live"));
  Opened again(place);
  EXPECT_EQ(again.use_up(root), 9u);
}

// A power cut may keep some pages of the words and lose others: those read zero.
TEST_F(Ledgers, ABudgetSurvivesTheLossOfSomePagesOfTheSharedWords) {
  std::vector<Handle> handles;
  {
    Opened o(place);
    for (int i = 0; i < 130; ++i) {
      handles.push_back(*o.ledger->mint(grant("state.write:out/,uses=3"), ""));
      ASSERT_TRUE(o.ledger->admit(std::span(&handles.back(), 1), ""));
      ASSERT_TRUE(o.ledger->table().use(handles.back(), 0).allowed());
      ASSERT_TRUE(o.store->write([&](store::Transaction& t) { return o.ledger->remember(t, std::span(&handles.back(), 1)); }));
      ASSERT_TRUE(o.ledger->table().use(handles.back(), 0).allowed());  // not remembered
    }
  }
  {
    // The header stays, which was on the disk before any word was; of the rest every other page is lost.
    std::fstream words(place + "/capabilities.live", std::ios::in | std::ios::out | std::ios::binary);
    const std::string nothing(4096, '\0');
    words.seekp(4096);
    words.write(nothing.data(), 4096);
    ASSERT_TRUE(words.good());
  }
  Opened o(place);
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const bool lost = i + 1 >= 64 && i + 1 < 128;  // 64 words a page, the first is the header's
    EXPECT_EQ(o.use_up(handles[i]), lost ? 2u : 1u) << i;
  }
}

// As a version wrote them that had no secret.
TEST_F(Ledgers, WordsWithoutASecretAreUsedAsTheyAre) {
  Handle h;
  {
    Opened o(place);
    h = *o.ledger->mint(grant("state.write:out/,uses=3"), "");
  }
  {
    std::fstream words(place + "/capabilities.live", std::ios::in | std::ios::out | std::ios::binary);
    std::array<authority::Live, 2> old{};
    words.read(reinterpret_cast<char*>(&old), sizeof old);
    old[0].bytes = 0;
    old[0].uses = 7;  // the epoch
    for (auto* word : {&old[1].uses, &old[1].bytes, &old[1].full_at}) *word = 0;
    for (auto& word : old[1].fields) word = 0;
    old[1].uses = 2;
    old[1].standing = (std::uint64_t{1} << 32) + 1;
    words.seekp(0);
    words.write(reinterpret_cast<const char*>(&old), sizeof old);
    ASSERT_TRUE(words.good());
  }
  Opened o(place);
  EXPECT_EQ(o.use_up(h), 1u);
}

TEST_F(Ledgers, ARevocationSurvivesTheLossOfTheSharedWords) {
  Handle root, child;
  {
    Opened o(place);
    root = *o.ledger->mint(grant("state.write:out/"), "");
    child = *o.ledger->attenuate(root, grant("state.write:out/x"));
    ASSERT_TRUE(o.ledger->revoke(root));
  }
  ASSERT_TRUE(std::filesystem::remove(place + "/capabilities.live"));
  Opened again(place);
  EXPECT_EQ(again.ledger->inspect(child)->standing, Standing::revoked);
  EXPECT_EQ(again.ledger->admit(std::span(&child, 1), "").error().code, Code::denied);
  EXPECT_EQ(again.ledger->attenuate(child, grant("state.write:out/x")).error().code, Code::denied);
}

TEST_F(Ledgers, ASplitIsDurableAndConserves) {
  Opened o(place);
  const auto root = *o.ledger->mint(grant("state.write:out/,uses=10"), "");
  EXPECT_TRUE(o.ledger->table().use(root, 0).allowed());
  const std::vector<authority::Limits> too_much{limits("uses=5"), limits("uses=5")}, parts{limits("uses=5"), limits("uses=4")};
  EXPECT_FALSE(o.ledger->split(root, too_much));
  EXPECT_EQ(o.ledger->inspect(root)->standing, Standing::active);
  const auto children = o.ledger->split(root, parts);
  ASSERT_TRUE(children) << children.error().text();
  Opened other(place);
  EXPECT_EQ(other.ledger->inspect(root)->standing, Standing::consumed);
  EXPECT_EQ(other.use_up((*children)[0]), 5u);
  EXPECT_EQ(o.use_up((*children)[1]), 4u);
  EXPECT_FALSE(o.ledger->table().use(root, 0).allowed());
}

TEST_F(Ledgers, AHolderIsAsked) {
  Opened o(place);
  const auto root = *o.ledger->mint(grant("state.write:out/"), "");
  const auto bound = *o.ledger->delegate(root, "code:aa");
  EXPECT_TRUE(o.ledger->admit(std::span(&bound, 1), "code:aa"));
  EXPECT_EQ(o.ledger->admit(std::span(&bound, 1), "code:bb").error().text(), "the capability is bound to another holder (1.1); it is for code:aa");
  const Handle nobody{9, 1};
  EXPECT_EQ(o.ledger->admit(std::span(&nobody, 1), "").error().code, Code::unavailable);
}

// Processes, not threads: each uses what it can; together they use the budget exactly. Some are killed while they do.
TEST_F(Ledgers, ABudgetIsExactAmongProcesses) {
  constexpr std::uint64_t budget = 20'000;
  Handle root;
  {
    Opened o(place);
    root = *o.ledger->mint(grant("state.write:out/,uses=" + std::to_string(budget)), "");
  }
  int counts[2];
  ASSERT_EQ(::pipe(counts), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    Opened o(place);
    const std::uint64_t used = o.use_up(root);
    static_cast<void>(!::write(counts[1], &used, sizeof used));
    ::_exit(0);
  }
  for (const auto c : children) ASSERT_EQ(::waitpid(c, nullptr, 0), c);
  std::uint64_t all = 0;
  for (int i = 0; i < 4; ++i) {
    std::uint64_t used = 0;
    ASSERT_EQ(::read(counts[0], &used, sizeof used), static_cast<ssize_t>(sizeof used));
    all += used;
  }
  EXPECT_EQ(all, budget);
  Opened o(place);
  EXPECT_EQ(o.use_up(root), 0u);
}

// A use in another process, in a loop, ends when it is revoked here; how long that took is the bench's business.
TEST_F(Ledgers, ARevocationReachesAnotherProcess) {
  Handle root, child;
  {
    Opened o(place);
    root = *o.ledger->mint(grant("state.write:out/"), "");
    child = *o.ledger->attenuate(root, grant("state.write:out/x"));
  }
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto other = ::fork();
  if (other == 0) {
    Opened there(place);
    bool told = false;
    if (!there.ledger->admit(std::span(&child, 1), "")) ::_exit(1);
    while (there.ledger->table().use(child, 0).allowed())
      if (!std::exchange(told, true)) static_cast<void>(!::write(ready[1], "x", 1));
    ::_exit(there.ledger->confirm(std::span(&child, 1)).error().code == Code::denied ? 0 : 2);
  }
  Opened o(place);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_TRUE(o.ledger->revoke(root));
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

// Four threads of another process use a capability without pause, one after the other, and each is revoked from here. A use
// that begins after the revocation has returned is refused, whatever the load. How long after the call the last use began
// is told, and is below 10 ms for 99 of 100: in one of three tries, since others may have the processors.
TEST_F(Ledgers, ARevocationIsQuickUnderLoad) {
  constexpr std::size_t rounds = 100, users = 4;
  struct Board {
    std::atomic<std::uint32_t> round, started[rounds], ended[rounds];
    std::atomic<std::int64_t> last[rounds][users];  // when the last use that was allowed began
  };
  const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  double best = 1e9;
  for (int tries = 0; tries < 3 && best >= 10; ++tries) {
    void* shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    auto& board = *new (shared) Board{};
    std::vector<Handle> roots, children;
    {
      Opened o(place);
      for (std::size_t i = 0; i < rounds; ++i) {
        roots.push_back(*o.ledger->mint(grant("state.write:out/"), ""));
        children.push_back(*o.ledger->attenuate(roots.back(), grant("state.write:out/x")));
      }
    }
    const auto other = ::fork();
    if (other == 0) {
      Opened there(place);
      if (!there.ledger->admit(children, "")) ::_exit(1);
      std::vector<std::jthread> threads;
      for (std::size_t n = 0; n < users; ++n)
        threads.emplace_back([&, n] {
          for (std::size_t i = 0; i < rounds; ++i) {
            for (bool told = false;;) {
              const auto begin = now();
              if (!there.ledger->table().use(children[i], 0).allowed()) break;
              board.last[i][n] = begin;
              if (!std::exchange(told, true)) ++board.started[i];
            }
            ++board.ended[i];
          }
        });
      threads.clear();
      ::_exit(0);
    }
    Opened o(place);
    std::vector<double> took;
    for (std::size_t i = 0; i < rounds; ++i) {
      while (board.started[i] < users) std::this_thread::yield();
      const auto begin = now();
      ASSERT_TRUE(o.ledger->revoke(roots[i]));
      const auto returned = now();
      while (board.ended[i] < users) std::this_thread::yield();
      std::int64_t last = begin;
      for (const auto& l : board.last[i]) last = std::max(last, l.load());
      EXPECT_LE(last, returned) << "a use after the revocation";
      took.push_back(static_cast<double>(last - begin) * 1e-6);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(other, &status, 0), other);
    EXPECT_EQ(status, 0);
    ::munmap(shared, sizeof(Board));
    std::ranges::sort(took);
    best = std::min(best, took[rounds * 99 / 100 - 1]);
    std::printf("last use after the call of revoke(): median %.3f ms, p99 %.3f ms\n", took[rounds / 2], took[rounds * 99 / 100 - 1]);
  }
  EXPECT_LT(best, 10.0);
}

TEST_F(Ledgers, TwoThatMintAtOnceGetDifferentHandles) {
  Opened a(place), b(place);
  std::vector<Handle> of_a, of_b;
  std::thread other([&] { for (int i = 0; i < 20; ++i) of_b.push_back(*b.ledger->mint(grant("clock.real"), "")); });
  for (int i = 0; i < 20; ++i) of_a.push_back(*a.ledger->mint(grant("clock.real"), ""));
  other.join();
  for (const auto h : of_a) EXPECT_EQ(std::ranges::count(of_b, h), 0);
  EXPECT_EQ(a.ledger->list()->size(), 40u);
}

TEST_F(Ledgers, WhatWasSealedEarlierIsAskedAgain) {
  Opened o(place);
  const auto root = *o.ledger->mint(grant("state.write:out/"), "");
  proof::Capability by_handle;
  by_handle.constraints = {"capability=" + text(root)};
  by_handle.effect = "state.write";
  by_handle.resource = "out/";
  const auto reader = *o.ledger->mint(grant("state.read:out/"), "");
  proof::Capability reading;
  reading.constraints = {"capability=" + text(reader)};
  reading.effect = "state.read";
  reading.resource = "out/";
  const std::vector<proof::Capability> all{by_handle, reading};
  EXPECT_EQ(*durable_capabilities(all), (std::vector<Handle>{root, reader}));
  ASSERT_TRUE(o.ledger->revoke(reader));  // what it read it has read
  EXPECT_TRUE(confirm_authority(all, o.ledger.get()));
  EXPECT_EQ(confirm_authority(all, nullptr).error().code, Code::unavailable);
  ASSERT_TRUE(o.ledger->revoke(root));
  EXPECT_EQ(confirm_authority(all, o.ledger.get()).error().code, Code::denied);
}

TEST(LedgerRecord, ReadsWhatItWroteAndNothingElse) {
  LedgerRecord r;
  r.grant = "state.read:a";
  const auto good = write_form(r);
  EXPECT_TRUE(parse_record(3, as_bytes(good)));
  r.parent = "3.1";
  r.origin = authority::Origin::split;
  EXPECT_FALSE(parse_record(3, as_bytes(write_form(r))));  // comes from itself
  EXPECT_TRUE(parse_record(4, as_bytes(write_form(r))));
  r.origin = authority::Origin::minted;
  EXPECT_FALSE(parse_record(4, as_bytes(write_form(r))));
  r.parent.clear();
  r.generation = 0;
  EXPECT_FALSE(parse_record(4, as_bytes(write_form(r))));
  EXPECT_FALSE(parse_record(4, as_bytes(std::string_view("{}"))));
  for (const char* bad : {"", "7", "7.", ".1", "7.1x", "07.1", "-1.1", "4294967296.1", "7.1 "}) EXPECT_FALSE(authority::parse_handle(bad)) << bad;
  EXPECT_EQ(*authority::parse_handle("7.1"), (Handle{7, 1}));
}

}  // namespace
}  // namespace writ::gate
