// The executor, the commit protocol and the audit, driven by an engine whose guests are functions of this test: what they
// ask of the session is real, and so are store, receipts and log.
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/task/executor_fixture.h"
#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/source.h"
#include "writ/base/escape.h"
#include "writ/proof/shorthand.h"
#include "writ/task/selection.h"

namespace writ::task {
namespace {

using Execute = ExecutorTest;
using Audit = ExecutorTest;

TEST_F(Execute, ATaskThatEndsWellCommitsWithAReceipt) {
  const auto report = execute(spec({"state.write:out/"}), [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "out/a", "hello"));
    EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes("done\n")));
    return guest::Outcome{};
  });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->settlement, proof::Settlement::committed);
  ASSERT_EQ(report->objects.size(), 1u);
  EXPECT_EQ(report->objects[0].after, 1u);
  EXPECT_EQ(report->state_after, state());
  const auto v = verify(*report);
  EXPECT_EQ(v.verdict, proof::Verdict::verified) << v.what;
  EXPECT_EQ(v.output.standard_output.digest, digest(as_bytes("done\n")));
  EXPECT_EQ(v.output.writes.at(0).object, "out/a");
  EXPECT_EQ(v.input.capabilities.at(0).resource, "out/");
  expect_sound();
}

TEST_F(Execute, ATaskThatEndsBadlyLeavesAReceiptAndNothingElse) {
  const std::string before = state();
  const std::vector<guest::Outcome> bad{{guest::End::completed, 1, {}, {}},
                                        {guest::End::trapped, 0, "unreachable", "main"},
                                        {guest::End::timed_out, 0, {}, {}},
                                        {guest::End::out_of_memory, 0, {}, {}},
                                        {guest::End::cancelled, 0, {}, {}}};
  for (const auto& outcome : bad) {
    const auto report = execute(spec({"state.write:out/"}), [&](guest::Call& call) {
      EXPECT_TRUE(write(call.session, "out/a", "hello"));
      return outcome;
    });
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->settlement, proof::Settlement::discarded);
    EXPECT_EQ(report->outcome, outcome);
    EXPECT_TRUE(report->objects.empty());
    EXPECT_EQ(state(), before);
    EXPECT_EQ(verify(*report).verdict, proof::Verdict::verified);
  }
  EXPECT_EQ(audit().total, bad.size());
  expect_sound();
}

TEST_F(Execute, ADenialIsRecordedAndDoesNotStopAGuestThatGoesOn) {
  const auto report = execute(spec({"state.write:out/"}), [](guest::Call& call) {
    EXPECT_EQ(write(call.session, "elsewhere", "x").error().code, Code::denied);
    return guest::Outcome{};
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->settlement, proof::Settlement::committed);
  EXPECT_EQ(report->denied, 1u);
  EXPECT_EQ(verify(*report).output.effects.denied, 1u);
}

TEST_F(Execute, StrictEndsWithTheDenial) {
  auto s = spec({"state.write:out/"});
  s.on_denial = gate::OnDenial::end_task;
  const auto report = execute(std::move(s), [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "out/a", "x"));
    EXPECT_FALSE(write(call.session, "elsewhere", "x"));
    return guest::Outcome{};  // as if it had not noticed
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome.end, guest::End::denied);
  EXPECT_EQ(report->outcome.reason, "denied state.write:elsewhere");
  EXPECT_EQ(report->settlement, proof::Settlement::discarded);
}

TEST_F(Execute, CutOffOutputNeverCommits) {
  auto s = spec({"state.write:out/"});
  s.limits.output = ByteCount(10);
  std::string passed_on;
  s.output = [&](guest::Stream, std::span<const std::byte> bytes) -> Result<void> {
    passed_on += as_text(bytes);
    return {};
  };
  const auto report = execute(std::move(s), [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "out/a", "x"));
    EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes("12345678")));
    EXPECT_EQ(call.stdio.write(guest::Stream::err, as_bytes("123")).error().code, Code::exhausted);
    return guest::Outcome{};
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome.end, guest::End::trapped);
  EXPECT_EQ(report->settlement, proof::Settlement::discarded);
  EXPECT_EQ(passed_on, "12345678");
}

