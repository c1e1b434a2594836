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
    WRIT_TRY(const auto root, put_state(t, Sha256{}, "a", ObjectVersion(3), sha256(as_bytes("body of a"))));
    return write_state_root(t, root);
  });
  const Sha256 a = leaf_by_hand("a", 3, "body of a"), b = leaf_by_hand("b", 1, "body of b");
  EXPECT_EQ(*state_root(*store_->snapshot()), a);
  write([](store::Transaction& t) -> Result<void> {
    WRIT_TRY(const auto before, state_root(t));
    WRIT_TRY(const auto root, put_state(t, before, "b", ObjectVersion(1), sha256(as_bytes("body of b"))));
    return write_state_root(t, root);
  });
  // SHA-256("a") begins with ca (1100...), SHA-256("b") with 3e (0011...): they differ in bit 0, and b has the 0.
  const std::byte head[3] = {std::byte{3}, std::byte{0}, std::byte{0}};
  const Sha256 no_bits{};
  EXPECT_EQ(*state_root(*store_->snapshot()), sha256_of_parts({head, no_bits.view(), b.view(), a.view()}));
}

Result<void> append_leaf(store::Transaction& t, std::string_view text) {
  WRIT_TRY(auto head, read_head(t));
  WRIT_CHECK(append(t, head, sha256(as_bytes(text))));
  return write_head(t, head);
}

TEST_F(Format, ABlockHoldsItsStatementsAndTheNodesThatEndWithIt) {
  write([](store::Transaction& t) -> Result<void> {
    for (int i = 0; i < 32; ++i) WRIT_CHECK(append_leaf(t, std::to_string(i)));
    return {};
  });
  const auto view = store_->snapshot();
  Bytes key(8);
  key[7] = std::byte{1};
  const auto block = view->record(log_block_table, key);
  ASSERT_TRUE(block && *block);
  ASSERT_EQ((*block)->size(), (16u + 2u) * 32u);
  const auto at = [&](std::size_t i) { return *Sha256::from(BytesView(**block).subspan(i * 32, 32)); };
  std::vector<Sha256> level;
  for (int i = 0; i < 32; ++i) {
    const Sha256 statement = sha256(as_bytes(std::to_string(i)));
    if (i >= 16) { EXPECT_EQ(at(static_cast<std::size_t>(i) - 16), statement); }
    level.push_back(merkle::leaf_hash(statement.view()));
  }
  for (int height = 1; height <= 5; ++height) {
    std::vector<Sha256> above;
    for (std::size_t i = 0; i < level.size(); i += 2) above.push_back(merkle::node_hash(level[i], level[i + 1]));
    level = above;
    if (height == 4) { EXPECT_EQ(at(16), level[1]); }
  }
  EXPECT_EQ(at(17), level[0]);
}

TEST_F(Format, TheHeadIsWhatIsWritten) {
  HeadRecord head;
  for (int i = 0; i < 100; ++i) {
    for (const bool is_signed : {false, true}) {
      if (is_signed) head.signature.emplace().bytes.fill(std::byte{7});
      const Bytes bytes = encode(head);
      const auto back = decode_head(bytes);
      ASSERT_TRUE(back);
      EXPECT_EQ(encode(*back), bytes);
      EXPECT_EQ(back->edge.root(), head.edge.root());
      for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_head(BytesView(bytes).first(n))) << n;
    }
    head.key.fill(std::byte{9});
    add(head, sha256(as_bytes(std::to_string(i))));
    EXPECT_FALSE(head.signature);
  }
}

TEST_F(Format, ConsistencyHoldsBetweenAnyTwoSizesOfTheStoredLog) {
  constexpr std::uint64_t leaves = 70;
  write([](store::Transaction& t) -> Result<void> {
    for (std::uint64_t i = 0; i < leaves; ++i) WRIT_CHECK(append_leaf(t, std::to_string(i)));
    return {};
  });
  const auto view = store_->snapshot();
  const Log log = *Log::open(*view);
  for (std::uint64_t n = 1; n <= leaves; ++n) {
    for (std::uint64_t m = 1; m <= n; ++m) {
      EXPECT_TRUE(merkle::check_consistency(m, *log.root(m), n, *log.root(n), *log.consistency(m, n))) << m << " " << n;
    }
  }
  EXPECT_EQ(log.consistency(0, leaves).error().code, Code::invalid);
}

TEST_F(Format, ARefusedTransactionLeavesNoLeaf) {
  write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(append_leaf(t, ""));
    return {};
  });
  const auto refused = store_->write([](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(append_leaf(t, "never"));
    return Error{Code::conflict, "somebody was faster", {}, {}};
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(Log::open(*store_->snapshot())->size(), 1u);
}

TEST_F(Format, AMissingOrDamagedBlockIsCorrupt) {
  write([](store::Transaction& t) -> Result<void> {
    for (int i = 0; i < 33; ++i) WRIT_CHECK(append_leaf(t, ""));
    return t.remove_record(log_block_table, Bytes(8));
  });
  auto view = store_->snapshot();
  EXPECT_EQ(Log::open(*view)->inclusion(7, 33).error().code, Code::corrupt);
  EXPECT_EQ(Log::open(*view)->statement(7).error().code, Code::corrupt);
  EXPECT_TRUE(Log::open(*view)->root(32));  // the root of two whole blocks lies in the second
  write([](store::Transaction& t) { return t.put_record(log_block_table, Bytes(8), Bytes(17 * 32 - 1)); });
  view = store_->snapshot();
  EXPECT_EQ(Log::open(*view)->statement(7).error().code, Code::corrupt);
}

}  // namespace
}  // namespace writ::proof
