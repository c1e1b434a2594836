// A store with a committed task, whose undo is tried, and a staged one, whose settlement is: what the fault tests break.
// After whatever happened, check() demands that each is as before or done, whole, with its receipt, and that it can be done.
#pragma once

#include "tests/task/executor_fixture.h"
#include "writ/runtime/operator_engine.h"
#include "writ/runtime/undo.h"
#include "writ/store/fsck.h"
#include "writ/task/archive.h"
#include "writ/task/files_settlement.h"
#include "writ/task/settlement.h"
#include "writ/task/stage.h"

namespace writ::task {

enum class Work { stage, commit, discard, undo };
inline constexpr std::array<std::string_view, 4> work_names{"stage", "commit", "discard", "undo"};

struct StagedPlace {
  std::string folder;
  TaskId committed, staged;
};

inline const proof::Notary& test_notary() {
  static const proof::Notary notary = [] {
    std::array<std::byte, SigningKey::seed_size> seed;
    seed.fill(std::byte{7});
    return proof::Notary(std::move(*SigningKey::from_seed(seed)), "writ/test");
  }();
  return notary;
}

inline Result<Report> run_body(store::Store& store, Spec::Then then, const Body& body) {
  FunctionEngine engine(body);
  Spec s;
  s.code_name = "test.wasm";
  s.code = to_bytes("code");
  s.grants.push_back(*authority::parse_grant("state.write:**", "/", WallTime{}));
  s.then = then;
  return Executor({store, engine, nullptr, test_notary(), system_clock()}).execute(std::move(s));
}

// The disk may fail while it runs: then it is a task that did not end well.
inline guest::Outcome write_three(guest::Call& call) {
  const bool written = write(call.session, "s/a", "new") && write(call.session, "s/b", std::string(20'000, 'b')) &&
                       call.session.remove_object("s/gone");
  return written ? guest::Outcome{} : guest::Outcome{guest::End::trapped, 0, "the disk failed", {}};
}

inline StagedPlace make_place(const std::string& folder) {
  const auto store = *store::Store::open(folder, test_options());
  const auto one = run_body(*store, Spec::Then::settle, [](guest::Call& call) {
    for (const char* path : {"s/a", "s/gone", "u/a", "u/b"}) EXPECT_TRUE(write(call.session, path, "old"));
    return guest::Outcome{};
  });
  EXPECT_TRUE(one);
  const auto two = run_body(*store, Spec::Then::settle, [](guest::Call& call) {
    EXPECT_TRUE(write(call.session, "u/a", "changed"));
    EXPECT_TRUE(call.session.remove_object("u/b"));
    EXPECT_TRUE(write(call.session, "u/c", "made"));
    return guest::Outcome{};
  });
  EXPECT_TRUE(two);
  const auto three = run_body(*store, Spec::Then::stage, write_three);
  EXPECT_TRUE(three && three->state == State::staged);
  return {folder, two->id, three->id};
}

inline Result<Report> undo(store::Store& store, const TaskId& id) {
  WRIT_TRY(const auto view, store.snapshot());
  WRIT_TRY(auto plan, runtime::plan_undo(view, places_of(store), id, {}));
  WRIT_TRY(auto made, runtime::task_of(std::move(plan), places_of(store)));
  return Executor({store, made.engine, nullptr, test_notary(), system_clock()}).execute(std::move(made.spec));
}

inline Result<Report> work(store::Store& store, const StagedPlace& place, Work what) {
  switch (what) {
    case Work::stage: return run_body(store, Spec::Then::stage, write_three);
    case Work::commit: return commit_staged({store, test_notary()}, system_clock(), place.staged, {});
    case Work::discard: return discard_staged({store, test_notary()}, place.staged);
    case Work::undo: return undo(store, place.committed);
  }
  std::unreachable();
}

inline std::string state_of(const store::View& view, const std::string& prefix) {
  std::string all;
  const auto listed = view.list(prefix, 100);
  for (const auto& o : *listed) all += o.path + "=" + std::string(as_text(*view.body(o.path, o.version)).substr(0, 8)) + " ";
  return all;
}

enum class Found { before, done };

// Whether the work was done; everything else about the store must hold.
inline Found check(const std::string& folder, const StagedPlace& place, Work what, const store::OpenOptions& options,
                   const std::string& when) {
  EXPECT_TRUE(store::fsck(folder, store::Repair::report)->findings.empty()) << when;
  const auto store = store::Store::open(folder, options);
  EXPECT_TRUE(store) << when << (store ? "" : store.error().text());
  if (!store) return Found::before;
  const auto view = *(*store)->snapshot();
  const auto audited = runtime::audit(view, {test_notary().verifier()}, system_clock());
  for (const auto& f : audited->failed) ADD_FAILURE() << when << ": " << f.task << " " << f.what;
  const bool waits = *is_staged(view, place.staged), receipt = find_receipt(view, place.staged)->has_value();
  EXPECT_NE(waits, receipt) << when << ": staged or settled, not both, not neither";
  const std::string s = state_of(view, "s/"), u = state_of(view, "u/");
  const std::string s_old = "s/a=old s/gone=old ", s_new = "s/a=new s/b=bbbbbbbb ", u_old = "u/a=old u/b=old ", u_new = "u/a=changed u/c=made ";
  Found found = Found::before;
  switch (what) {
    case Work::stage: {
      std::size_t staged = 0;
      EXPECT_TRUE(visit_staged(view, TaskId{}, *TaskId::parse(std::string(32, 'f')), [&](const TaskId&) -> Result<store::Visit> {
        ++staged;
        return store::Visit::more;
      }));
      EXPECT_TRUE(staged == 1 || staged == 2) << when;
      if (staged == 2) found = Found::done;
      EXPECT_EQ(s, s_old) << when;
      break;
    }
    case Work::commit:
      if (!waits) found = Found::done;
      EXPECT_EQ(s, waits ? s_old : s_new) << when;
      break;
    case Work::discard:
      if (!waits) found = Found::done;
      EXPECT_EQ(s, s_old) << when;
      break;
    case Work::undo:
      EXPECT_TRUE(u == u_old || u == u_new) << when << ": " << u;
      if (u == u_old) found = Found::done;
      break;
  }
  if (what != Work::undo) { EXPECT_EQ(u, u_new) << when; }
  if (found == Found::before) {
    const auto again = work(**store, place, what);
    EXPECT_TRUE(again && again->conflict.empty()) << when << ": it can still be done: " << (again ? again->conflict : again.error().text());
  }
  return found;
}

}  // namespace writ::task
