// A folder with files, a committed task that changed some of them, whose undo is tried, and a staged one, whose commit is: what
// the tests of the workspace journal break. After whatever happened, check() demands that each is as before or done, whole,
// with its receipt; that nothing is left; and that it can still be done.
#pragma once

#include "tests/fault/task/staged_place.h"
#include "writ/runtime/difference.h"
#include "writ/store/testing_folder.h"
#include "writ/workspace/commit.h"
#include "writ/workspace/testing_folder.h"

namespace writ::task {

using Picture = std::map<std::string, std::string>;

inline Result<void> write_file(gate::Session& session, const std::string& path, std::string_view text) {
  using Wish = gate::Session::FileWish;
  WRIT_TRY(auto file, session.open_file(path, Wish{effect::Follow::no, effect::Access::write, effect::Making::if_absent, effect::Cut::yes}));
  return file->write_at(0, as_bytes(text));
}

class FilesWorld {
 public:
  static store::OpenOptions options() {
    auto o = test_options();
    o.durability = store::Durability::none;  // what is lost in a power cut is the business of the store's own tests
    return o;
  }
  FilesWorld() {
    for (const char* name : {"s/changed", "s/gone", "s/deep/moved", "u/changed", "u/gone"}) base.write(name, "old\n");
    const auto store = *store::Store::open(own.path(), options());
    const auto undoable = run(*store, workspace::host_files(), Spec::Then::settle, [this](gate::Session& s) -> Result<void> {
      WRIT_CHECK(write_file(s, base / "u/changed", "new\n"));
      WRIT_CHECK(s.remove_file(base / "u/gone"));
      WRIT_CHECK(s.make_file_folder(base / "u/made"));
      return write_file(s, base / "u/made/file", "new\n");
    });
    EXPECT_TRUE(undoable && undoable->settlement == proof::Settlement::committed) << (undoable ? undoable->conflict : undoable.error().text());
    committed = undoable->id;
    const auto waiting = stage(*store, workspace::host_files());
    EXPECT_TRUE(waiting && waiting->state == State::staged) << (waiting ? waiting->conflict : waiting.error().text());
    staged = waiting->id;
    before = workspace::testing::picture(base.text());
    after_commit = after_undo = before;
    after_commit["s/changed"] = "new\n";
    after_commit.erase("s/gone");
    after_commit.erase("s/deep/moved");
    after_commit.erase("s/deep");
    after_commit["s/made"] = "/";
    after_commit["s/made/moved"] = "old\n";
    after_commit["s/link"] = "-> changed";
    after_undo["u/changed"] = after_undo["u/gone"] = "old\n";
    after_undo.erase("u/made");
    after_undo.erase("u/made/file");
  }

  Result<Report> work(store::Store& store, workspace::Files& files, Work what) {
    switch (what) {
      case Work::stage: return stage(store, files);
      case Work::commit: return commit_staged({store, test_notary(), nullptr, files}, system_clock(), staged, {});
      case Work::discard: return discard_staged({store, test_notary(), nullptr, files}, staged);
      case Work::undo: {
        WRIT_TRY(const auto view, store.snapshot());
        WRIT_TRY(auto plan, runtime::plan_undo(view, places_of(store), committed, {}, files));
        WRIT_TRY(auto made, runtime::task_of(std::move(plan), places_of(store)));
        return Executor({store, made.engine, nullptr, test_notary(), system_clock(), nullptr, {}, &files}).execute(std::move(made.spec));
      }
    }
    std::unreachable();
  }

  // What the next command does before anything else.
  static void recover(store::Store& store, const std::string& when) {
    const auto r = workspace::recover(workspace::host_files(), store, places_of(store), is_staged);
    ASSERT_TRUE(r) << when << ": " << r.error().text();
    EXPECT_TRUE(r->left.empty()) << when << ": " << r->left[0];
    EXPECT_TRUE(r->failures.empty()) << when << ": " << r->failures[0];
  }

