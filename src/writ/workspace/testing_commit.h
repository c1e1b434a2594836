// For tests of commits: a working folder, a store, and one task that changes a bit of everything.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

#include "writ/workspace/commit.h"
#include "writ/workspace/shadow.h"
#include "writ/workspace/testing_files.h"
#include "writ/workspace/testing_folder.h"
#include "writ/workspace/testing_store.h"
#include "writ/workspace/undo.h"

namespace writ::workspace::testing {

using Picture = std::map<std::string, std::string>;

// Of a store without staged tasks.
inline Result<bool> keep_nothing(const store::View&, const TaskId&) { return false; }

// A working folder, a store, and one task that changes a bit of everything in `files` files.
class World {
 public:
  explicit World(int files = 6, Manner how = Manner::in_place) : manner(how) {
    for (int i = 0; i < files; ++i) base.write("f" + std::to_string(i), "old " + std::to_string(i) + "\n");
    base.write("d/keep", "k");
    base.write("d/gone", "g");
    base.write("old/deep/x", "x");
    fs::create_symlink("f0", base / "link");
    ::chmod((base / "f0").c_str(), 0750);
    old_picture = picture(base.text());
    const auto made = Shadow::open({base.text(), places.shadow(id), [] { return WallTime{1'700'000'000'000'000'000}; }});
    auto& s = **made;
    const auto write = [&](const std::string& path, const std::string& text) {
      auto f = s.open_file(path, Follow::no, Use::write, Create::if_absent, Empty::yes);
      if (!f || !(*f)->write_at(0, std::as_bytes(std::span(text)))) throw std::runtime_error(path);
    };
    const auto must = [](const auto& r) {
      if (!r) throw std::runtime_error(r.error().text());
    };
    for (int i = 0; i < files; ++i) write("f" + std::to_string(i), "new " + std::to_string(i) + "\nmore\n");
    must(s.remove_file("d/gone"));
    must(s.make_folder("made"));
    must(s.make_folder("made/in"));
    write("made/in/y", "y");
    must(s.add_name("made/in/y", "made/twin"));
    must(s.rename("old/deep/x", "d/x"));
    must(s.remove_folder("old/deep"));
    must(s.remove_folder("old"));
    write("old", "now a file");
    must(s.remove_file("link"));
    must(s.make_link("d/x", "link"));
    auto tree = s.seal();
    must(tree);
    changes.trees.push_back(std::move(*tree));
    new_picture = old_picture;
    for (int i = 0; i < files; ++i) new_picture["f" + std::to_string(i)] = "new " + std::to_string(i) + "\nmore\n";
    for (const auto* gone : {"d/gone", "old/deep", "old/deep/x"}) new_picture.erase(gone);
    new_picture["made"] = new_picture["made/in"] = "/";
    new_picture["made/in/y"] = new_picture["made/twin"] = "y";
    new_picture["d/x"] = "x";
    new_picture["old"] = "now a file";
    new_picture["link"] = "-> d/x";
  }
  // As the settlement of a task does it. Every error is a value.
  Result<void> commit(Files& files, store::Store& store) {
    WRIT_TRY(auto commit, Commit::prepare(files, places, id, changes, places.shadow(id), {}, manner));
    WRIT_CHECK(store.write([&](store::Transaction& t) { return commit->enter(t); }));
    entered = true;
    WRIT_TRY(const auto left, commit->apply());
    if (!left.empty()) return Error{Code::conflict, "left alone", left[0], {}};
    return commit->finish(store);
  }
  void recover_and_check(store::Store& store) {
    const auto r = recover(host_files(), store, places, keep_nothing);
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_TRUE(r->left.empty()) << r->left[0];
    EXPECT_TRUE(r->failures.empty()) << r->failures[0];
    const auto view = store.snapshot();
    const bool committed = view->record(changes_table, id.bytes)->has_value();
    EXPECT_FALSE(view->record(intent_table, id.bytes)->has_value());
    const auto now = picture(base.text());
    EXPECT_TRUE(now == (committed ? new_picture : old_picture)) << "a mix";
    EXPECT_FALSE(fs::exists(places.shadow(id))) << "private copies are left";
    EXPECT_EQ(fs::exists(places.undo(id)), committed);
    EXPECT_EQ(beside(), 0u) << "a twin is left";
    recovered_new = committed;
  }
  void undo_and_check(store::Store& store) {
    const auto back = reverse(host_files(), places, id, changes);
    ASSERT_TRUE(back) << back.error().text();
    auto commit = Commit::prepare(host_files(), places, TaskId::random(), *back, places.undo(id), {}, manner);
    ASSERT_TRUE(commit) << commit.error().text();
    ASSERT_TRUE(store.write([&](store::Transaction& t) { return (*commit)->enter(t); }));
    const auto left = (*commit)->apply();
    ASSERT_TRUE(left) << left.error().text();
    ASSERT_TRUE((*commit)->finish(store));
    EXPECT_TRUE(picture(base.text()) == old_picture) << "undo left a mix";
  }

  // What a commit of this task left beside the folder.
  std::size_t beside() const {
    std::size_t n = 0;
    for (const auto& e : fs::directory_iterator(fs::path(base.text()).parent_path()))
      n += e.path().filename().string().starts_with(std::string(prepared_prefix) + id.hex()) ? 1 : 0;
    return n;
  }

  Manner manner;
  Folder base, own;
  Places places{own.text()};
  TaskId id = TaskId::random();
  Changes changes;
  Picture old_picture, new_picture;
  bool entered = false, recovered_new = false;
};

}  // namespace writ::workspace::testing
