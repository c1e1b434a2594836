#include "writ/store/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "writ/base/file.h"
#include "writ/store/fsck.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

using ::testing::HasSubstr;

Bytes bytes(std::string_view text) { return to_bytes(text); }
std::unique_ptr<Store> open(const std::string& folder, Access access = Access::create, Durability durability = Durability::none) {
  auto store = Store::open(folder, {.access = access, .durability = durability, .disk = {}});
  EXPECT_TRUE(store) << store.error().text();
  return store ? std::move(*store) : nullptr;
}
Result<Sequence> put(Store& store, std::string_view path, std::string_view body) {
  return store.write([&](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object(path, as_bytes(body)));
    return {};
  });
}
void expect_sound(const std::string& folder) {
  const auto report = fsck(folder, Repair::report);
  ASSERT_TRUE(report) << report.error().text();
  for (const Finding& f : report->findings) ADD_FAILURE() << f.what << " (" << f.where << ")";
}
mode_t mode_of(const std::string& path) {
  struct stat s;
  EXPECT_EQ(::stat(path.c_str(), &s), 0) << path;
  return s.st_mode & 07777;
}

TEST(Store, ObjectsHaveVersionsHistoryAndTombstones) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  EXPECT_EQ(store->snapshot()->sequence(), Sequence(0));
  EXPECT_EQ(*put(*store, "a/b", "one"), Sequence(1));
  const Reader first = *store->snapshot();
  EXPECT_EQ(*put(*store, "a/b", "two"), Sequence(2));
  ASSERT_TRUE(store->write([](Transaction& t) -> Result<void> {
    WRIT_TRY(const ObjectState gone, t.remove_object("a/b"));
    EXPECT_EQ(gone.version, ObjectVersion(3));
    EXPECT_EQ(t.remove_object("a/b").error().code, Code::unavailable);
    return {};
  }));
  const Reader third = *store->snapshot();
  EXPECT_EQ(*put(*store, "a/b", ""), Sequence(4));
  const Reader last = *store->snapshot();

  EXPECT_EQ(first.object("a/b")->value().version, ObjectVersion(1));
  EXPECT_EQ(first.object("a/b")->value().digest, digest(as_bytes("one")));
  EXPECT_EQ(*first.body("a/b", ObjectVersion(1)), bytes("one"));
  EXPECT_EQ(first.body("a/b", ObjectVersion(2)).error().code, Code::unavailable);  // not yet, as of the first commit
  EXPECT_EQ(*third.object("a/b"), std::nullopt);
  EXPECT_EQ(*third.version("a/b"), ObjectVersion(3));
  EXPECT_TRUE(third.list("", 10)->empty());
  EXPECT_EQ(third.body("a/b", ObjectVersion(3)).error().code, Code::unavailable);
  EXPECT_EQ(*third.body("a/b", ObjectVersion(2)), bytes("two"));
  const auto history = *last.history("a/b");
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[2].kind, ObjectKind::tombstone);
  EXPECT_EQ(history[3].written, Sequence(4));
  EXPECT_EQ(history[3].size, ByteCount(0));
  EXPECT_EQ(*last.body("a/b", ObjectVersion(4)), Bytes());
  EXPECT_EQ(*last.version("never"), ObjectVersion(0));
  EXPECT_TRUE(last.history("never")->empty());
  EXPECT_EQ(store->snapshot(Sequence(1))->object("a/b")->value(), *first.object("a/b")->operator->());
  EXPECT_EQ(store->snapshot(Sequence(5)).error().code, Code::invalid);
}

