#include "writ/proof/state_map.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "writ/base/id.h"
#include "writ/proof/log.h"
#include "writ/store/fsck.h"

namespace writ::proof {
namespace {

store::OpenOptions test_options() {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  return options;
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("writ-proof-" + TaskId::random().brief());
    auto opened = store::Store::open(folder_, test_options());
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string folder_;
  std::unique_ptr<store::Store> store_;
};
using StateMap = StoreTest;

// A change of one object, with its root.
Result<void> put(store::Transaction& t, std::string_view path, ObjectVersion version, const Sha256& body) {
  WRIT_TRY(const auto before, state_root(t));
  WRIT_TRY(const auto after, put_state(t, before, path, version, body));
  return write_state_root(t, after);
}
Result<void> remove(store::Transaction& t, std::string_view path) {
  WRIT_TRY(const auto before, state_root(t));
  WRIT_TRY(const auto after, remove_state(t, before, path));
  return write_state_root(t, after);
}
using StoredLog = StoreTest;

// After every transaction of random puts and removals, the root is what an independent build over all objects gives.
TEST_F(StateMap, RootEqualsTheOneBuiltFromNothing) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  // A root for each commit, and of n objects n leaves and n - 1 inner nodes.
  const auto expect_nodes = [&](std::size_t roots) {
    const auto objects = store_->snapshot()->list("", 1000)->size();
    const auto checked = store::fsck(folder_, store::Repair::report);
    ASSERT_TRUE(checked && checked->findings.empty());
    EXPECT_EQ(checked->records, roots + (objects == 0 ? 0 : 2 * objects - 1));
  };
  constexpr std::size_t rounds = 60;
  for (std::size_t round = 1; round <= rounds; ++round) {
    const auto written = store_->write([&](store::Transaction& t) -> Result<void> {
      for (int i = 0; i < 8; ++i) {
        const std::string path = "k" + std::to_string(random() % 40);
        WRIT_TRY(const auto there, t.object(path));
        if (there && random() % 2 == 0) {
          WRIT_CHECK(t.remove_object(path));
          WRIT_CHECK(remove(t, path));
        } else {
          WRIT_TRY(const auto state, t.put_object(path, as_bytes(std::to_string(random()))));
          WRIT_CHECK(put(t, path, state.version, state.digest.sha256));
        }
      }
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
    const auto view = store_->snapshot();
    EXPECT_EQ(*state_root(*view), *recompute_state_root(*view));
    expect_nodes(round);
  }
  // Emptied, nothing is left behind.
  ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
    WRIT_TRY(const auto all, t.list("", 1000));
    for (const auto& o : all) {
      WRIT_CHECK(t.remove_object(o.path));
      WRIT_CHECK(remove(t, o.path));
    }
    return {};
  }));
  EXPECT_EQ(*state_root(*store_->snapshot()), Sha256{});
  expect_nodes(rounds + 1);
}

TEST_F(StateMap, RootDependsOnContentNotOnHistory) {
  std::vector<std::string> paths;
  for (int i = 0; i < 50; ++i) paths.push_back("p" + std::to_string(i));
  std::vector<Sha256> roots;
  for (int order = 0; order < 3; ++order) {
    std::shuffle(paths.begin(), paths.end(), std::mt19937(static_cast<unsigned>(order)));
    ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      for (const auto& p : paths) WRIT_CHECK(put(t, p, ObjectVersion(7), sha256(as_bytes(p))));
      WRIT_TRY(const auto root, state_root(t));
      roots.push_back(root);
      for (const auto& p : paths) WRIT_CHECK(remove(t, p));
      return {};
    }));
  }
  EXPECT_EQ(roots[0], roots[1]);
  EXPECT_EQ(roots[1], roots[2]);
  EXPECT_NE(roots[0], Sha256{});
}

TEST_F(StateMap, ADamagedNodeIsCorrupt) {
  ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(put(t, "a", ObjectVersion(1), {}));
    const Bytes top(2);
    WRIT_TRY(const auto node, t.current(state_node_table, top));
    EXPECT_TRUE(node);
    return t.put_current(state_node_table, top, as_bytes("not a node"));
  }));
  const auto refused = store_->write([&](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(put(t, "b", ObjectVersion(1), {}));
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::corrupt);
}

TEST_F(StoredLog, HeadsAndProofsHoldAtEverySize) {
  constexpr std::uint64_t leaves = 70;
  std::vector<merkle::Hash> roots{merkle::empty_root()};
  EXPECT_EQ(Log::open(*store_->snapshot())->root(), merkle::empty_root());
  for (std::uint64_t i = 0; i < leaves; ++i) {
    ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      WRIT_TRY(auto head, read_head(t));
      WRIT_CHECK(append(t, head, sha256(as_bytes(std::to_string(i)))));
      EXPECT_EQ(head.edge.size(), i + 1);
      roots.push_back(head.edge.root());
      return write_head(t, head);
    }));
  }
  const auto view = store_->snapshot();
  const Log log = *Log::open(*view);
  EXPECT_EQ(log.size(), leaves);
  merkle::Frontier model;
  for (std::uint64_t n = 1; n <= leaves; ++n) {
    const Sha256 statement = sha256(as_bytes(std::to_string(n - 1)));
    model.add(merkle::leaf_hash(statement.view()));
    EXPECT_EQ(*log.root(n), roots[n]);
    EXPECT_EQ(roots[n], model.root());
    EXPECT_EQ(*log.statement(n - 1), statement);
  }
  EXPECT_EQ(log.inclusion(3, leaves)->size(), 7u);
  EXPECT_EQ(log.inclusion(leaves, leaves).error().code, Code::invalid);
}

}  // namespace
}  // namespace writ::proof