  Found check(Work what, const std::string& when) {
    EXPECT_TRUE(store::fsck(own.path(), store::Repair::report)->findings.empty()) << when;
    const auto store = *store::Store::open(own.path(), options());
    recover(*store, when);
    const auto view = *store->snapshot();
    const auto audited = runtime::audit(view, {test_notary().verifier()}, system_clock());
    for (const auto& f : audited->failed) ADD_FAILURE() << when << ": " << f.task << " " << f.what;
    const auto waiting = staged_now(view);
    const auto now = workspace::testing::picture(base.text());
    Found found = Found::before;
    switch (what) {
      case Work::stage:
        EXPECT_TRUE(now == before) << when << ": staging changed the folder";
        EXPECT_TRUE(waiting.size() == 1 || waiting.size() == 2) << when;
        if (waiting.size() == 2) found = Found::done;
        break;
      case Work::commit:
        EXPECT_TRUE(now == (waiting.empty() ? after_commit : before)) << when << ": a mix";
        EXPECT_EQ(find_receipt(view, staged)->has_value(), waiting.empty()) << when;
        EXPECT_EQ((*view.object("o")).has_value(), waiting.empty()) << when << ": objects and files go together";
        if (waiting.empty()) found = Found::done;
        break;
      case Work::discard:
        EXPECT_TRUE(now == before) << when;
        EXPECT_EQ(find_receipt(view, staged)->has_value(), waiting.empty()) << when;
        if (waiting.empty()) found = Found::done;
        break;
      case Work::undo:
        EXPECT_TRUE(now == before || now == after_undo) << when << ": a mix";
        if (now == after_undo) found = Found::done;
        break;
    }
    expect_nothing_left(waiting, when);
    for (const auto& id : waiting) {
      const auto shown = runtime::difference(view, places_of(*store), id, {});
      EXPECT_TRUE(shown) << when << ": " << shown.error().text();
      for (const auto& c : shown->files) EXPECT_EQ(c.patch.find("not shown"), std::string::npos) << when << ": " << c.patch;
    }
    if (found == Found::before) {
      const auto again = work(*store, workspace::host_files(), what);
      EXPECT_TRUE(again && again->conflict.empty()) << when << ": it can still be done: " << (again ? again->conflict : again.error().text());
    }
    return found;
  }

  workspace::testing::Folder base;
  store::TestingFolder own;
  TaskId committed, staged;
  Picture before, after_commit, after_undo;

 private:
  Result<Report> run(store::Store& store, workspace::Files& files, Spec::Then then, const std::function<Result<void>(gate::Session&)>& what) {
    FunctionEngine engine([&](guest::Call& call) {
      const auto done = what(call.session);
      return done ? guest::Outcome{} : guest::Outcome{guest::End::trapped, 0, done.error().text(), {}};
    });
    Spec s;
    s.code_name = "test.wasm";
    s.code = to_bytes("code");
    for (const auto& grant : {"file.read:" + base.text() + "/", "file.write:" + base.text() + "/", std::string("state.write:**")})
      s.grants.push_back(*authority::parse_grant(grant, "/", WallTime{}));
    s.then = then;
    return Executor({store, engine, nullptr, test_notary(), system_clock(), nullptr, {}, &files}).execute(std::move(s));
  }
  Result<Report> stage(store::Store& store, workspace::Files& files) {
    return run(store, files, Spec::Then::stage, [this](gate::Session& s) -> Result<void> {
      WRIT_CHECK(write(s, "o", "object"));
      WRIT_CHECK(write_file(s, base / "s/changed", "new\n"));
      WRIT_CHECK(s.remove_file(base / "s/gone"));
      WRIT_CHECK(s.make_file_folder(base / "s/made"));
      WRIT_CHECK(s.rename_file(base / "s/deep/moved", base / "s/made/moved"));
      WRIT_CHECK(s.remove_file_folder(base / "s/deep"));
      return s.make_file_link("changed", base / "s/link");
    });
  }
  static std::vector<TaskId> staged_now(const store::View& view) {
    std::vector<TaskId> found;
    EXPECT_TRUE(visit_staged(view, TaskId{}, *TaskId::parse(std::string(32, 'f')), [&](const TaskId& id) -> Result<store::Visit> {
      found.push_back(id);
      return store::Visit::more;
    }));
    return found;
  }
  void expect_nothing_left(const std::vector<TaskId>& waiting, const std::string& when) const {
    std::size_t folders = 0;
    for (const auto& e : std::filesystem::directory_iterator(own.path() + "/shadows")) folders += e.is_directory() ? 1 : 0;
    EXPECT_EQ(folders, waiting.size()) << when << ": private copies";
    for (const auto& id : waiting) {
      EXPECT_TRUE(std::filesystem::is_directory(own.path() + "/shadows/" + id.hex())) << when;
      EXPECT_FALSE(std::filesystem::exists(own.path() + "/undo/" + id.hex())) << when << ": copies for an undo of what is staged";
    }
  }
};

}  // namespace writ::task