TEST(Store, ListsByPrefixInPagesWithoutMissing) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  const std::vector<std::string> paths = {"a", "a!", "a/b", "a/c", "a0", "ab", "b", "\xc3\xa4/x"};
  ASSERT_TRUE(store->write([&](Transaction& t) -> Result<void> {
    for (const auto& p : paths) WRIT_CHECK(t.put_object(p, as_bytes(p)));
    return {};
  }));
  const Reader r = *store->snapshot();
  const auto names = [](const Result<std::vector<ObjectState>>& list) {
    std::vector<std::string> out;
    for (const auto& s : *list) out.push_back(s.path);
    return out;
  };
  EXPECT_EQ(names(r.list("", 100)), paths);
  EXPECT_EQ(names(r.list("a/", 100)), (std::vector<std::string>{"a/b", "a/c"}));
  EXPECT_EQ(names(r.list("a", 100)), (std::vector<std::string>{"a", "a!", "a/b", "a/c", "a0", "ab"}));
  EXPECT_EQ(names(r.list("a", 2, "a!")), (std::vector<std::string>{"a/b", "a/c"}));
  EXPECT_EQ(names(r.list("\xc3", 9)), (std::vector<std::string>{"\xc3\xa4/x"}));
  EXPECT_TRUE(r.list("z", 9)->empty());
  EXPECT_TRUE(r.list("", 0)->empty());
}

TEST(Store, RecordsScanBothWaysAndSurviveSnapshots) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  const auto key = [](unsigned n) { return Bytes{std::byte(n >> 8), std::byte(n & 255)}; };
  ASSERT_TRUE(store->write([&](Transaction& t) -> Result<void> {
    for (unsigned n = 0; n < 1000; ++n) WRIT_CHECK(t.put_record("leaf", key(n), key(n * 3)));
    WRIT_CHECK(t.put_record("other", {}, as_bytes("empty key")));
    return {};
  }));
  const Reader before = *store->snapshot();
  ASSERT_TRUE(store->write([&](Transaction& t) -> Result<void> {
    for (unsigned n = 0; n < 1000; n += 2) WRIT_CHECK(t.remove_record("leaf", key(n)));
    WRIT_CHECK(t.put_record("leaf", key(1), as_bytes("new")));
    return t.remove_record("leaf", as_bytes("absent"));
  }));
  const Reader after = *store->snapshot();
  const auto collect = [&](const View& view, const Bytes& first, const Bytes& last, Order order) {
    std::vector<unsigned> keys;
    EXPECT_TRUE(view.scan("leaf", first, last, [&](BytesView k, BytesView) -> Result<Visit> {
      keys.push_back(unsigned(k[0]) << 8 | unsigned(k[1]));
      return Visit::more;
    }, order));
    return keys;
  };
  EXPECT_EQ(collect(before, {}, {}, Order::forward).size(), 1000u);
  EXPECT_EQ(collect(after, {}, {}, Order::forward).size(), 500u);
  EXPECT_EQ(collect(after, key(10), key(16), Order::forward), (std::vector<unsigned>{11, 13, 15}));
  EXPECT_EQ(collect(after, key(11), key(15), Order::backward), (std::vector<unsigned>{13, 11}));
  EXPECT_EQ(collect(before, key(10), key(13), Order::backward), (std::vector<unsigned>{12, 11, 10}));
  EXPECT_EQ(**before.record("leaf", key(1)), key(3));
  EXPECT_EQ(**after.record("leaf", key(1)), bytes("new"));
  EXPECT_EQ(*after.record("leaf", key(2)), std::nullopt);
  EXPECT_EQ(**after.record("other", {}), bytes("empty key"));
  int seen = 0;
  ASSERT_TRUE(after.scan("leaf", {}, {}, [&](BytesView, BytesView) -> Result<Visit> {
    EXPECT_TRUE(store->snapshot()->record("other", {}));  // a visitor may use the store
    return ++seen == 3 ? Visit::enough : Visit::more;
  }));
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(after.scan("leaf", {}, {}, [](BytesView, BytesView) -> Result<Visit> { return invalid("stop"); }).error().what, "stop");
  int in_empty = 0;
  ASSERT_TRUE(after.scan("other", {}, {}, [&](BytesView, BytesView) -> Result<Visit> { ++in_empty; return Visit::more; }, Order::backward));
  EXPECT_EQ(in_empty, 1);
  expect_sound(folder.path());
}