TEST_F(Execute, ALostRaceIsDiscardedWithAReceiptThatSaysSo) {
  ASSERT_TRUE(execute(spec({"state.write:n"}), [](guest::Call& c) {
    return write(c.session, "n", "0") ? guest::Outcome{} : guest::Outcome{guest::End::trapped, 0, {}, {}};
  }));
  const auto report = execute(spec({"state.read:n", "state.write:n"}), [this](guest::Call& call) {
    EXPECT_EQ(*read(call.session, "n"), "0");
    EXPECT_TRUE(execute(spec({"state.write:n"}), [](guest::Call& c) {
      EXPECT_TRUE(write(c.session, "n", "other"));
      return guest::Outcome{};
    }));
    EXPECT_TRUE(write(call.session, "n", "mine"));
    return guest::Outcome{};
  });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->settlement, proof::Settlement::discarded);
  EXPECT_FALSE(report->conflict.empty());
  EXPECT_EQ(verify(*report).verdict, proof::Verdict::verified) << verify(*report).what;
  expect_sound();
}

TEST_F(Execute, NamesAreUsedOnceAndFindTheirTask) {
  auto s = spec({});
  s.name = "build-index";
  const auto first = execute(s, [](guest::Call&) { return guest::Outcome{}; });
  ASSERT_TRUE(first);
  EXPECT_EQ(execute(s, [](guest::Call&) { return guest::Outcome{}; }).error().code, Code::conflict);
  const auto view = store_->snapshot();
  EXPECT_EQ(*find_task(*view, "build-index"), first->id);
  EXPECT_EQ(*find_task(*view, "@"), first->id);
  EXPECT_EQ(*find_task(*view, first->id.hex().substr(0, 5)), first->id);
  EXPECT_EQ(find_task(*view, "@2").error().code, Code::unavailable);
  EXPECT_EQ(find_task(*view, "abc").error().code, Code::invalid);
  EXPECT_EQ(find_task(*view, "no-such").error().code, Code::unavailable);
  for (const char* bad : {"a b", "cafe", "@", "", "x/y"}) EXPECT_FALSE(check_name(bad)) << bad;
}

TEST_F(Execute, InputIsReadWhenAskedAndItsDigestIsSealed) {
  auto s = spec({});
  int reads = 0;
  s.input = [&](std::span<std::byte> out, Nanoseconds) -> Result<std::size_t> {
    if (++reads > 1) return 0;
    std::copy_n(as_bytes("abc").begin(), 3, out.begin());
    return 3;
  };
  const auto unread = execute(s, [](guest::Call&) { return guest::Outcome{}; });
  EXPECT_EQ(reads, 0);
  EXPECT_FALSE(verify(*unread).input.input);
  const auto report = execute(s, [](guest::Call& call) {
    std::array<std::byte, 16> buffer{};
    EXPECT_EQ(*call.stdio.read(buffer, std::chrono::seconds(1)), 3u);
    EXPECT_EQ(*call.stdio.read(buffer, std::chrono::seconds(1)), 0u);
    return guest::Outcome{};
  });
  EXPECT_EQ(verify(*report).input.input, digest(as_bytes("abc")));
}

// A temporary file at a path that an earlier task removed: its tombstone is all that the store has of it.
TEST_F(Execute, WhatWasRemovedOnceCanComeAndGoAgain) {
  const auto run = [&](std::vector<const char*> steps) {
    const auto report = execute(spec({"state.write:tmp"}), [&](guest::Call& call) {
      for (const char* text : steps)
        EXPECT_TRUE(text == nullptr ? call.session.remove_object("tmp") : write(call.session, "tmp", text));
      return guest::Outcome{};
    });
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->settlement, proof::Settlement::committed) << report->conflict;
  };
  run({"1"});
  run({nullptr});
  run({"2", nullptr});
  EXPECT_EQ(store_->snapshot()->history("tmp")->size(), 2u);
  expect_sound();
}

