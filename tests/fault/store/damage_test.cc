// A store's files with flipped bits and missing ends: every answer is the right one or the error `corrupt`, never a crash,
// never another body, never an object or a record that silently is not there.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>
#include <random>
#include <sstream>

#include "seed.h"
#include "writ/base/file.h"
#include "writ/store/fsck.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

constexpr int commits = 30;

Result<void> fill(const std::string& folder, ByteCount log_limit) {
  WRIT_TRY(const auto store, Store::open(folder, {.access = Access::create, .durability = Durability::none, .log_limit = log_limit, .disk = {}}));
  for (int i = 0; i < commits; ++i)
    WRIT_CHECK(store->write([&](Transaction& t) -> Result<void> {
      const std::string body(static_cast<std::size_t>(100 + 500 * i), static_cast<char>('a' + i));
      WRIT_CHECK(t.put_object("object/" + std::to_string(i % 12), as_bytes(body)));
      for (int k = 0; k < 8; ++k)
        WRIT_CHECK(t.put_record("leaf", as_bytes(std::to_string(i * 8 + k)), as_bytes(std::string(static_cast<std::size_t>(10 + 90 * k), 'r'))));
      if (i % 7 == 6) WRIT_CHECK(t.remove_object("object/" + std::to_string(i % 12)));
      return {};
    }));
  return {};
}

// Everything a reader can learn as of one commit, as one text.
Result<std::string> everything(const View& view) {
  std::ostringstream all;
  WRIT_TRY(const auto list, view.list("", 1000));
  for (const ObjectState& s : list) all << s.path << " " << s.version.value() << "\n";
  for (int i = 0; i < 12; ++i) {
    WRIT_TRY(const auto history, view.history("object/" + std::to_string(i)));
    for (const ObjectState& s : history) {
      all << s.path << " " << s.version.value() << " " << s.written.value() << " " << s.digest.sha256.hex() << s.digest.sha3_256.hex();
      if (s.kind == ObjectKind::value) {
        WRIT_TRY(const Bytes body, view.body(s.path, s.version));
        all << " " << as_text(body);
      }
      all << "\n";
    }
  }
  WRIT_CHECK(view.scan("leaf", {}, {}, [&](BytesView key, BytesView value) -> Result<Visit> {
    all << as_text(key) << "=" << as_text(value) << "\n";
    return Visit::more;
  }));
  return all.str();
}

struct Seen {
  std::string text;  // of the newest commit
  Sequence sequence;
};
Result<Seen> read_all(const std::string& folder) {
  WRIT_TRY(const auto store, Store::open(folder, {.disk = {}}));
  WRIT_TRY(const Reader reader, store->snapshot());
  WRIT_TRY(const std::string text, everything(reader));
  return Seen{text, reader.sequence()};
}

void put_file(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

class Damage : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fill(folder_.path(), ByteCount(1)));
    const auto store = Store::open(folder_.path(), {.access = Access::read, .disk = {}});
    ASSERT_TRUE(store);
    for (int i = 0; i <= commits; ++i) truth_.push_back(*everything(*(*store)->snapshot(Sequence(static_cast<std::uint64_t>(i)))));
    const std::uint64_t seed = test_seed();
    random_.seed(seed);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  }
  // True if damage was noticed.
  bool check(const std::string& folder, const std::string& what, bool newest_only) {
    const auto seen = read_all(folder);
    const auto report = fsck(folder, Repair::report);
    const bool fsck_complains = !report || !report->findings.empty();
    if (!seen) {
      EXPECT_EQ(seen.error().code, Code::corrupt) << what << ": " << seen.error().text();
      EXPECT_TRUE(fsck_complains) << what << ": fsck did not see: " << seen.error().text();
      return true;
    }
    const std::size_t sequence = seen->sequence.value();
    const bool whole = sequence < truth_.size() && seen->text == truth_[sequence];
    EXPECT_TRUE(whole) << what << ": silently something else";
    if (newest_only) { EXPECT_EQ(sequence, static_cast<std::size_t>(commits)) << what << ": silently an older state"; }
    return fsck_complains;
  }

  TestingFolder folder_;
  std::vector<std::string> truth_;  // by Sequence
  std::mt19937_64 random_;
};