TEST(Store, SupersededRecordsGoAndTooOldReadersAreTold) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  const auto set = [&](std::string_view key, std::string_view value) {
    return store->write([&](Transaction& t) { return t.put_record("hot", as_bytes(key), as_bytes(value)); });
  };
  ASSERT_TRUE(set("head", "0"));
  ASSERT_TRUE(set("gone", "x"));
  const Reader old = *store->snapshot();
  ASSERT_TRUE(store->write([&](Transaction& t) { return t.remove_record("hot", as_bytes("gone")); }));
  EXPECT_EQ(**old.record("hot", as_bytes("gone")), bytes("x"));
  for (std::uint64_t n = 0; n < kept_record_commits + 100; ++n) ASSERT_TRUE(set("head", std::to_string(n)));
  EXPECT_EQ(old.record("hot", as_bytes("gone")).error().code, Code::unavailable);
  EXPECT_EQ(old.record("hot", as_bytes("head")).error().code, Code::unavailable);
  EXPECT_EQ(old.scan("hot", {}, {}, [](BytesView, BytesView) -> Result<Visit> { return Visit::more; }).error().code, Code::unavailable);
  EXPECT_TRUE(old.object("still/there"));
  EXPECT_EQ(*store->snapshot()->record("hot", as_bytes("gone")), std::nullopt);
  EXPECT_EQ(**store->snapshot()->record("hot", as_bytes("head")), bytes(std::to_string(kept_record_commits + 99)));
  const auto report = fsck(folder.path(), Repair::report);
  EXPECT_LE(report->records, kept_record_commits + 2);  // and the removed key is swept
  EXPECT_TRUE(report->findings.empty());
}

TEST(Store, ARefusedChangeLeavesNothingAndSpoilsNobody) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  ASSERT_TRUE(put(*store, "x", "1"));
  const auto refused = store->write([](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object("x", as_bytes("2")));
    WRIT_CHECK(t.put_record("r", as_bytes("k"), as_bytes("v")));
    EXPECT_EQ(*t.body("x", ObjectVersion(2)), to_bytes("2"));  // it sees its own
    EXPECT_EQ(**t.record("r", as_bytes("k")), to_bytes("v"));
    return t.expect("x", ObjectVersion(1));
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().text(), HasSubstr("object x"));
  EXPECT_EQ(store->snapshot()->sequence(), Sequence(1));
  EXPECT_EQ(*store->snapshot()->version("x"), ObjectVersion(1));
  EXPECT_EQ(*store->snapshot()->record("r", as_bytes("k")), std::nullopt);
  EXPECT_EQ(*store->write([](Transaction&) -> Result<void> { return {}; }), Sequence(1));  // nothing written, no commit
}

TEST(Store, WhoSharesACommitWithARefusedChangeIsNotSpoiled) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  std::promise<void> hold;
  std::thread first([&] {
    EXPECT_TRUE(store->write([&](Transaction&) -> Result<void> { hold.get_future().wait(); return {}; }));
  });
  std::vector<std::thread> sharing;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 9; ++i)
    sharing.emplace_back([&, i] {
      const auto written = store->write([&](Transaction& t) -> Result<void> {
        WRIT_CHECK(t.put_object("x/" + std::to_string(i), as_bytes("body")));
        WRIT_CHECK(t.put_record("r", as_bytes(std::to_string(i)), as_bytes("v")));
        if (i % 3 == 0) return t.expect("x/0", ObjectVersion(99));
        return {};
      });
      if (!written) ++refused;
      EXPECT_EQ(written.has_value(), i % 3 != 0);
    });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // they gather behind the first one
  hold.set_value();
  first.join();
  for (auto& t : sharing) t.join();
  EXPECT_EQ(refused, 3);
  const Reader r = *store->snapshot();
  EXPECT_EQ(r.sequence(), Sequence(6));  // one each, of those that were accepted
  EXPECT_EQ(r.list("", 100)->size(), 6u);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(r.record("r", as_bytes(std::to_string(i)))->has_value(), i % 3 != 0) << i;
  expect_sound(folder.path());
}

