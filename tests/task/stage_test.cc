// Staged tasks: kept whole, looked at, committed or given up exactly once, by whichever process comes first.
#include "writ/task/stage.h"

#include <gmock/gmock.h>

#include <barrier>
#include <set>
#include <thread>

#include "tests/task/executor_fixture.h"
#include "writ/runtime/difference.h"
#include "writ/runtime/summary.h"
#include "writ/task/archive.h"
#include "writ/task/files_settlement.h"
#include "writ/task/selection.h"
#include "writ/task/settlement.h"

namespace writ::task {
namespace {


class StageTest : public ExecutorTest {
 protected:
  Result<Report> stage(std::vector<std::string> grants, Body body, std::string name = {}) {
    auto s = spec(std::move(grants));
    s.then = Spec::Then::stage;
    s.name = std::move(name);
    return execute(std::move(s), std::move(body));
  }
  // Stages one that writes these.
  TaskId staged(std::vector<std::pair<std::string, std::string>> writes, std::vector<std::string> grants = {"state.write:**"}) {
    const auto report = stage(std::move(grants), [&](guest::Call& call) {
      for (const auto& [path, text] : writes) EXPECT_TRUE(write(call.session, path, text));
      return guest::Outcome{};
    });
    EXPECT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->state, State::staged);
    return report->id;
  }
  void put(const std::string& path, const std::string& text) {
    const auto r = execute(spec({"state.write:" + path}), [&](guest::Call& call) {
      EXPECT_TRUE(write(call.session, path, text));
      return guest::Outcome{};
    });
    ASSERT_EQ(r->settlement, proof::Settlement::committed);
  }
  Result<Report> commit(const TaskId& id, Choice choice = {}) { return commit_staged({*store_, *notary_}, system_clock(), id, choice); }
  Result<Report> discard(const TaskId& id) { return discard_staged({*store_, *notary_}, id); }
  Result<runtime::Difference> difference(const TaskId& id, Paths only = {}) {
    return runtime::difference(*store_->snapshot(), places_of(*store_), id, only);
  }
  std::optional<std::string> object(const std::string& path) {
    const auto view = store_->snapshot();
    const auto found = *view->object(path);
    if (!found) return std::nullopt;
    return std::string(as_text(*view->body(path, found->version)));
  }
  void reopen() {
    store_.reset();
    store_ = std::move(*store::Store::open(folder_, test_options()));
  }
  std::size_t waiting() {
    runtime::TaskFilter filter;
    filter.wanted.waiting = Wanted::Waiting::staged;
    filter.limit = 10'000;
    return runtime::list_tasks(*store_->snapshot(), filter)->size();
  }
};
using Stage = StageTest;

TEST_F(Stage, NothingIsVisibleUntilItIsCommittedAndItSurvivesTheProcess) {
  put("a", "old\n");
  const std::string root = state();
  const auto id = staged({{"a", "new\n"}, {"b", "made\n"}});
  EXPECT_EQ(state(), root);
  EXPECT_EQ(object("b"), std::nullopt);
  EXPECT_EQ(waiting(), 1u);
  expect_sound();
  reopen();
  const auto difference = this->difference(id);
  ASSERT_TRUE(difference) << difference.error().text();
  ASSERT_EQ(difference->changes.size(), 2u);
  EXPECT_EQ(difference->changes[0].patch, "--- a/state/a\n+++ b/state/a\n@@ -1 +1 @@\n-old\n+new\n");
  EXPECT_EQ(difference->changes[1].patch, "--- /dev/null\n+++ b/state/b\n@@ -0,0 +1 @@\n+made\n");
  const auto report = commit(id, {difference->digest, {}});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->state, State::committed);
  EXPECT_EQ(object("a"), "new\n");
  EXPECT_EQ(object("b"), "made\n");
  EXPECT_EQ(verify(*report).verdict, proof::Verdict::verified);
  EXPECT_EQ(waiting(), 0u);
  const auto after = this->difference(id);
  EXPECT_EQ(after->digest, difference->digest) << "what was committed is what was shown";
  EXPECT_EQ(after->changes[0].patch, difference->changes[0].patch);
  expect_sound();
  EXPECT_EQ(commit(id).error().code, Code::conflict);
  EXPECT_EQ(discard(id).error().code, Code::conflict);
}

