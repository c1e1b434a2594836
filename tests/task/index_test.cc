// How tasks are found again: against a model that looks at every one of them.
#include "writ/task/index.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "tests/task/executor_fixture.h"
#include "writ/task/chunks.h"
#include "writ/task/selection.h"

namespace writ::task {
namespace {

struct Known {
  TaskId id;
  WallTime started;
  std::string outcome;
  std::uint64_t denied = 0;
  bool staged = false;
  std::vector<effect::Entry> journal;
};

bool touched(const Known& k, const std::string& wanted) {
  return wanted.empty() || std::ranges::any_of(k.journal, [&](const effect::Entry& e) {
           return e.resource == wanted || (wanted.ends_with('/') && e.resource.starts_with(wanted));
         });
}

bool meets(const Known& k, const Wanted& w) {
  return (!w.since || k.started >= *w.since) && (!w.until || k.started < *w.until) && (w.outcome.empty() || k.outcome == w.outcome) &&
         (w.denials == Wanted::Denials::any || k.denied > 0) && (w.waiting == Wanted::Waiting::any || k.staged) && touched(k, w.touched);
}

class IndexTest : public ExecutorTest {
 protected:
  void add(Known k) {
    ASSERT_TRUE(store_->write([&](store::Transaction& t) {
      return enter(t, {k.id, k.started, k.outcome, k.denied}, k.journal, k.staged ? Wait::staged : Wait::settled);
    }));
    known_.push_back(std::move(k));
  }
  std::vector<TaskId> find(const Wanted& w, std::size_t limit = 100'000) {
    std::vector<TaskId> found;
    const auto journal = [&](const TaskId& id) -> Result<std::vector<effect::Entry>> {
      return std::ranges::find(known_, id, &Known::id)->journal;
    };
    const auto done = visit_tasks(*store_->snapshot(), w, journal, [&](const TaskId& id) -> Result<store::Visit> {
      found.push_back(id);
      return found.size() < limit ? store::Visit::more : store::Visit::enough;
    });
    EXPECT_TRUE(done) << done.error().text();
    return found;
  }
  std::vector<TaskId> expected(const Wanted& w) {
    auto all = known_;
    std::ranges::sort(all, [](const Known& a, const Known& b) { return std::pair(a.started, a.id) > std::pair(b.started, b.id); });
    std::vector<TaskId> ids;
    for (const auto& k : all)
      if (meets(k, w)) ids.push_back(k.id);
    return ids;
  }
  static effect::Entry touch(std::string resource) {
    effect::Entry e;
    e.resource = std::move(resource);
    return e;
  }