TEST(Store, TwoPutsInOneCommitMakeOneVersion) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  ASSERT_TRUE(store->write([](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object("x", as_bytes("first")));
    WRIT_CHECK(t.put_object("x", as_bytes("second")));
    WRIT_CHECK(t.put_object("y", as_bytes("made")));
    WRIT_CHECK(t.remove_object("y"));
    return {};
  }));
  const Reader r = *store->snapshot();
  EXPECT_EQ(r.history("x")->size(), 1u);
  EXPECT_EQ(*r.body("x", ObjectVersion(1)), bytes("second"));
  EXPECT_EQ(*r.object("y"), std::nullopt);
  expect_sound(folder.path());
}

TEST(Store, RefusesWhatIsTooLargeOrMisnamed) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  const Bytes large(max_object_size.value() + 1), key(max_key_size.value() + 1);
  const auto code = [&](const Store::Change& change) {
    const auto result = store->write(change);
    return result ? std::string("accepted") : std::string(name(result.error().code));
  };
  const auto drop = [](auto result) -> Result<void> {
    WRIT_CHECK(result);
    return {};
  };
  EXPECT_EQ(code([&](Transaction& t) { return drop(t.put_object("x", large)); }), "exhausted");
  EXPECT_EQ(code([&](Transaction& t) { return drop(t.put_object("../x", {})); }), "invalid");
  EXPECT_EQ(code([&](Transaction& t) { return t.put_record("R", {}, {}); }), "invalid");
  EXPECT_EQ(code([&](Transaction& t) { return t.put_record("r", key, {}); }), "invalid");
  EXPECT_EQ(code([&](Transaction& t) { return t.put_record("r", {}, large); }), "exhausted");
  EXPECT_EQ(code([&](Transaction& t) { return drop(t.put_object("x", BytesView(large).first(max_object_size.value()))); }), "accepted");
  EXPECT_EQ(store->snapshot()->body("x", ObjectVersion(1))->size(), max_object_size.value());
  EXPECT_EQ(store->snapshot()->object("..").error().code, Code::invalid);
  EXPECT_EQ(store->snapshot()->record("No", {}).error().code, Code::invalid);
}

TEST(Store, KeepsItsFilesToItself) {
  const TestingFolder folder;
  const std::string path = folder.path() + "/inner";
  const mode_t before = ::umask(0);
  const auto store = open(path);
  ASSERT_TRUE(put(*store, "x", "1"));
  ::umask(before);
  EXPECT_EQ(mode_of(path), 0700u);
  for (const char* name : {"/writ.db", "/writ.db-wal", "/writ.db-shm"}) EXPECT_EQ(mode_of(path + name), 0600u) << name;
  EXPECT_EQ(store->identity().size(), 32u);
  EXPECT_EQ(open(path)->identity(), store->identity());
}

TEST(Store, OpensOnlyWhatIsAStore) {
  const TestingFolder folder;
  const auto code_and_text = [&](Access access) {
    const auto store = Store::open(folder.path(), {.access = access, .disk = {}});
    return store ? std::string("opened") : std::string(name(store.error().code)) + ": " + store.error().text();
  };
  const std::string file = folder.path() + "/writ.db";
  EXPECT_THAT(code_and_text(Access::write), HasSubstr("unavailable: there is no store here"));
  EXPECT_THAT(code_and_text(Access::read), HasSubstr("unavailable: there is no store here"));
  EXPECT_EQ(Store::open(folder.path() + "/none", {}).error().code, Code::unavailable);
  std::ofstream(file) << "";
  EXPECT_THAT(code_and_text(Access::create), HasSubstr("corrupt: the store's file is empty"));
  std::ofstream(file) << "hello";
  EXPECT_THAT(code_and_text(Access::write), HasSubstr("corrupt: the store's file is cut short"));
  std::ofstream(file) << std::string(8192, 'x');
  EXPECT_THAT(code_and_text(Access::read), HasSubstr("corrupt: is not a store"));
  std::filesystem::remove(file);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  sqlite3_exec(db, "CREATE TABLE a (b)", nullptr, nullptr, nullptr);
  sqlite3_close(db);
  EXPECT_THAT(code_and_text(Access::write), HasSubstr("corrupt: is a SQLite file, but not a store"));
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/etc/hostname", file);
  EXPECT_THAT(code_and_text(Access::create), HasSubstr("invalid: the store's file is not a regular file"));
}

