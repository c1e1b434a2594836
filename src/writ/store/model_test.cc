// The store against a model of it made of std::map, under random work with reopenings. A failure prints the seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "writ/base/random.h"
#include "writ/store/fsck.h"
#include "writ/store/store.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

struct Model {
  struct Version {
    std::optional<std::string> body;  // none: a tombstone
    std::uint64_t written;
  };
  std::map<std::string, std::vector<Version>> objects;
  std::map<std::pair<std::string, std::string>, std::string> records, current;
  std::uint64_t sequence = 0;

  bool live(const std::string& path) const {
    const auto o = objects.find(path);
    return o != objects.end() && o->second.back().body;
  }
  void put(const std::string& path, std::optional<std::string> body) {
    auto& versions = objects[path];
    if (!versions.empty() && versions.back().written == sequence) versions.back().body = std::move(body);
    else versions.push_back({std::move(body), sequence});
  }
};

const char* const some_paths[] = {"a", "a/b", "a/b/c", "a/c", "b", "b/\xc3\xa4", "b0", "zz/z"};
const char* const some_tables[] = {"log", "out.box"};

class StoreAgainstModel {
 public:
  explicit StoreAgainstModel(std::uint64_t seed) : random_(seed) { reopen(); }

  void step() {
    switch (random_() % 20) {
      case 0: return reopen();
      case 1: return (void)remember();
      case 2: case 3: return compare(*store_->snapshot(), model_);
      case 4: return compare_old();
      default: return change();
    }
  }
  void finish() {
    for (std::size_t i = 0; i < remembered_.size(); ++i) compare_old();
    compare(*store_->snapshot(), model_);
    store_.reset();
    const auto report = fsck(folder_.path(), Repair::report);
    ASSERT_TRUE(report && report->findings.empty());
    EXPECT_EQ(report->sequence.value(), model_.sequence);
    EXPECT_EQ(report->records >= model_.records.size(), true);
  }