TEST_F(Stage, ADiscardedOneLeavesAReceiptAndNothingElse) {
  const auto id = staged({{"a", "x"}});
  const std::string root = state();
  const auto report = discard(id);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->state, State::discarded);
  EXPECT_EQ(state(), root);
  EXPECT_EQ(object("a"), std::nullopt);
  const auto v = verify(*report);
  EXPECT_EQ(v.verdict, proof::Verdict::verified);
  EXPECT_EQ(v.output.settlement, proof::Settlement::discarded);
  EXPECT_EQ(v.output.outcome.reason, "discarded by the operator");
  EXPECT_EQ(commit(id).error().code, Code::conflict);
  for (const auto table : {"task.staged", "task.staged_journal", "task.staged_body"})
    EXPECT_TRUE(store_->snapshot()->scan(table, {}, {}, [&](BytesView, BytesView) -> Result<store::Visit> {
      ADD_FAILURE() << table << " is not empty";
      return store::Visit::more;
    }));
  expect_sound();
}

TEST_F(Stage, WhatFailsIsSettledAtOnce) {
  const auto report = stage({"state.write:a"}, [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "a", "x"));
    return guest::Outcome{guest::End::completed, 3, {}, {}};
  });
  EXPECT_EQ(report->state, State::discarded);
  EXPECT_FALSE(report->receipt.empty());
  EXPECT_EQ(waiting(), 0u);
}

// Every object that it read or wrote, and every folder that it listed, must still be so; else nothing is written.
TEST_F(Stage, AStaleOneIsAConflictAndStays) {
  put("read", "1");
  put("written", "1");
  put("folder/a", "1");
  const auto make = [&] {
    const auto r = stage({"state.read:**", "state.write:**"}, [&](guest::Call& call) {
      EXPECT_TRUE(read(call.session, "read"));
      EXPECT_TRUE(call.session.list_objects("folder"));
      EXPECT_TRUE(write(call.session, "written", "2"));
      return guest::Outcome{};
    });
    return r->id;
  };
  int n = 1;
  for (const std::string changed : {"read", "written", "folder/b"}) {
    const auto id = make();
    put(changed, std::to_string(++n));
    const auto before = object("written");
    const std::string root = state();
    const auto refused = commit(id);
    ASSERT_FALSE(refused) << changed;
    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_EQ(state(), root);
    EXPECT_EQ(object("written"), before);
    EXPECT_TRUE(*is_staged(*store_->snapshot(), id)) << "it can still be looked at";
    EXPECT_TRUE(discard(id));
  }
  expect_sound();
}

TEST_F(Stage, TheDigestIsOfWhatWasShown) {
  const auto id = staged({{"a", "1"}, {"b", "2"}});
  const auto view = store_->snapshot();
  const std::string all = difference(id)->digest, part = difference(id, {{"a"}})->digest;
  EXPECT_NE(all, part);
  for (const Choice& wrong : {Choice{part, {}}, Choice{all, {{"a"}}}, Choice{std::string(64, '0'), {}}, Choice{all.substr(0, 15), {}},
                              Choice{"x", {}}, Choice{all + "0", {}}}) {
    const auto refused = commit(id, wrong);
    ASSERT_FALSE(refused) << wrong.digest;
    EXPECT_EQ(refused.error().code, Code::conflict);
  }
  EXPECT_EQ(commit(id, {{}, {{"c"}}}).error().code, Code::invalid);
  EXPECT_EQ(object("a"), std::nullopt);
  const auto report = commit(id, {part.substr(0, 16), {{"a"}}});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(object("a"), "1");
  EXPECT_EQ(object("b"), std::nullopt) << "the rest was given up";
  EXPECT_EQ(verify(*report).output.outcome.reason, "committed in part: 1 of 2 changes");
  EXPECT_EQ(commit(id).error().code, Code::conflict);
  expect_sound();
}

TEST_F(Stage, OnlyTakesFoldersAndNoNeighbours) {
  const auto id = staged({{"ab", "0"}, {"a/x", "1"}, {"a/y/z", "2"}});
  ASSERT_TRUE(commit(id, {{}, {{"a"}}}));
  EXPECT_EQ(object("a/x"), "1");
  EXPECT_EQ(object("a/y/z"), "2");
  EXPECT_EQ(object("ab"), std::nullopt);
}

