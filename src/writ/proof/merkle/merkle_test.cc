#include <gtest/gtest.h>

#include "writ/proof/merkle/check.h"

namespace writ::merkle {
namespace {

TEST(Merkle, HashesOfRfc6962) {
  EXPECT_EQ(empty_root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(leaf_hash({}).hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(leaf_hash(as_bytes("L123456")).hex(), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  EXPECT_EQ(node_hash(leaf_hash({}), leaf_hash(as_bytes(std::string_view("\0", 1)))).hex(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

TEST(Merkle, LeavesAndNodesNeverCollide) {
  const Hash a = leaf_hash(as_bytes("a")), b = leaf_hash(as_bytes("b"));
  Bytes joined;
  for (const Hash& h : {a, b}) joined.insert(joined.end(), h.bytes.begin(), h.bytes.end());
  EXPECT_NE(leaf_hash(joined), node_hash(a, b));
}

class NoNodes : public Nodes {
 public:
  Result<Hash> node(NodeId) const override { return Error{Code::corrupt, "gone", "", ""}; }
};

TEST(Merkle, AMissingNodeIsAnErrorOfEveryOperation) {
  EXPECT_EQ(root(NoNodes(), 0), empty_root());
  EXPECT_EQ(root(NoNodes(), 3).error().code, Code::corrupt);
  EXPECT_EQ(inclusion_path(NoNodes(), 0, 2).error().code, Code::corrupt);
  EXPECT_EQ(consistency_path(NoNodes(), 1, 2).error().code, Code::corrupt);
  EXPECT_EQ(inclusion_path(NoNodes(), 2, 2).error().code, Code::invalid);
  EXPECT_EQ(consistency_path(NoNodes(), 0, 2).error().code, Code::invalid);
  EXPECT_EQ(consistency_path(NoNodes(), 3, 2).error().code, Code::invalid);
}

TEST(Merkle, AFrontierIsKeptAndTakenUpAgain) {
  Frontier grown;
  for (int i = 0; i < 100; ++i) {
    auto taken_up = Frontier::of(grown.size(), grown.roots());
    ASSERT_TRUE(taken_up);
    EXPECT_EQ(taken_up->root(), grown.root());
    const Hash leaf = leaf_hash(as_bytes(std::to_string(i)));
    EXPECT_EQ(taken_up->add(leaf).size(), grown.add(leaf).size());
    EXPECT_EQ(taken_up->root(), grown.root());
  }
  EXPECT_EQ(Frontier::of(3, {Hash()}).error().code, Code::invalid);
  EXPECT_EQ(Frontier::of(0, {Hash()}).error().code, Code::invalid);
}

}  // namespace
}  // namespace writ::merkle
