#include "writ/gate/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "writ/actor/host_files.h"
#include "writ/base/id.h"
#include "writ/gate/commit.h"
#include "writ/proof/state_map.h"

namespace writ::gate {
namespace {

store::OpenOptions test_options() {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  return options;
}

// A real store and real capabilities; each Task is a session over the newest snapshot.
class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open(folder_, test_options());
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  struct Task {
    Task(const store::Store& store, std::vector<std::string> grants, std::vector<std::string> denies, OnDenial on_denial,
         std::uint64_t effects)
        : snapshot(*store.snapshot()),
          capabilities(parse(grants), parse(denies), system_clock()),
          files(std::make_unique<actor::HostFiles>()) {
      for (std::uint32_t i = 0; i < capabilities.grants().size(); ++i) {
        const auto& g = capabilities.grants()[i];
        if (g.kind == effect::Kind::file_read) {
          EXPECT_TRUE(files->admit(i, g.resource->root()));
        }
      }
      session.emplace(Session::Setup{capabilities, journal, effects, on_denial, snapshot, *files, system_clock(), WallTime{1'000'000},
                                     {}, {"HOME=/home/x", "TOKEN=secret"}});
    }
    static std::vector<authority::Grant> parse(const std::vector<std::string>& texts) {
      std::vector<authority::Grant> grants;
      for (const auto& t : texts) {
        auto g = authority::parse_grant(t, "/", system_clock().wall());
        EXPECT_TRUE(g) << t;
        grants.push_back(*g);
      }
      return grants;
    }
    Result<void> write(std::string_view path, std::string_view text) {
      WRIT_TRY(auto object, session->open_object(path, effect::Access::write, Creation::may_create));
      WRIT_CHECK(object->truncate(0));
      return object->write_at(0, as_bytes(text));
    }
    Result<std::string> read(std::string_view path) {
      WRIT_TRY(auto object, session->open_object(path, effect::Access::read, Creation::must_exist));
      std::string out(100, 0);
      WRIT_TRY(const auto n, object->read_at(0, std::as_writable_bytes(std::span(out))));
      out.resize(n);
      return out;
    }
    Result<void> commit(store::Store& store) {
      const auto changes = session->shadow().changes();
      return settle(store, &changes, [](store::Transaction&, const Applied&) -> Result<void> { return {}; });
    }
    store::Reader snapshot;
    effect::Journal journal;
    authority::CapabilitySet capabilities;
    std::unique_ptr<effect::HostFiles> files;
    std::optional<Session> session;
  };
  std::unique_ptr<Task> task(std::vector<std::string> grants, std::vector<std::string> denies = {}, OnDenial on_denial = OnDenial::refuse,
                             std::uint64_t effects = 1000) {
    return std::make_unique<Task>(*store_, std::move(grants), std::move(denies), on_denial, effects);
  }
  std::optional<std::string> stored(std::string_view path) {
    const auto view = store_->snapshot();
    const auto state = view->object(path);
    if (!state || !*state) return std::nullopt;
    return std::string(as_text(*view->body(path, (*state)->version)));
  }

  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-gate-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
};
using Gate = GateTest;
using Commit = GateTest;

TEST_F(Commit, WhoAsksForAFolderDependsOnTheAnswerAndNotOnAllThatIsInIt) {
  auto fill = task({"state.write:d/"});
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(fill->write("d/" + std::to_string(100 + i), "x"));
  ASSERT_TRUE(fill->commit(*store_));
  const auto ask = [&](std::string_view folder) {
    auto t = task({"state.read:**", "state.write:**"});
    const auto found = t->session->stat_object(folder);
    EXPECT_EQ(found.has_value(), folder == "d") << folder;
    EXPECT_TRUE(t->write("answer/" + std::string(folder), "x"));
    return t;
  };
  const auto change = [&](std::string_view path) {
    auto t = task({"state.write:**"});
    EXPECT_TRUE(t->write(path, "changed"));
    EXPECT_TRUE(t->commit(*store_));
  };
  auto there = ask("d"), not_there = ask("e");
  EXPECT_LE(there->session->shadow().changes().read_set.size(), 3u);
  change("d/120");
  change("d/999");
  EXPECT_TRUE(there->commit(*store_)) << "the folder is there as before";
  change("e/first");
  EXPECT_EQ(not_there->commit(*store_).error().code, Code::conflict) << "now there is such a folder";
}

TEST_F(Gate, WithoutAGrantNothingIsPossibleAndEverythingIsRecorded) {
  auto t = task({});
  EXPECT_EQ(t->read("a").error().code, Code::denied);
  EXPECT_EQ(t->write("a", "x").error().code, Code::denied);
  EXPECT_EQ(t->session->open_file("/etc/hostname").error().code, Code::denied);
  EXPECT_EQ(t->session->stat_file("/etc", effect::Follow::yes).error().code, Code::denied);
  EXPECT_EQ(t->session->list_objects("").error().code, Code::denied);
  EXPECT_EQ(t->session->remove_object("a").error().code, Code::denied);
  EXPECT_TRUE(t->session->environment().empty());
  EXPECT_EQ(t->journal.denied(), 6u);
  for (const auto& e : t->journal.entries()) EXPECT_EQ(e.refusal, effect::Refusal::no_capability);
}

TEST_F(Gate, ATaskSeesItsOwnWritesAndNobodyElseDoes) {
  auto a = task({"state.read:x/", "state.write:x/"}), b = task({"state.read:x/"});
  ASSERT_TRUE(a->write("x/one", "hello"));
  EXPECT_EQ(*a->read("x/one"), "hello");
  EXPECT_EQ(b->read("x/one").error().code, Code::unavailable);
  EXPECT_EQ(stored("x/one"), std::nullopt);
  ASSERT_TRUE(a->commit(*store_));
  EXPECT_EQ(stored("x/one"), "hello");
  EXPECT_EQ(b->read("x/one").error().code, Code::unavailable) << "a snapshot does not move";
}

TEST_F(Gate, DenyWinsOverEveryGrant) {
  auto t = task({"state.write:x/"}, {"state.write:x/secret"});
  EXPECT_TRUE(t->write("x/open", "1"));
  EXPECT_EQ(t->write("x/secret", "1").error().code, Code::denied);
  EXPECT_EQ(t->journal.entries().back().refusal, effect::Refusal::denied);
}

TEST_F(Gate, StrictEndsTheTaskAtTheFirstDenial) {
  auto t = task({"state.read:x/", "state.write:x/"}, {}, OnDenial::end_task);
  EXPECT_TRUE(t->write("x/a", "1"));
  EXPECT_FALSE(t->session->monitor().must_end());
  EXPECT_FALSE(t->read("y"));
  EXPECT_TRUE(t->session->monitor().must_end());
  EXPECT_EQ(t->read("x/a").error().code, Code::denied) << "nothing goes on";
}

TEST_F(Gate, EffectsAreLimited) {
  auto t = task({"state.write:x/"}, {}, OnDenial::refuse, 10);
  auto object = t->session->open_object("x/a", effect::Access::write, Creation::may_create);
  ASSERT_TRUE(object);
  Result<void> last;
  for (int i = 0; i < 20 && last; ++i) last = (*object)->write_at(0, as_bytes("x"));
  EXPECT_EQ(last.error().code, Code::exhausted);
  EXPECT_TRUE(t->session->monitor().must_end());
  EXPECT_EQ(t->journal.effects(), 10u);
}

TEST_F(Gate, ObjectsAreBoundedAndSparseWritesReadZero) {
  auto t = task({"state.read:x/", "state.write:x/"});
  auto object = t->session->open_object("x/a", effect::Access::read_write, Creation::must_create);
  ASSERT_TRUE(object) << object.error().text();
  ASSERT_TRUE((*object)->write_at(4, as_bytes("!")));
  EXPECT_EQ(*t->read("x/a"), std::string("\0\0\0\0!", 5));
  EXPECT_EQ((*object)->write_at(~0ull, as_bytes("x")).error().code, Code::exhausted);
  EXPECT_EQ((*object)->truncate(1ull << 40).error().code, Code::exhausted);
  EXPECT_EQ(*(*object)->size(), 5u);
  EXPECT_EQ(t->session->open_object("x/a", effect::Access::write, Creation::must_create).error().code, Code::conflict);
  for (const char* bad : {"", "/a", "a//b", "../a", "a/..", "a\nb"}) EXPECT_EQ(t->read(bad).error().code, Code::invalid) << bad;
}

TEST_F(Gate, WhatATaskStagesIsBoundedAndRewritingCostsNothing) {
  auto t = task({"state.read:x/", "state.write:x/"}, {}, OnDenial::refuse, 100'000);
  const std::string mebibyte(1 << 20, 'x');
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(t->write("x/same", mebibyte)) << i;
  int held = 1;
  Result<void> last;
  for (int i = 0; i < 8 && last; ++i) {
    auto object = t->session->open_object("x/" + std::to_string(i), effect::Access::write, Creation::may_create);
    ASSERT_TRUE(object);
    last = (*object)->truncate(63u << 20);
    if (last) held += 63;
  }
  EXPECT_EQ(last.error().code, Code::exhausted);
  EXPECT_EQ(held, 253);
  ASSERT_TRUE(t->session->remove_object("x/0"));
  EXPECT_TRUE(t->write("x/again", mebibyte));
}

// Each has a line in the receipt, which is one record of the store.
TEST_F(Gate, HowManyObjectsATaskStagesIsBounded) {
  auto t = task({"state.write:x/"}, {}, OnDenial::refuse, 100'000);
  const std::string folder = "x/" + std::string(250, 'a') + "/" + std::string(250, 'b') + "/" + std::string(250, 'c') + "/";
  Result<void> written;
  std::size_t count = 0;
  for (; written && count < 9'000; ++count) written = t->write(folder + std::to_string(count), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::exhausted);
  EXPECT_FALSE(t->session->monitor().must_end()) << t->session->monitor().end_reason();
  EXPECT_TRUE(t->write(folder + "0", "what is staged already can be written on"));
  EXPECT_EQ(t->session->shadow().changes().writes.size(), count - 1);
}

TEST_F(Gate, ReadingMoreThanTheCacheHoldsReadsOn) {
  auto w = task({"state.write:**"}, {}, OnDenial::refuse, 100'000);
  for (int i = 0; i < 3; ++i) {
    auto object = w->session->open_object("big/" + std::to_string(i), effect::Access::write, Creation::may_create);
    ASSERT_TRUE((*object)->truncate(30u << 20));
    ASSERT_TRUE((*object)->write_at(0, as_bytes(std::to_string(i))));
  }
  ASSERT_TRUE(w->commit(*store_));
  auto t = task({"state.read:big/"});
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 3; ++i) EXPECT_EQ(t->read("big/" + std::to_string(i))->substr(0, 1), std::to_string(i));
  EXPECT_EQ(t->session->shadow().changes().read_set.size(), 3u);
  EXPECT_TRUE(t->session->shadow().changes().writes.empty());
}

TEST_F(Gate, ListingsShowWhatIsGrantedAndNothingElse) {
  auto w = task({"state.write:**"});
  for (const char* p : {"a/1", "a/2", "b/deep/x", "c", "secret/y"}) ASSERT_TRUE(w->write(p, "1"));
  ASSERT_TRUE(w->commit(*store_));
  auto t = task({"state.read:a/", "state.read:b/deep/x", "state.read:c"});
  std::vector<std::string> names;
  const auto top = t->session->list_objects("");
  ASSERT_TRUE(top) << top.error().text();
  for (const auto& e : *top) names.push_back(e.name + (e.type == effect::FileType::directory ? "/" : ""));
  EXPECT_EQ(names, (std::vector<std::string>{"a/", "b/", "c"}));
  EXPECT_EQ(t->session->list_objects("a")->size(), 2u);
  EXPECT_EQ(t->session->list_objects("secret").error().code, Code::denied);
  EXPECT_EQ(t->session->stat_object("b")->type, effect::FileType::directory);
  EXPECT_EQ(t->session->stat_object("secret/y").error().code, Code::denied);
}

TEST_F(Gate, RenameMovesWithinTheShadow) {
  auto t = task({"state.read:x/", "state.write:x/"});
  ASSERT_TRUE(t->write("x/a", "body"));
  ASSERT_TRUE(t->session->rename_object("x/a", "x/b"));
  EXPECT_FALSE(t->read("x/a"));
  EXPECT_EQ(*t->read("x/b"), "body");
  EXPECT_EQ(t->session->rename_object("x/b", "y/b").error().code, Code::denied);
  ASSERT_TRUE(t->commit(*store_));
  EXPECT_EQ(stored("x/b"), "body");
  EXPECT_EQ(stored("x/a"), std::nullopt);
}

TEST_F(Gate, TimeAndRandomnessAreVirtualUnlessGranted) {
  auto a = task({}), b = task({}), real = task({"clock.real", "random.real"});
  EXPECT_EQ(a->session->wall_time(), b->session->wall_time());
  const auto earlier = a->session->monotonic_time();
  EXPECT_LT(earlier, a->session->monotonic_time()) << "never stands still";
  a->session->sleep_virtual(std::chrono::seconds(5));
  EXPECT_GT(a->session->wall_time().ns - b->session->wall_time().ns, 4'000'000'000);
  std::array<std::byte, 100> x{}, y{}, z{};
  a->session->fill_random(std::span(x).first(7));  // the stream does not depend on how it is asked for
  a->session->fill_random(std::span(x).subspan(7));
  b->session->fill_random(y);
  EXPECT_EQ(x, y);
  real->session->fill_random(z);
  EXPECT_NE(z, y);
  EXPECT_TRUE(a->session->nondeterminism().empty());
  EXPECT_GT(real->session->wall_time().ns, 1'600'000'000'000'000'000);
  EXPECT_EQ(real->session->nondeterminism(), (std::vector<std::string>{"random.real", "clock.real"}));
}

TEST_F(Gate, TheEnvironmentIsWhatWasGranted) {
  auto t = task({"env:HOME"});
  EXPECT_EQ(t->session->environment(), std::vector<std::string>{"HOME=/home/x"});
  EXPECT_EQ(t->journal.entries().size(), 1u);
}

TEST_F(Gate, FilesBelowAGrantAreReadAndFoldersOnTheWayAreSeen) {
  auto t = task({"file.read:/usr/share/common-licenses/"});
  EXPECT_EQ(t->session->names_on_the_way("/"), std::vector<std::string>{"usr"});
  EXPECT_TRUE(t->session->is_on_the_way("/usr/share"));
  EXPECT_FALSE(t->session->is_on_the_way("/etc"));
  const auto entries = t->session->list_files("/usr/share/common-licenses");
  ASSERT_TRUE(entries) << entries.error().text();
  EXPECT_GT(entries->size(), 5u);
  auto file = t->session->open_file("/usr/share/common-licenses/GPL-3");
  ASSERT_TRUE(file) << file.error().text();
  std::array<std::byte, 64> buffer{};
  EXPECT_EQ(*(*file)->read_at(0, buffer), 64u);
  EXPECT_EQ(*(*file)->read_at(1u << 30, buffer), 0u);
  EXPECT_FALSE(t->session->open_file("/usr/share/common-licenses/../../../etc/passwd"));
  EXPECT_FALSE(t->journal.entries()[1].digest.empty()) << "what was read is named by its digest";
}

// What was decided for a name must hold for the thing: through links of the host, and by every name that it has.
TEST_F(Gate, LinksDoNotReachWhatIsDeniedOrNotGranted) {
  namespace fs = std::filesystem;
  const fs::path files = fs::canonical(fs::temp_directory_path()) / ("writ-links-" + TaskId::random().brief());
  fs::create_directories(files / "real");
  for (const char* name : {"public-a", "secret"}) std::ofstream(files / "real" / name) << name;
  fs::create_symlink("secret", files / "real/public-link");
  fs::create_symlink("real", files / "alias");
  fs::create_symlink("real/secret", files / "one");
  const std::string base = files.string();
  const auto refusal = [&](std::vector<std::string> grants, std::vector<std::string> denies, const std::string& path) {
    for (auto& g : grants) g = "file.read:" + base + g;
    for (auto& d : denies) d = "file.read:" + base + d;
    auto t = task(grants, denies);
    const bool opened = t->session->open_file(base + path).has_value();
    EXPECT_EQ(opened, t->journal.denied() == 0);
    return t->journal.entries().back();
  };
  EXPECT_EQ(refusal({"/real/public-*"}, {}, "/real/public-a").refusal, effect::Refusal::none);
  const auto escape = refusal({"/real/public-*"}, {}, "/real/public-link");
  EXPECT_EQ(escape.refusal, effect::Refusal::escape);
  EXPECT_EQ(escape.resource, base + "/real/secret");
  EXPECT_EQ(escape.by, base + "/real/public-link");
  EXPECT_EQ(refusal({"/real/public-*", "/real/secret"}, {}, "/real/public-link").refusal, effect::Refusal::none);
  const auto deny = refusal({"/real/"}, {"/real/secret"}, "/real/public-link");
  EXPECT_EQ(deny.refusal, effect::Refusal::denied);
  EXPECT_EQ(deny.by, "file.read:" + base + "/real/secret");
  EXPECT_EQ(refusal({"/alias/"}, {"/real/secret"}, "/alias/secret").refusal, effect::Refusal::denied);
  EXPECT_EQ(refusal({"/alias/"}, {"/alias/secret"}, "/alias/public-link").refusal, effect::Refusal::denied);
  EXPECT_EQ(refusal({"/one"}, {"/real/secret"}, "/one").refusal, effect::Refusal::denied);
  EXPECT_EQ(refusal({"/one"}, {}, "/one").refusal, effect::Refusal::none);
  // The look through a link is paid for once.
  auto once = task({"file.read:" + base + "/real/,uses=1"});
  EXPECT_TRUE(once->session->open_file(base + "/real/public-link"));
  EXPECT_FALSE(once->session->open_file(base + "/real/public-a"));
  fs::remove_all(files);
}

// Another process exchanges two links all the time, one to a folder that is denied. What the guest gets was checked.
TEST_F(Gate, NoExchangeOfLinksShowsWhatIsDenied) {
  namespace fs = std::filesystem;
  const fs::path files = fs::canonical(fs::temp_directory_path()) / ("writ-exchange-" + TaskId::random().brief());
  for (const char* name : {"open", "shut"}) {
    fs::create_directories(files / name);
    std::ofstream(files / name / name) << name;
    fs::create_symlink(name, files / (std::string("to_") + name));
  }
  const std::string base = files.string();
  const std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      ::renameat2(AT_FDCWD, (base + "/to_open").c_str(), AT_FDCWD, (base + "/to_shut").c_str(), RENAME_EXCHANGE);
  });
  auto t = task({"file.read:" + base + "/"}, {"file.read:" + base + "/shut/"}, OnDenial::refuse, 1'000'000);
  const auto inode = t->session->stat_file(base + "/open", effect::Follow::yes)->inode;
  int seen = 0, denied = 0;
  for (int i = 0; i < 100'000 && (i < 5'000 || seen < 20 || denied < 20); ++i) {
    if (const auto list = t->session->list_files(base + "/to_open")) {
      ++seen;
      ASSERT_EQ(list->at(0).name, "open") << i;
    } else {
      denied += list.error().code == Code::denied;
    }
    if (const auto stat = t->session->stat_file(base + "/to_open", effect::Follow::yes)) { ASSERT_EQ(stat->inode, inode) << i; }
  }
  EXPECT_GE(seen, 20);
  EXPECT_GE(denied, 20);
  fs::remove_all(files);
}

TEST_F(Commit, ALostRaceIsAConflictAndWritesNothing) {
  auto a = task({"state.read:n", "state.write:n", "state.write:other"}), b = task({"state.read:n", "state.write:n"});
  ASSERT_TRUE(a->write("n", "a"));
  ASSERT_TRUE(a->write("other", "a"));
  ASSERT_TRUE(b->write("n", "b"));
  ASSERT_TRUE(b->commit(*store_));
  EXPECT_EQ(a->commit(*store_).error().code, Code::conflict);
  EXPECT_EQ(stored("n"), "b");
  EXPECT_EQ(stored("other"), std::nullopt);
}

TEST_F(Commit, ReadingAloneIsValidatedToo) {
  auto setup = task({"state.write:**"});
  ASSERT_TRUE(setup->write("read", "1"));
  ASSERT_TRUE(setup->commit(*store_));
  auto a = task({"state.read:read", "state.write:out"}), b = task({"state.write:read"});
  ASSERT_TRUE(a->read("read"));
  ASSERT_TRUE(a->write("out", "derived from 1"));
  ASSERT_TRUE(b->write("read", "2"));
  ASSERT_TRUE(b->commit(*store_));
  EXPECT_EQ(a->commit(*store_).error().code, Code::conflict);
}

TEST_F(Commit, WhatAppearedInAListedFolderIsAConflict) {
  auto a = task({"state.read:d/", "state.write:count"}), b = task({"state.write:d/new"});
  ASSERT_TRUE(a->session->list_objects("d"));
  ASSERT_TRUE(a->write("count", "0"));
  ASSERT_TRUE(b->write("d/new", "x"));
  ASSERT_TRUE(b->commit(*store_));
  EXPECT_EQ(a->commit(*store_).error().code, Code::conflict);
}

TEST_F(Commit, NoReceiptNoCommit) {
  auto t = task({"state.write:x"});
  ASSERT_TRUE(t->write("x", "1"));
  const auto changes = t->session->shadow().changes();
  const auto refused = settle(*store_, &changes, [](store::Transaction&, const Applied&) -> Result<void> {
    return Error{Code::exhausted, "no room for the receipt", {}, {}};
  });
  EXPECT_EQ(refused.error().code, Code::exhausted);
  EXPECT_EQ(stored("x"), std::nullopt);
  EXPECT_EQ(*proof::state_root(*store_->snapshot()), Sha256{});
}

TEST_F(Commit, TheStateRootFollowsWritesAndRemovals) {
  auto a = task({"state.write:**"});
  ASSERT_TRUE(a->write("k/1", "1"));
  ASSERT_TRUE(a->write("k/2", "2"));
  ASSERT_TRUE(a->commit(*store_));
  auto b = task({"state.write:**"});
  ASSERT_TRUE(b->session->remove_object("k/1"));
  ASSERT_TRUE(b->write("gone", "made and removed"));
  ASSERT_TRUE(b->session->remove_object("gone"));
  Applied seen;
  const auto changes = b->session->shadow().changes();
  ASSERT_TRUE(settle(*store_, &changes, [&](store::Transaction&, const Applied& applied) -> Result<void> {
    seen = applied;
    return {};
  }));
  ASSERT_EQ(seen.writes.size(), 1u);
  EXPECT_TRUE(seen.writes[0].removed);
  const auto view = store_->snapshot();
  EXPECT_EQ(*proof::state_root(*view), *proof::recompute_state_root(*view));
  EXPECT_EQ(*proof::state_root(*view), seen.state_after);
  EXPECT_NE(seen.state_before, seen.state_after);
}

}  // namespace
}  // namespace writ::gate