TEST_F(Stage, WhatMayBeWrittenIsAskedAgain) {
  struct Later final : Clock {
    WallTime wall() const override { return {system_clock().wall().ns + Nanoseconds(std::chrono::hours(2)).count()}; }
    Nanoseconds monotonic() const override { return system_clock().monotonic(); }
  } later;
  const auto id = staged({{"a", "1"}, {"b", "2"}}, {"state.write:a,expires=1h", "state.write:b"});
  const auto refused = commit_staged({*store_, *notary_}, later, id, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::denied);
  EXPECT_NE(refused.error().text().find("expires="), std::string::npos) << refused.error().text();
  EXPECT_EQ(object("a"), std::nullopt);
  EXPECT_EQ(object("b"), std::nullopt);
  EXPECT_TRUE(commit_staged({*store_, *notary_}, later, id, {{}, {{"b"}}})) << "what is still allowed can be committed";
  EXPECT_EQ(object("b"), "2");
}

TEST_F(Stage, OfManyThatCommitOneTaskOneWins) {
  const auto id = staged({{"a", "1"}});
  const auto empty = staged({});
  for (const auto& task : {id, empty}) {
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    std::barrier start(8);
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        const auto r = i % 2 == 0 ? commit(task) : discard(task);
        if (r) ++won;
        else EXPECT_EQ(r.error().code, Code::conflict) << r.error().text();
      });
    for (auto& t : threads) t.join();
    EXPECT_EQ(won, 1);
  }
  EXPECT_EQ(waiting(), 0u);
  expect_sound();
}

TEST_F(Stage, NamesArePartOfIt) {
  ASSERT_TRUE(stage({}, [](guest::Call&) { return guest::Outcome{}; }, "mine"));
  const auto view = store_->snapshot();
  const auto id = *find_task(*view, "mine");
  EXPECT_EQ(*find_task(*view, "@"), id);
  EXPECT_EQ(*find_task(*view, id.hex().substr(0, 8)), id);
  EXPECT_EQ(stage({}, [](guest::Call&) { return guest::Outcome{}; }, "mine").error().code, Code::conflict);
  EXPECT_EQ(runtime::receipt_of(*view, id).error().code, Code::unavailable);
  EXPECT_EQ(runtime::record_of(*view, id)->state, State::staged);
}

// Bodies longer than a chunk, empty ones, removed objects: all come back as they were.
TEST_F(Stage, BodiesOfEverySizeComeBack) {
  put("gone", "x");
  std::string big(9u << 20, 'a');
  for (std::size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>('a' + i / 4096 % 26);
  const auto report = stage({"state.write:**"}, [&](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "big", big));
    EXPECT_TRUE(write(call.session, "exact", big.substr(0, 4u << 20)));
    EXPECT_TRUE(write(call.session, "empty", ""));
    EXPECT_TRUE(call.session.remove_object("gone"));
    return guest::Outcome{};
  });
  ASSERT_TRUE(report) << report.error().text();
  reopen();
  ASSERT_TRUE(commit(report->id));
  EXPECT_EQ(object("big"), big);
  EXPECT_EQ(object("exact"), big.substr(0, 4u << 20));
  EXPECT_EQ(object("empty"), "");
  EXPECT_EQ(object("gone"), std::nullopt);
  expect_sound();
}

TEST_F(Stage, WhatIsDamagedIsRefused) {
  const auto id = staged({{"a", "1"}});
  Bytes key(id.bytes.begin(), id.bytes.end());
  key.resize(key.size() + 8);  // the first chunk of the first body
  ASSERT_TRUE(store_->write([&](store::Transaction& t) { return t.put_record("task.staged_body", key, as_bytes("2")); }));
  EXPECT_EQ(commit(id).error().code, Code::corrupt);
  EXPECT_EQ(object("a"), std::nullopt);
  EXPECT_TRUE(discard(id)) << "it can still be given up";
}

TEST_F(Stage, AThousandWait) {
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(stage({"state.write:**"}, [&](guest::Call& call) {
      EXPECT_TRUE(write(call.session, "o/" + std::to_string(i), "x"));
      return guest::Outcome{};
    }, "n-" + std::to_string(i))->state, State::staged);
  EXPECT_EQ(waiting(), 1000u);
  const auto view = store_->snapshot();
  for (int i = 0; i < 1000; i += 2) ASSERT_TRUE(commit(*find_task(*view, "n-" + std::to_string(i))));
  EXPECT_EQ(waiting(), 500u);
  for (int i = 1; i < 1000; i += 2) ASSERT_TRUE(discard(*find_task(*view, "n-" + std::to_string(i))));
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(store_->snapshot()->list("o/", 2000)->size(), 500u);
  expect_sound();
}

}  // namespace
}  // namespace writ::task