TEST(Store, RefusesANewerSchemaAndOneThatIsTooOld) {
  for (const auto& [pragma, text] : {std::pair("PRAGMA user_version=7", "the store has schema 7; this program knows schemas up to 3"),
                                     std::pair("PRAGMA user_version=2", "the store has schema 2; this program reads schemas from 3")}) {
    const TestingFolder folder;
    ASSERT_TRUE(put(*open(folder.path()), "x", "1"));
    {
      // As another Writ would: through the page checks, which do not change with the schema.
      auto disk = Store::open(folder.path(), {});
      sqlite3* db = nullptr;
      ASSERT_EQ(sqlite3_open_v2((folder.path() + "/writ.db").c_str(), &db, SQLITE_OPEN_READWRITE, "writ-checked-unix"), SQLITE_OK);
      ASSERT_EQ(sqlite3_exec(db, pragma, nullptr, nullptr, nullptr), SQLITE_OK);
      disk->reset();
      sqlite3_close(db);
    }
    for (const Access access : {Access::read, Access::write, Access::create}) {
      const auto store = Store::open(folder.path(), {.access = access, .disk = {}});
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().code, Code::unsupported);
      EXPECT_THAT(store.error().text(), HasSubstr(text));
    }
    EXPECT_EQ(fsck(folder.path(), Repair::report).error().code, Code::unsupported);
  }
}

TEST(Store, ReadersMayOutliveIt) {
  const TestingFolder folder;
  auto store = open(folder.path());
  ASSERT_TRUE(put(*store, "x", "1"));
  const Reader r = *store->snapshot();
  store.reset();
  EXPECT_EQ(*r.body("x", ObjectVersion(1)), bytes("1"));
}

TEST(Store, ReadOnlyReadsAndSaysSoOnWriting) {
  const TestingFolder folder;
  const auto writer = open(folder.path());
  ASSERT_TRUE(put(*writer, "x", "1"));
  const auto reader = open(folder.path(), Access::read);
  EXPECT_EQ(reader->access(), Access::read);
  EXPECT_EQ(put(*reader, "x", "2").error().code, Code::denied);
  ASSERT_TRUE(put(*writer, "x", "2"));
  EXPECT_EQ(*reader->snapshot()->version("x"), ObjectVersion(2));  // it follows
}

