// For tests: one working folder, one mounted shadow over it in each of the ways there are, and the commit of what was sealed.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "writ/workspace/commit.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/mounted.h"
#include "writ/workspace/testing_folder.h"
#include "writ/workspace/testing_mounted.h"
#include "writ/workspace/testing_store.h"

namespace writ::workspace::testing {

enum class Way { trusted, user, copy };
inline std::string way_name(const ::testing::TestParamInfo<Way>& p) {
  return p.param == Way::trusted ? "trusted" : p.param == Way::user ? "user" : "copy";
}
inline auto every_way() { return ::testing::Values(Way::trusted, Way::user, Way::copy); }

inline void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
inline void must(int answer, const std::string& what) {
  if (answer < 0) throw std::runtime_error(what + ": " + std::to_string(errno) + "\n");
}
// Longer than the tick of any kernel's clock: what was there is older than what comes.
inline void wait_a_tick() { ::usleep(12'000); }

class MountedTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam() == Way::trusted && ::geteuid() != 0) GTEST_SKIP() << "needs root";
    base.write("keep", "k\n");
    base.write("d/one", "1\n");
    base.write("d/two", "2\n");
    base.write("d/e/three", "3\n");
    base.write(".writ/secret", "s\n");
    base.write("d/.writ/secret", "s\n");
    base.write("d/secret.env", "s\n");
    fs::create_symlink("keep", base / "link");
    wait_a_tick();
  }
  Overlay form() const { return GetParam() == Way::trusted ? Overlay::trusted : Overlay::user; }
  MountedShadow::Setup setup() const {
    return {base.text(), places.shadow(id), [](std::string_view path) { return path.ends_with(".env"); }, {}, {}};
  }
  Result<std::unique_ptr<MountedShadow>> make(const MountedShadow::Setup& s) const {
    return GetParam() == Way::copy ? open_copy(s) : open_overlay(s, form());
  }
  void open() {
    shadow.reset();
    id = TaskId::random();
    auto made = make(setup());
    ASSERT_TRUE(made) << made.error().text();
    shadow = std::move(*made);
  }
  // Opens unless it is open, and runs a guest in it.
  void guest(const std::function<void()>& work) {
    if (!shadow) open();
    ASSERT_TRUE(shadow);
    ASSERT_EQ(as_guest(*shadow, form(), work), 0);
  }
  Error refused(const std::function<void()>& work) {
    open();
    guest(work);
    const auto sealed = shadow->seal();
    EXPECT_FALSE(sealed);
    return sealed ? Error{} : sealed.error();
  }
  // Where what the task wrote lies.
  std::string left_in() const { return GetParam() == Way::copy ? shadow->folder() : shadow->mounts().front().upper; }

  Result<void> commit() {
    WRIT_TRY(auto sealed, shadow->seal());
    changes.trees.clear();
    if (!sealed.changes.empty()) changes.trees.push_back(std::move(sealed));
    WRIT_TRY(const auto again, parse_changes(text_of(changes)));
    EXPECT_EQ(again, changes);
    return commit_changes();
  }
  Result<void> commit_changes() {
    const auto store = open_store(own.text());
    WRIT_TRY(auto commit, Commit::prepare(host_files(), places, id, changes, places.shadow(id)));
    WRIT_CHECK(store->write([&](store::Transaction& t) { return commit->enter(t); }));
    WRIT_TRY(const auto left, commit->apply());
    if (!left.empty()) return Error{Code::conflict, "left alone", left[0], {}};
    return commit->finish(*store);
  }

  Folder base, own;
  Places places{own.text()};
  TaskId id = TaskId::random();
  std::unique_ptr<MountedShadow> shadow;
  Changes changes;
};

}  // namespace writ::workspace::testing