 private:
  void reopen() {
    store_.reset();
    const auto log_limit = ByteCount(1 + random_() % 100000);
    auto opened = Store::open(folder_.path(), {.access = Access::create, .durability = Durability::none, .log_limit = log_limit, .disk = {}});
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  void remember() { remembered_.emplace_back(*store_->snapshot(), model_); }
  void compare_old() {
    if (remembered_.empty()) return;
    const auto& [reader, model] = remembered_[random_() % remembered_.size()];
    compare(reader, model);
    compare(*store_->snapshot(reader.sequence()), model);
  }

  // What an earlier transaction left, of this process or another; nothing of one that was refused.
  void compare_current(const Transaction& t, const Model& model) {
    for (const auto table : some_tables)
      for (const auto& k : keys_) {
        const auto found = t.current(table, as_bytes(k));
        ASSERT_TRUE(found);
        const auto expected = model.current.find({table, k});
        ASSERT_EQ(found->has_value(), expected != model.current.end());
        if (*found) { ASSERT_EQ(as_text(**found), expected->second); }
      }
  }

  std::string text() {
    const std::size_t sizes[] = {0, 1, 30, 300, 4096, 20000};
    return std::string(sizes[random_() % std::size(sizes)], static_cast<char>('a' + random_() % 26));
  }
  std::string key() {
    return *keys_.insert(std::string(random_() % 3, static_cast<char>(random_() % 2 ? 0xff : 0)) + std::to_string(random_() % 12)).first;
  }

  // A transaction of a few steps, some of which are refused as a whole.
  void change() {
    Model next = model_;
    ++next.sequence;
    bool changed = false;
    const bool refuse = random_() % 5 == 0;
    const auto written = store_->write([&](Transaction& t) -> Result<void> {
      for (std::size_t n = random_() % 6; n > 0; --n) change_once(t, next, changed);
      compare(t, next);
      compare_current(t, next);
      if (refuse) return Error{Code::conflict, "refused", {}, {}};
      return {};
    });
    ASSERT_EQ(static_cast<bool>(written), !refuse);
    if (refuse) return;
    if (!changed) --next.sequence;
    model_ = std::move(next);
    ASSERT_EQ(written->value(), model_.sequence);
  }
  void change_once(Transaction& t, Model& next, bool& changed) {
    const std::string path = some_paths[random_() % std::size(some_paths)], table = some_tables[random_() % 2], k = key(), body = text();
    switch (random_() % 7) {
      case 0: case 1: {
        const auto put = t.put_object(path, as_bytes(body));
        ASSERT_TRUE(put);
        next.put(path, body);
        EXPECT_EQ(put->version.value(), next.objects[path].size());
        return (void)(changed = true);
      }
      case 2: {
        const auto removed = t.remove_object(path);
        ASSERT_EQ(static_cast<bool>(removed), next.live(path));
        if (removed) next.put(path, std::nullopt), changed = true;
        return;
      }
      case 3: {
        ASSERT_TRUE(t.put_record(table, as_bytes(k), as_bytes(body)));
        next.records[{table, k}] = body;
        return (void)(changed = true);
      }
      case 4: {
        ASSERT_TRUE(t.put_current(table, as_bytes(k), as_bytes(body)));
        next.current[{table, k}] = body;
        return (void)(changed = true);
      }
      case 5: {
        ASSERT_TRUE(t.remove_current(table, as_bytes(k)));
        next.current.erase({table, k});
        return (void)(changed = true);
      }
      default: {
        ASSERT_TRUE(t.remove_record(table, as_bytes(k)));
        if (next.records.erase({table, k}) != 0) changed = true;
        return;
      }
    }
  }

  void compare(const View& view, const Model& model) {
    ASSERT_EQ(view.sequence().value(), model.sequence);
    std::vector<std::string> live, listed;
    for (const char* path : some_paths) {
      const auto o = model.objects.find(path);
      const std::size_t versions = o == model.objects.end() ? 0 : o->second.size();
      ASSERT_EQ(view.version(path)->value(), versions);
      ASSERT_EQ(view.object(path)->has_value(), model.live(path));
      if (model.live(path)) live.push_back(path);
      const auto history = *view.history(path);
      ASSERT_EQ(history.size(), versions);
      for (std::size_t v = 0; v < versions; ++v) {
        const Model::Version& expected = o->second[v];
        ASSERT_EQ(history[v].written.value(), expected.written);
        ASSERT_EQ(history[v].kind == ObjectKind::value, expected.body.has_value());
        const auto body = view.body(path, ObjectVersion(v + 1));
        ASSERT_EQ(static_cast<bool>(body), expected.body.has_value());
        if (body) { ASSERT_EQ(as_text(*body), *expected.body); }
      }
      ASSERT_EQ(view.body(path, ObjectVersion(versions + 1)).error().code, Code::unavailable);
    }
    const std::string prefix = random_() % 2 ? "" : std::string(some_paths[random_() % std::size(some_paths)]);
    std::erase_if(live, [&](const std::string& p) { return !p.starts_with(prefix); });
    std::string after;
    const std::size_t limit = 1 + random_() % 4;
    for (;;) {
      const auto page = *view.list(prefix, limit, after);
      for (const ObjectState& s : page) listed.push_back(s.path);
      if (page.size() < limit) break;
      after = listed.back();
    }
    ASSERT_EQ(listed, live);
    compare_records(view, model);
  }
  void compare_records(const View& view, const Model& model) {
    const std::string table = some_tables[random_() % 2];
    std::string first = key(), last = random_() % 2 ? "" : key();
    std::vector<std::pair<std::string, std::string>> expected, found;
    for (const auto& [k, value] : model.records)
      if (k.first == table && k.second >= first && (last.empty() || k.second < last)) expected.emplace_back(k.second, value);
    const Order order = random_() % 2 ? Order::forward : Order::backward;
    if (order == Order::backward) std::ranges::reverse(expected);
    ASSERT_TRUE(view.scan(table, as_bytes(first), as_bytes(last), [&](BytesView k, BytesView v) -> Result<Visit> {
      found.emplace_back(as_text(k), as_text(v));
      return Visit::more;
    }, order));
    ASSERT_EQ(found, expected);
    const auto one = model.records.find({table, first});
    const auto record = *view.record(table, as_bytes(first));
    ASSERT_EQ(record.has_value(), one != model.records.end());
    if (record) { ASSERT_EQ(as_text(*record), one->second); }
  }

  const TestingFolder folder_;
  std::mt19937_64 random_;
  std::set<std::string> keys_;  // that were used
  std::unique_ptr<Store> store_;
  Model model_;
  std::vector<std::pair<Reader, Model>> remembered_;
};

TEST(StoreModel, RandomWorkAgreesWithTheModel) {
  for (int round = 0; round < 5; ++round) {
    std::uint64_t seed = 0;
    fill_random(std::as_writable_bytes(std::span(&seed, 1)));
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    StoreAgainstModel run(seed);
    for (int i = 0; i < 150 && !::testing::Test::HasFailure(); ++i) run.step();
    if (!::testing::Test::HasFailure()) run.finish();
  }
}

}  // namespace
}  // namespace writ::store