// With a log left beside the file, as a program leaves it, and without one.
class ReadOnlyMedia : public ::testing::TestWithParam<const char*> {};
TEST_P(ReadOnlyMedia, IsReadAndNotWritten) {
  const TestingFolder folder;
  const std::string log = folder.path() + "/writ.db-wal", shared = folder.path() + "/writ.db-shm";
  const bool with_log = std::string(GetParam()) == "log";
  {
    const auto made = Store::open(folder.path(), {.access = Access::create, .log_limit = with_log ? 1 * MiB : ByteCount(1), .disk = {}});
    ASSERT_TRUE(made && put(**made, "x", "1"));
  }
  ASSERT_EQ(std::filesystem::exists(log), with_log);
  if (::mount(folder.path().c_str(), folder.path().c_str(), nullptr, MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "not covered: read-only media (needs the right to mount)";
  ASSERT_EQ(::mount(nullptr, folder.path().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto store = Store::open(folder.path(), {.access = Access::read, .disk = {}});
  EXPECT_TRUE(store) << store.error().text();
  if (store) {
    EXPECT_EQ(*(*store)->snapshot()->body("x", ObjectVersion(1)), bytes("1"));
    EXPECT_EQ(put(**store, "x", "2").error().code, Code::denied);
  }
  for (const Access access : {Access::write, Access::create}) {
    const auto refused = Store::open(folder.path(), {.access = access, .disk = {}});
    EXPECT_FALSE(refused);
    if (!refused) { EXPECT_EQ(refused.error().code, Code::denied) << refused.error().text(); }
  }
  const auto report = fsck(folder.path(), Repair::report);
  EXPECT_TRUE(report && report->findings.empty()) << (report ? report->findings[0].what : report.error().text());
  EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}
INSTANTIATE_TEST_SUITE_P(Store, ReadOnlyMedia, ::testing::Values("log", "no_log"), [](const auto& with) { return std::string(with.param); });

TEST(Store, WritesFromThreadsWithAllSignalsMasked) {
  const TestingFolder folder;
  const auto store = open(folder.path());
  std::thread([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    EXPECT_TRUE(put(*store, "x", "1"));
    EXPECT_EQ(*store->snapshot()->version("x"), ObjectVersion(1));
  }).join();
}

TEST(StoreDeathTest, AWriteWithinAWriteIsABug) {
  const TestingFolder folder;
  EXPECT_DEATH({
    const auto store = open(folder.path());
    (void)store->write([&](Transaction&) -> Result<void> {
      WRIT_CHECK(put(*store, "x", "1"));
      return {};
    });
  }, "get_id");
}

TEST(Fsck, FindsAndMends) {
  const TestingFolder folder;
  ASSERT_TRUE(put(*open(folder.path()), "x", "1"));
  ASSERT_TRUE(put(*open(folder.path()), "y", "2"));
  ASSERT_TRUE(put(*open(folder.path()), "y", "3"));
  const auto spoil = [&](const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open_v2((folder.path() + "/writ.db").c_str(), &db, SQLITE_OPEN_READWRITE, "writ-checked-unix"), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  };
  const auto findings = [&](Repair repair) {
    std::string all;
    const auto report = fsck(folder.path(), repair);
    if (!report) return report.error().text();
    for (const Finding& f : report->findings) all += f.what + " (" + f.where + ")" + (f.mended ? " mended\n" : "\n");
    return all;
  };
  EXPECT_EQ(findings(Repair::report), "");
  spoil("INSERT INTO body (bytes) VALUES (x'00')");
  std::ofstream(folder.path() + "/writ.db.new") << "left";
  EXPECT_EQ(findings(Repair::report), "left over from a creation that was cut short (writ.db.new)\nno object has this body (body 4)\n");
  EXPECT_EQ(findings(Repair::safe),
            "left over from a creation that was cut short (writ.db.new) mended\nno object has this body (body 4) mended\n");
  EXPECT_EQ(findings(Repair::report), "");
  spoil("UPDATE body SET bytes = x'99' WHERE id = 1");
  EXPECT_EQ(findings(Repair::safe), "the body does not match its digests (object x version 1)\n");
  EXPECT_EQ(open(folder.path(), Access::read)->snapshot()->body("x", ObjectVersion(1)).error().code, Code::corrupt);
  spoil("UPDATE body SET bytes = x'31' WHERE id = 1; DELETE FROM object WHERE path = 'y' AND version = 1");
  EXPECT_THAT(findings(Repair::report), HasSubstr("the first versions are missing (object y version 2)"));
  spoil("UPDATE object SET version = 1 WHERE path = 'y'; UPDATE object SET sequence = 9 WHERE path = 'x'; DELETE FROM body WHERE id = 2");
  EXPECT_EQ(findings(Repair::report), "it was written in a commit that the store has not reached (object x version 1)\n");
  spoil("UPDATE object SET sequence = 1 WHERE path = 'x'; INSERT INTO record (name, key, sequence, value) VALUES ('t', x'01', 8, x'')");
  EXPECT_EQ(findings(Repair::report), "it was written in a commit that the store has not reached (record t 01)\n");
  spoil("DELETE FROM record; DELETE FROM body WHERE id = 3");
  EXPECT_EQ(findings(Repair::safe), "the body is missing (object y version 1)\n");
  EXPECT_EQ(fsck(folder.path() + "/none", Repair::report).error().code, Code::unavailable);
}

}  // namespace
}  // namespace writ::store