TEST_F(Execute, ALongNameOfAFunctionDoesNotCostTheReceipt) {
  std::string name;  // a name section may hold this: more than a record of the store
  while (name.size() < 20'000'000) name += "\u20ac";
  const auto report = execute(spec({}), [&](guest::Call&) { return guest::Outcome{guest::End::trapped, 0, "unreachable", name}; });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(name.starts_with(report->outcome.function));
  EXPECT_EQ(verify(*report).output.outcome.function, report->outcome.function);
  EXPECT_TRUE(is_utf8(report->outcome.function));
}

TEST_F(Execute, WhoLosesTheRaceForANameStillLeavesAReceipt) {
  for (const int exit_code : {0, 3}) {
    auto slow = spec({"state.write:x"});
    slow.name = "name-" + std::to_string(exit_code);
    const auto report = execute(slow, [&](guest::Call& call) {
      auto quick = spec({});
      quick.name = slow.name;
      EXPECT_TRUE(execute(quick, [](guest::Call&) { return guest::Outcome{}; }));
      EXPECT_TRUE(write(call.session, "x", "lost"));
      return guest::Outcome{guest::End::completed, exit_code, {}, {}};
    });
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->settlement, proof::Settlement::discarded);
    EXPECT_EQ(report->conflict.empty(), exit_code != 0);
    EXPECT_EQ(verify(*report).verdict, proof::Verdict::verified);
  }
  expect_sound();
}

TEST_F(Execute, BadSpecsRunNothing) {
  auto bad_label = spec({});
  bad_label.labels = {"nolabel"};
  auto no_code = spec({});
  no_code.code.clear();
  auto too_long = spec({});  // its receipt would not fit a record
  too_long.arguments = {std::string(20'000'000, 'a')};
  for (auto* s : {&bad_label, &no_code, &too_long})
    EXPECT_FALSE(execute(*s, [](guest::Call&) -> guest::Outcome { ADD_FAILURE() << "ran"; return {}; }));
  EXPECT_EQ(audit().total, 0u);
}

// A granted file may be one that the task only looks for.
TEST_F(Execute, WhatIsGrantedAndNotThereIsNotThereForTheGuestEither) {
  const auto report = execute(spec({"file.read:/no/such/folder/"}), [](guest::Call& call) {
    const auto file = call.session.open_file("/no/such/folder/x");
    EXPECT_FALSE(file);
    if (!file) { EXPECT_EQ(file.error().code, Code::unavailable); }
    return guest::Outcome{};
  });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->denied, 0u);
}

// Eight threads increment one counter 5 times each, retrying lost races: none is lost, and the audit holds.
TEST_F(Execute, IncrementsAreSerialisable) {
  std::vector<std::thread> threads;
  std::atomic<int> races = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int done = 0; done < 5;) {
        const auto report = execute(spec({"state.read:n", "state.write:n"}), [](guest::Call& call) {
          const auto n = read(call.session, "n");
          EXPECT_TRUE(write(call.session, "n", std::to_string(n ? std::stoi(*n) + 1 : 1)));
          return guest::Outcome{};
        });
        ASSERT_TRUE(report) << report.error().text();
        if (report->settlement == proof::Settlement::committed) ++done;
        else ++races;
      }
    });
  for (auto& t : threads) t.join();
  const auto view = store_->snapshot();
  EXPECT_EQ(as_text(*view->body("n", (*view->object("n"))->version)), "40");
  std::printf("%d races lost\n", races.load());
  expect_sound();
}

// --- what an audit finds -------------------------------------------------------------------------------------------