  std::vector<Known> known_;
};
using Index = IndexTest;

TEST_F(Index, FindsWhatTheModelFinds) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const auto one_of = [&](const std::vector<std::string>& v) { return v[random() % v.size()]; };
  const std::vector<std::string> outcomes{"completed", "completed", "completed", "trapped", "timed_out"};
  const std::string deep(479, 'x');
  const std::vector<std::string> resources{"a", "a/", "a/b", "a/b/c", "ab", "z", "/etc/passwd", deep + "/y/1", deep + "/y/2"};
  for (int i = 0; i < 300; ++i) {
    Known k{TaskId::random(), WallTime{static_cast<std::int64_t>(1000 + random() % 100)}, one_of(outcomes), random() % 4 == 0 ? 1u : 0u,
            random() % 8 == 0, {}};
    for (unsigned n = random() % 4; n > 0; --n) k.journal.push_back(touch(one_of(resources)));
    if (random() % 50 == 0)
      for (std::size_t n = 0; n <= max_touched; ++n) k.journal.push_back(touch("many/" + std::to_string(n)));
    add(std::move(k));
  }
  for (int i = 0; i < 400; ++i) {
    Wanted w;
    if (random() % 2) w.outcome = one_of(outcomes);
    if (random() % 2) w.touched = one_of({"a", "a/", "a/b", "a/b/", "nothing", "many/7", "many/", "/etc/", deep + "/",
                                          deep + "/y/1", deep + "/y/"});
    if (random() % 3 == 0) w.denials = Wanted::Denials::some;
    if (random() % 3 == 0) w.waiting = Wanted::Waiting::staged;
    if (random() % 3 == 0) w.since = WallTime{static_cast<std::int64_t>(990 + random() % 120)};
    if (random() % 3 == 0) w.until = WallTime{static_cast<std::int64_t>(990 + random() % 120)};
    const auto want = expected(w);
    EXPECT_EQ(find(w), want) << w.touched << " " << w.outcome;
    if (want.size() > 2) { EXPECT_EQ(find(w, 2), std::vector<TaskId>(want.begin(), want.begin() + 2)); }
  }
}

// A guest may ask for a path with a NUL in it, which would look like the end of a criterion.
TEST_F(Index, NoResourceHidesAnother) {
  const TaskId id = TaskId::random();
  add({TaskId::random(), WallTime{5}, "completed", 1, false, {touch(std::string("/x\0and more than a position holds, and more", 44))}});
  add({id, WallTime{6}, "completed", 0, false, {touch("/x"), touch(std::string(5000, 'l')), touch("line\nbreak")}});
  Wanted w;
  for (const auto& wanted : {std::string("/x"), std::string(5000, 'l'), std::string("line\nbreak")}) {
    w.touched = wanted;
    EXPECT_THAT(find(w), testing::ElementsAre(id));
  }
}

TEST_F(Index, TheLastTaskIsThisUsersLast) {
  const TaskId mine = TaskId::random(), theirs = TaskId::random();
  add({mine, WallTime{1000}, "completed", 0, false, {}});
  Bytes key(6), user{std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xfe}, std::byte{1}};
  key.push_back(std::byte{9});
  key.push_back(std::byte{0});  // later than mine
  key.insert(key.end(), theirs.bytes.begin(), theirs.bytes.end());
  ASSERT_TRUE(store_->write([&](store::Transaction& t) { return t.put_record("task.order", key, user); }));
  EXPECT_EQ(*find_task(*store_->snapshot(), "@"), mine);
  EXPECT_FALSE(find_task(*store_->snapshot(), "@2"));
}

TEST_F(Index, AnAmbiguousPrefixListsWhatItCouldMean) {
  std::vector<std::string> ids;
  ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
    for (int i = 0; i < 3; ++i) {
      TaskId id = TaskId::random();
      id.bytes[0] = std::byte{0xab};
      id.bytes[1] = std::byte{0xcd};
      ids.push_back(id.hex());
      WRIT_CHECK(t.put_record("task.receipt", id.bytes, as_bytes("x")));
    }
    return {};
  }));
  const auto found = find_task(*store_->snapshot(), "abcd");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::invalid);
  for (const auto& id : ids) EXPECT_THAT(found.error().text(), testing::HasSubstr(id));
  EXPECT_EQ(find_task(*store_->snapshot(), ids[0])->hex(), ids[0]);
}

TEST_F(Index, ChunksComeBackWhateverTheirLength) {
  for (const std::size_t size : {0uz, 1uz, chunk_size - 1, chunk_size, chunk_size + 1, 2 * chunk_size}) {
    const Bytes key = to_bytes("k" + std::to_string(size));
    Bytes bytes(size, std::byte{7});
    if (size > 0) bytes.back() = std::byte{8};
    ASSERT_TRUE(store_->write([&](store::Transaction& t) { return put_chunks(t, "test.chunks", key, bytes); }));
    EXPECT_EQ(**find_chunks(*store_->snapshot(), "test.chunks", key), bytes) << size;
    ASSERT_TRUE(store_->write([&](store::Transaction& t) { return remove_chunks(t, "test.chunks", key); }));
    EXPECT_FALSE(*find_chunks(*store_->snapshot(), "test.chunks", key));
  }
}

}  // namespace
}  // namespace writ::task
