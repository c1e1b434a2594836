// Replays: a task told again comes to the same; what differs is found and named; what cannot be told again says why.
#include "writ/task/replay.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/task/executor_fixture.h"
#include "writ/runtime/replay.h"
#include "writ/runtime/summary.h"
#include "writ/task/settlement.h"

namespace writ::task {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ReplayTest : public ExecutorTest {
 protected:
  // Tells the task again; `body` is what its code is now.
  Result<std::vector<std::string>> replay(const TaskId& id, Body body, Input input = {}) {
    FunctionEngine engine(std::move(body));
    Executor executor({*store_, engine, nullptr, *notary_, system_clock()});
    const auto view = store_->snapshot();
    return runtime::replay(*view, executor, id, std::move(input));
  }
  static Input from(std::string text) {
    const auto rest = std::make_shared<std::string>(std::move(text));
    return [rest](std::span<std::byte> out, Nanoseconds) -> Result<std::size_t> {
      const auto n = std::min(out.size(), rest->size());
      std::copy_n(as_bytes(*rest).begin(), n, out.begin());
      rest->erase(0, n);
      return n;
    };
  }
  static std::string drain(guest::Call& call) {
    std::string all;
    std::array<std::byte, 7> piece;
    for (;;) {
      const auto n = call.stdio.read(piece, std::chrono::seconds(1));
      if (!n || *n == 0) return all;
      all += as_text(std::span(piece).first(*n));
    }
  }
};
using Replay = ReplayTest;

// Everything that a task can look at: state, time, randomness, environment, arguments.
guest::Outcome look_around(guest::Call& call) {
  std::string seen;
  for (const auto& a : call.arguments) seen += a + "\n";
  for (const auto& v : call.session.environment()) seen += v + "\n";
  std::array<std::byte, 32> random{};
  call.session.fill_random(random);
  seen += hex(random) + rfc3339(call.session.wall_time()) + std::to_string(call.session.monotonic_time().count());
  seen += *read(call.session, "in");
  EXPECT_FALSE(read(call.session, "forbidden"));
  EXPECT_TRUE(write(call.session, "out", seen));
  EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes(seen)));
  return {};
}

TEST_F(Replay, ATaskToldAgainComesToTheSameWhateverTheStateIsNow) {
  const auto put = [&](const std::string& text) {
    ASSERT_TRUE(execute(spec({"state.write:in"}), [&](guest::Call& c) {
      EXPECT_TRUE(write(c.session, "in", text));
      return guest::Outcome{};
    }));
  };
  put("first");
  auto s = spec({"state.read:in", "state.write:out,max_size=1MiB", "env:HOME"});
  s.arguments = {"a", "b c"};
  s.environment = {"HOME=/home/x", "SECRET=1"};
  s.denies.push_back(*authority::parse_deny("state.read:forbidden", "/"));
  const auto report = execute(std::move(s), look_around);
  ASSERT_EQ(report->settlement, proof::Settlement::committed);
  put("second");
  for (int i = 0; i < 2; ++i) {
    const auto differences = replay(report->id, look_around);
    ASSERT_TRUE(differences) << differences.error().text();
    EXPECT_THAT(*differences, IsEmpty());
  }
  EXPECT_EQ(audit().total, 3u) << "a replay leaves nothing";
  expect_sound();
}

TEST_F(Replay, EveryDifferenceIsNamed) {
  const auto body = [](std::string path, std::string text, std::string out, std::string err, int exit) {
    return [=](guest::Call& call) {
      EXPECT_TRUE(write(call.session, path, text));
      EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes(out)));
      EXPECT_TRUE(call.stdio.write(guest::Stream::err, as_bytes(err)));
      return guest::Outcome{guest::End::completed, exit, {}, {}};
    };
  };
  const auto report = execute(spec({"state.write:**"}), body("a", "1", "o", "e", 0));
  const auto differences = [&](Body b) { return testing::PrintToString(*replay(report->id, std::move(b))); };
  EXPECT_THAT(differences(body("a", "1", "o", "e", 0)), "{}");
  EXPECT_THAT(differences(body("b", "1", "o", "e", 0)), HasSubstr("effect 0: was state.write a allowed"));
  EXPECT_THAT(differences(body("a", "2", "o", "e", 0)), HasSubstr("write set, first at a"));
  EXPECT_THAT(differences(body("a", "1", "x", "e", 0)), HasSubstr("standard output"));
  EXPECT_THAT(differences(body("a", "1", "o", "x", 0)), HasSubstr("standard error"));
  EXPECT_THAT(differences(body("a", "1", "o", "e", 1)), HasSubstr("outcome: was completed, exit 0, is completed, exit 1"));
}