std::shared_ptr<const authority::policy::Program> policy(const std::string& rules) {
  auto program = authority::policy::load("policy P { " + rules + " }", "p.policy");
  EXPECT_TRUE(program) << program.error().text();
  return program ? *program : nullptr;
}

TEST_F(Execute, ThePolicyStandsInTheReceiptAndItsGaugesAreTheLimits) {
  Spec s = spec({"state.write:out/"});
  s.policy = policy("rule r { forall e: StateWrite { e.size <= 4.B } } "
                    "rule g { forall c: Component { c.memory_usage <= 64.MiB && c.effects <= 100 } }");
  const auto report = execute(s, [](guest::Call& call) {
    EXPECT_EQ(call.limits.memory, 64 * MiB);
    EXPECT_EQ(write(call.session, "out/a", "12345").error().code, Code::denied);
    return guest::Outcome{};
  });
  ASSERT_TRUE(report) << report.error().text();
  const auto v = verify(*report);
  EXPECT_EQ(v.input.policy, s.policy->digest);
  EXPECT_EQ(v.input.limits.effects, 100u);
  EXPECT_EQ(report->journal.back().refusal, effect::Refusal::policy);
  expect_sound();
}

TEST_F(Execute, ATaskThatThePolicyLetsNotBeginLeavesNothing) {
  Spec s = spec({"state.write:out/"});
  s.policy = policy("rule r { forall e: StateWrite { false } }");
  const auto report = execute(s, [](guest::Call&) -> guest::Outcome { ADD_FAILURE() << "it ran"; return {}; });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::denied);
  EXPECT_EQ(audit().total, 0u);
}

TEST_F(Execute, WhatWasDoneBeforeAReplacementIsJudgedAgainAtTheCommit) {
  authority::policy::Source source;
  const auto run = [&](const char* rule) {
    FunctionEngine engine([&](guest::Call& call) {
      EXPECT_TRUE(write(call.session, "out/a", "12345"));
      source.set(policy(rule));  // and nothing is tried after it
      return guest::Outcome{};
    });
    source.set(nullptr);
    return Executor({*store_, engine, nullptr, *notary_, system_clock(), &source}).execute(spec({"state.write:out/"}));
  };
  const auto refused = run("rule r { forall e: StateWrite { e.size <= 4.B } }");
  ASSERT_TRUE(refused) << refused.error().text();
  EXPECT_EQ(refused->settlement, proof::Settlement::discarded);
  EXPECT_EQ(refused->outcome.end, guest::End::denied);
  EXPECT_NE(refused->outcome.reason.find("rule P.r at p.policy:1"), std::string::npos);
  const auto committed = run("rule r { forall e: StateWrite { e.size <= 5.B } }");
  ASSERT_TRUE(committed) << committed.error().text();
  EXPECT_EQ(committed->settlement, proof::Settlement::committed);
  EXPECT_FALSE(committed->deterministic) << "its receipt says that the policy was replaced";
  expect_sound();
}

TEST_F(Audit, FindsAnObjectThatNobodyTestifiedTo) {
  ASSERT_TRUE(store_->write([](store::Transaction& t) -> Result<void> { WRIT_CHECK(t.put_object("planted", as_bytes("x"))); return {}; }));
  const auto report = audit();
  ASSERT_FALSE(report.failed.empty());
  EXPECT_NE(report.failed[0].what.find("planted"), std::string::npos);
}

TEST_F(Audit, FindsABodyThatWasChangedInTheFile) {
  const std::string body(1'000'000, 'z');  // long enough to leave the write-ahead log when the store is closed
  ASSERT_TRUE(execute(spec({"state.write:big"}), [&](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "big", body));
    return guest::Outcome{};
  }));
  expect_sound();
  store_.reset();
  {
    std::fstream file(folder_ + "/writ.db", std::ios::in | std::ios::out | std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    const auto at = all.find(std::string(100, 'z'));
    ASSERT_NE(at, all.npos);
    file.seekp(static_cast<std::streamoff>(at + 50)).put('Z');
  }
  store_ = std::move(*store::Store::open(folder_, test_options()));
  const auto report = audit();
  ASSERT_EQ(report.failed.size(), 1u);
  EXPECT_NE(report.failed[0].what.find("big version 1"), std::string::npos) << report.failed[0].what;
}

