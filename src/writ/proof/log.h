// The log of a store: an RFC 6962 tree whose leaves are the SHA-256 digests of statements, kept as its perfect subtrees
// in the store's records. A leaf is appended in the very transaction that makes its task's writes visible.
//
// Append is amortised O(1), a proof O(log n); nothing is ever made from the leaves again.
// Format: docs/formats/log.md.   Threads: those of the View or Transaction.
#pragma once

#include <cstdint>

#include "writ/proof/merkle/tree.h"
#include "writ/store/store.h"

namespace writ::proof {

inline constexpr std::string_view log_table = "log.node";

struct LogHead {
  std::uint64_t size = 0;
  merkle::Hash root;
};

// Reads the log as a View shows it.
class Log final : public merkle::Nodes {
 public:
  explicit Log(const store::View& view) : view_(view) {}
  Result<std::uint64_t> size() const;
  Result<LogHead> head() const;
  Result<merkle::Hash> root(std::uint64_t size) const { return merkle::root(*this, size); }
  Result<merkle::Path> inclusion(std::uint64_t index, std::uint64_t size) const { return merkle::inclusion_path(*this, index, size); }
  Result<merkle::Path> consistency(std::uint64_t first, std::uint64_t second) const {
    return merkle::consistency_path(*this, first, second);
  }
  Result<merkle::Hash> node(merkle::NodeId) const override;

 private:
  const store::View& view_;
};

// Adds leaf number `size` to a log of that many: its nodes and no more, amortised O(1).
Result<void> grow(store::Transaction&, std::uint64_t size, const Sha256& statement);
// Appends one leaf; the head after it, which takes O(log n). The leaf's index is head.size - 1.
Result<LogHead> append(store::Transaction&, const Sha256& statement);

}  // namespace writ::proof