TEST_F(Replay, StagedDiscardedPartAndFailedOnesToo) {
  const auto two = [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "a", "1"));
    EXPECT_TRUE(write(call.session, "b", "2"));
    return guest::Outcome{};
  };
  const auto other = [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "a", "1"));
    EXPECT_TRUE(write(call.session, "b", "3"));
    return guest::Outcome{};
  };
  const auto check = [&](const TaskId& id, const char* when) {
    const auto same = replay(id, two);
    ASSERT_TRUE(same) << when << same.error().text();
    EXPECT_THAT(*same, IsEmpty()) << when;
    EXPECT_FALSE(replay(id, other)->empty()) << when;
  };
  for (const bool commit : {true, false}) {
    auto s = spec({"state.write:**"});
    s.then = Spec::Then::stage;
    const auto report = execute(std::move(s), two);
    check(report->id, "staged");
    if (commit) ASSERT_TRUE(commit_staged({*store_, *notary_}, system_clock(), report->id, {{}, {{"a"}}}));
    else ASSERT_TRUE(discard_staged({*store_, *notary_}, report->id));
    check(report->id, commit ? "committed in part" : "discarded");
  }
  const auto trapped = [](guest::Call&) { return guest::Outcome{guest::End::trapped, 0, "unreachable", "main"}; };
  const auto failed = execute(spec({}), trapped);
  EXPECT_THAT(*replay(failed->id, trapped), IsEmpty());
  EXPECT_FALSE(replay(failed->id, [](guest::Call&) { return guest::Outcome{guest::End::trapped, 0, "unreachable", "other"}; })->empty());
}

TEST_F(Replay, InputIsKeptOrGivenAgain) {
  const auto body = [](guest::Call& call) {
    EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes(drain(call))));
    return guest::Outcome{};
  };
  auto s = spec({});
  s.input = from("some input\n");
  const auto plain = execute(s, body);
  EXPECT_EQ(replay(plain->id, body).error().code, Code::unsupported);
  EXPECT_THAT(*replay(plain->id, body, from("some input\n")), IsEmpty());
  const auto wrong = replay(plain->id, body, from("other input\n"));
  EXPECT_EQ(wrong.error().code, Code::unsupported) << "that is no verdict on the task";
  s.input = from("some input\n");
  s.inputs = Spec::Inputs::keep;
  const auto kept = execute(s, body);
  EXPECT_THAT(*replay(kept->id, body), IsEmpty());
}

TEST_F(Replay, FilesAreKeptOrMustBeTheSame) {
  const std::string place = folder_ + "/files";
  std::filesystem::create_directory(place);
  const auto put = [&](const std::string& text) { std::ofstream(place + "/x") << text; };
  const auto body = [&](guest::Call& call) {
    auto file = call.session.open_file(place + "/x");
    if (!file) return guest::Outcome{guest::End::completed, 4, {}, {}};
    std::string text((*file)->metadata().size, 0);
    EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(text))));
    EXPECT_TRUE(call.session.list_files(place));
    EXPECT_TRUE(call.stdio.write(guest::Stream::out, as_bytes(text)));
    return guest::Outcome{};
  };
  put("one");
  auto s = spec({"file.read:" + place + "/"});
  const auto plain = execute(s, body);
  s.inputs = Spec::Inputs::keep;
  const auto kept = execute(s, body);
  EXPECT_THAT(*replay(plain->id, body), IsEmpty());
  put("another");
  const auto changed = replay(plain->id, body);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::unsupported);
  EXPECT_THAT(changed.error().text(), HasSubstr("has changed: " + place + "/x"));
  EXPECT_THAT(*replay(kept->id, body), IsEmpty()) << "what was kept is what it reads";
  std::filesystem::remove_all(place);
  EXPECT_EQ(replay(plain->id, body).error().code, Code::unsupported) << "the granted folder is gone";
  EXPECT_THAT(*replay(kept->id, body), IsEmpty());
}

TEST_F(Replay, WhatCannotBeToldAgainSaysWhy) {
  const auto nothing = [](guest::Call&) { return guest::Outcome{}; };
  const auto why = [&](const Report& r, Body body) {
    const auto answer = replay(r.id, std::move(body));
    EXPECT_FALSE(answer);
    if (answer) return std::string();
    EXPECT_EQ(answer.error().code, Code::unsupported);
    return answer.error().text();
  };
  const auto clock = [](guest::Call& call) {
    call.session.wall_time();
    return guest::Outcome{};
  };
  EXPECT_THAT(why(*execute(spec({"clock.real"}), clock), clock), HasSubstr("never the same twice: clock.real"));
  EXPECT_THAT(why(*execute(spec({}), [](guest::Call&) { return guest::Outcome{guest::End::timed_out, 0, {}, {}}; }), nothing),
              HasSubstr("depends on the machine"));
  EXPECT_THAT(why(*execute(spec({"state.read:a,rate=10/s"}), nothing), nothing), HasSubstr("rate"));
  const auto report = execute(spec({}), nothing);
  ASSERT_TRUE(store_->write([&](store::Transaction& t) { return t.remove_record("task.recipe", report->id.bytes); }));
  EXPECT_THAT(why(*report, nothing), HasSubstr("seed"));
}

// The grants of a receipt are read back as they were given.
TEST_F(Replay, GrantsComeBackFromTheirManifest) {
  for (const char* text : {"state.read:a/*/b-%20c.json", "state.write:**,max_size=1MiB,uses=3", "file.read:/usr/share/,bytes=10MiB,time=30s",
                           "env:HOME,expires=2100-01-01T00:00:00Z", "clock.real,rate=10/s", "random.real"}) {
    const auto report = execute(spec({text}), [](guest::Call&) { return guest::Outcome{}; });
    ASSERT_TRUE(report) << text << report.error().text();
    const auto record = runtime::record_of(*store_->snapshot(), report->id);
    const auto told = find_told(*store_->snapshot(), report->id, record->input, record->output, record->journal);
    const auto again = retell(*told);
    ASSERT_TRUE(again) << text << again.error().text();
    EXPECT_EQ(again->grants, spec({text}).grants) << text;
  }
}

}  // namespace
}  // namespace writ::task
