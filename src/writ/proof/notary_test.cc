#include "writ/proof/notary.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "writ/base/id.h"
#include "writ/proof/verify/sample_receipt.h"

namespace writ::proof {
namespace {

store::OpenOptions test_options() {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  return options;
}

class NotaryTest : public ::testing::Test {
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
  Issued issue() {
    Issued issued;
    EXPECT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      WRIT_TRY(issued, notary_.issue(t, sample::input(), sample::output()));
      return {};
    }));
    return issued;
  }
  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-notary-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
  Notary notary_{sample::key(7), "writ.example/store"};
};

TEST_F(NotaryTest, WhatItIssuesVerifiesOffline) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Issued issued = issue();
    EXPECT_EQ(issued.index, i);
    const auto v = verify_receipt(issued.receipt, {{notary_.verifier()}, Trust::Strangers::refuse});
    EXPECT_EQ(v.verdict, Verdict::verified) << v.what;
    EXPECT_EQ(v.statement, issued.statement);
    EXPECT_EQ(v.checkpoint.size, i + 1);
  }
}

TEST_F(NotaryTest, EveryLeafIsProvedUnderTheLatestCheckpoint) {
  std::vector<Sha256> leaves;
  for (int i = 0; i < 11; ++i) leaves.push_back(issue().statement);
  const auto view = store_->snapshot();
  for (std::uint64_t i = 0; i < leaves.size(); ++i) {
    const auto proof = parse_log_proof(*prove_leaf(*view, i));
    const auto note = parse_note(proof->checkpoint);
    EXPECT_TRUE(check_note(*note, notary_.verifier()));
    const auto checkpoint = parse_checkpoint(note->text);
    EXPECT_TRUE(merkle::check_inclusion(merkle::leaf_hash(leaves[i].view()), i, checkpoint->size, proof->path, checkpoint->root));
  }
  EXPECT_EQ(prove_leaf(*view, leaves.size()).error().code, Code::invalid);
}

TEST_F(NotaryTest, AnEmptyLogHasNoCheckpoint) {
  EXPECT_EQ(latest_checkpoint(*store_->snapshot()).error().code, Code::unavailable);
}

TEST_F(NotaryTest, TheEffectRootIsTheTreeOverTheEntries) {
  std::vector<effect::Entry> entries;
  EXPECT_EQ(effect_root(entries), merkle::empty_root());
  sample::MapNodes nodes;
  for (std::uint64_t i = 0; i < 40; ++i) {
    effect::Entry e;
    e.sequence = i;
    e.resource = "r" + std::to_string(i);
    entries.push_back(e);
    nodes.add(merkle::leaf_hash(as_bytes(effect::encode(e))));
    EXPECT_EQ(effect_root(entries), *merkle::root(nodes, nodes.size));
  }
}

}  // namespace
}  // namespace writ::proof