TEST_F(Damage, FlippedBitsInTheFile) {
  const std::string file = *read_file(folder_.path() + "/writ.db", GiB);
  int noticed = 0;
  constexpr int flips = 300;
  for (int i = 0; i < flips; ++i) {
    std::string damaged = file;
    // A third of them where the structure is dense: the heads of pages, and the first page.
    std::size_t offset = random_() % file.size();
    if (i % 3 == 1) offset = offset / 4096 * 4096 + random_() % 100;
    if (i % 3 == 2) offset = random_() % 4096;
    damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << random_() % 8));
    const TestingFolder copy;
    put_file(copy.path() + "/writ.db", damaged);
    if (check(copy.path(), "bit flipped at " + std::to_string(offset), true)) ++noticed;
    if (HasFailure()) return;
  }
  std::printf("%d of %d flips noticed, the others harmless\n", noticed, flips);
  EXPECT_GT(noticed, flips * 9 / 10);
}

TEST_F(Damage, ZeroedAndMisplacedPages) {
  const std::string file = *read_file(folder_.path() + "/writ.db", GiB);
  for (std::size_t page = 0; page < file.size() / 4096; ++page) {
    const TestingFolder zeroed, misplaced;
    std::string damaged = file;
    damaged.replace(page * 4096, 4096, 4096, '\0');
    put_file(zeroed.path() + "/writ.db", damaged);
    check(zeroed.path(), "zeroed page " + std::to_string(page + 1), true);
    damaged = file;
    damaged.replace(page * 4096, 4096, file.substr((page + 1) * 4096 % file.size(), 4096));
    put_file(misplaced.path() + "/writ.db", damaged);
    EXPECT_TRUE(check(misplaced.path(), "misplaced page " + std::to_string(page + 1), true)) << page;
    if (HasFailure()) return;
  }
}

TEST_F(Damage, CutShort) {
  const std::string file = *read_file(folder_.path() + "/writ.db", GiB);
  std::vector<std::size_t> ends = {0, 1, 99, 100, 511, 4095, 4096, 8192, file.size() - 4096, file.size() - 1};
  for (int i = 0; i < 30; ++i) ends.push_back(random_() % file.size());
  for (const std::size_t end : ends) {
    const TestingFolder copy;
    put_file(copy.path() + "/writ.db", file.substr(0, end));
    EXPECT_TRUE(check(copy.path(), "cut at " + std::to_string(end), true)) << end;
  }
}

// In the log a damaged frame cannot be told from one that was never finished: then an older state, whole, is right.
TEST_F(Damage, FlippedBitsInTheLog) {
  const TestingFolder made;
  const pid_t child = ::fork();
  if (child == 0) {  // ends without closing, as a killed process does
    const auto store = new Result(Store::open(made.path(), {.access = Access::create, .disk = {}}));
    store->operator->()->release();
    ::_exit(fill(made.path(), GiB) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const std::string file = *read_file(made.path() + "/writ.db", GiB), log = *read_file(made.path() + "/writ.db-wal", GiB);
  ASSERT_GT(log.size(), 100000u);
  int older = 0;
  for (int i = 0; i < 150; ++i) {
    const TestingFolder copy;
    std::string damaged = log;
    const std::size_t offset = i % 5 == 0 ? random_() % 56 : random_() % log.size();
    damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << random_() % 8));
    put_file(copy.path() + "/writ.db", file);
    put_file(copy.path() + "/writ.db-wal", damaged);
    if (!check(copy.path(), "log bit flipped at " + std::to_string(offset), false)) ++older;
    if (HasFailure()) return;
  }
  std::printf("%d of 150 flips in the log gave an older or the same state\n", older);
}

// Damage after the log was read, under a running store: SQLite would not look again, the page checks do.
TEST_F(Damage, FlippedBitsInTheLogUnderARunningStore) {
  const TestingFolder running;
  const auto store = Store::open(running.path(), {.access = Access::create, .log_limit = GiB, .disk = {}});
  ASSERT_TRUE(store);
  const std::string body(20000, 'x');
  ASSERT_TRUE((*store)->write([&](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object("x", as_bytes(body)));
    return t.put_record("r", {}, as_bytes(body));
  }));
  const std::string log = running.path() + "/writ.db-wal";
  std::string content = *read_file(log, GiB);
  const std::size_t at = content.find(std::string(1000, 'x'));
  ASSERT_NE(at, std::string::npos);
  for (std::size_t i = at; i < content.size(); i += 4096 + 24) {
    std::fstream patch(log, std::ios::in | std::ios::out | std::ios::binary);
    patch.seekp(static_cast<std::streamoff>(i + 500));
    patch.put(static_cast<char>(content[i + 500] ^ 4));
  }
  const auto reader = (*store)->snapshot();
  const auto read = reader ? reader->record("r", {}) : Result<std::optional<Bytes>>(reader.error());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::corrupt);
  EXPECT_NE(read.error().text().find("of the write-ahead log is damaged"), std::string::npos) << read.error().text();
}

}  // namespace
}  // namespace writ::store