TEST_F(Audit, FindsAMissingAndAnExchangedReceipt) {
  std::vector<Report> reports;
  for (int i = 0; i < 3; ++i) reports.push_back(*execute(spec({}), [](guest::Call&) { return guest::Outcome{}; }));
  expect_sound();
  const auto replace = [&](BytesView record) {
    ASSERT_TRUE(store_->write([&](store::Transaction& t) { return t.put_record("task.receipt", reports[1].id.bytes, record); }));
    const auto exchanged = audit();
    EXPECT_EQ(exchanged.verified, 2u);
    EXPECT_EQ(exchanged.failed.at(0).task, reports[1].id.hex());
  };
  const Bytes other = **store_->snapshot()->record("task.receipt", reports[2].id.bytes);
  replace(other);
  replace(as_bytes("no receipt at all"));
  replace({});
}

TEST_F(Execute, TheTasksOfABatchVerifyEachByItself) {
  store_.reset();
  open_store(proof::Signing::batch);
  constexpr int count = 24;
  std::vector<std::thread> threads;
  std::vector<Report> reports(count);
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      const std::string path = "out/" + std::to_string(i);
      auto report = execute(spec({"state.write:out/"}), [&](guest::Call& call) {
        EXPECT_TRUE(write(call.session, path, "hello"));
        return guest::Outcome{i % 5 == 0 ? guest::End::trapped : guest::End::completed, 0, {}, {}};
      });
      ASSERT_TRUE(report) << report.error().text();
      reports[static_cast<std::size_t>(i)] = std::move(*report);
    });
  for (auto& t : threads) t.join();
  std::size_t batches = 0;
  ASSERT_TRUE(store_->snapshot()->scan(proof::log_checkpoint_table, {}, {}, [&](BytesView, BytesView) -> Result<store::Visit> {
    ++batches;
    return store::Visit::more;
  }));
  EXPECT_LE(batches, static_cast<std::size_t>(count));
  for (const auto& r : reports) {
    const auto v = verify(r);
    EXPECT_EQ(v.verdict, proof::Verdict::verified) << v.what;
    EXPECT_EQ(v.form, proof::Form::batch);
    EXPECT_EQ(v.input.task, r.id);
  }
  EXPECT_EQ(audit().total, static_cast<std::uint64_t>(count));
  expect_sound();
}

TEST_F(Audit, FindsAChangedJournalAndAForeignKey) {
  const auto r = *execute(spec({}), [](guest::Call& call) {
    (void)write(call.session, "x", "y");
    return guest::Outcome{};
  });
  const auto stranger = proof::Notary(std::move(*SigningKey::generate()), "writ/test").verifier();
  EXPECT_EQ(runtime::audit(*store_->snapshot(), {stranger}, system_clock())->verified, 0u);
  // The record is the length of the receipt, the receipt, and the journal: here one without entries.
  Bytes record = **store_->snapshot()->record("task.receipt", r.id.bytes);
  BytesView rest = record;
  const auto length = static_cast<std::size_t>(*proof::take_count(rest));
  const std::size_t journal = record.size() - rest.size() + length;
  ASSERT_GT(record.size(), journal + 1);
  record.resize(journal + 1);
  record[journal] = std::byte{0};
  ASSERT_TRUE(store_->write([&](store::Transaction& t) { return t.put_record("task.receipt", r.id.bytes, record); }));
  EXPECT_EQ(audit().verified, 0u);
}

}  // namespace
}  // namespace writ::task
