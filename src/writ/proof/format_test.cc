// The bytes that docs/formats/log.md promises, made here by hand; and what a damaged log answers.
#include <gtest/gtest.h>

#include <filesystem>

#include "writ/base/id.h"
#include "writ/proof/log.h"
#include "writ/proof/merkle/check.h"
#include "writ/proof/state_map.h"

namespace writ::proof {
namespace {

class Format : public ::testing::Test {
 protected:
  void SetUp() override {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder_, options);
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void write(const store::Store::Change& change) {
    const auto done = store_->write(change);
    ASSERT_TRUE(done) << done.error().text();
  }
  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-format-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
};

Sha256 leaf_by_hand(std::string_view path, unsigned char version, std::string_view body) {
  const std::byte tag[] = {std::byte{2}};
  const std::byte number[] = {std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{version}};
  const Sha256 key = sha256(as_bytes(path)), content = sha256(as_bytes(body));
  return sha256_of_parts({tag, key.view(), number, content.view()});
}

TEST_F(Format, StateRootOfNothingOfOneAndOfTwo) {
  EXPECT_EQ(*state_root(*store_->snapshot()), Sha256{});
  write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(put_state(t, "a", ObjectVersion(3), sha256(as_bytes("body of a"))));
    return {};
  });
  const Sha256 a = leaf_by_hand("a", 3, "body of a"), b = leaf_by_hand("b", 1, "body of b");
  EXPECT_EQ(*state_root(*store_->snapshot()), a);
  write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(put_state(t, "b", ObjectVersion(1), sha256(as_bytes("body of b"))));
    return {};
  });
  // SHA-256("a") begins with ca (1100...), SHA-256("b") with 3e (0011...): they differ in bit 0, and b has the 0.
  const std::byte head[3] = {std::byte{3}, std::byte{0}, std::byte{0}};
  const Sha256 no_bits{};
  EXPECT_EQ(*state_root(*store_->snapshot()), sha256_of_parts({head, no_bits.view(), b.view(), a.view()}));
}

TEST_F(Format, ALogNodeIsKeptUnderItsLevelAndIndex) {
  write([](store::Transaction& t) -> Result<void> {
    for (int i = 0; i < 4; ++i) WRIT_CHECK(append(t, sha256(as_bytes(std::to_string(i)))));
    return {};
  });
  const auto view = store_->snapshot();
  Bytes key(9);
  key[0] = std::byte{1};
  key[8] = std::byte{1};
  const auto node = view->record(log_table, key);
  ASSERT_TRUE(node && *node);
  const auto leaf = [](const char* text) { return merkle::leaf_hash(sha256(as_bytes(text)).view()); };
  EXPECT_EQ(Sha256::from(**node), merkle::node_hash(leaf("2"), leaf("3")));
}

TEST_F(Format, ConsistencyHoldsBetweenAnyTwoSizesOfTheStoredLog) {
  constexpr std::uint64_t leaves = 21;
  write([](store::Transaction& t) -> Result<void> {
    for (std::uint64_t i = 0; i < leaves; ++i) WRIT_CHECK(append(t, sha256(as_bytes(std::to_string(i)))));
    return {};
  });
  const auto view = store_->snapshot();
  const Log log(*view);
  for (std::uint64_t n = 1; n <= leaves; ++n) {
    for (std::uint64_t m = 1; m <= n; ++m) {
      EXPECT_TRUE(merkle::check_consistency(m, *log.root(m), n, *log.root(n), *log.consistency(m, n))) << m << " " << n;
    }
  }
  EXPECT_EQ(log.consistency(0, leaves).error().code, Code::invalid);
}

TEST_F(Format, ARefusedTransactionLeavesNoLeaf) {
  write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(append(t, sha256({})));
    return {};
  });
  const auto refused = store_->write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(append(t, sha256(as_bytes("never"))));
    return Error{Code::conflict, "somebody was faster", {}, {}};
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(*Log(*store_->snapshot()).size(), 1u);
}

TEST_F(Format, AMissingNodeIsCorrupt) {
  write([](store::Transaction& t) -> Result<void> {
    for (int i = 0; i < 8; ++i) WRIT_CHECK(append(t, sha256({})));
    Bytes key(9);
    key[0] = std::byte{2};
    return t.remove_record(log_table, key);
  });
  EXPECT_EQ(Log(*store_->snapshot()).inclusion(7, 8).error().code, Code::corrupt);
  EXPECT_TRUE(Log(*store_->snapshot()).root(8));  // the root of all eight is a node of its own
}

}  // namespace
}  // namespace writ::proof
