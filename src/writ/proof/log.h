// The log of a store: an RFC 6962 tree whose leaves are the SHA-256 digests of statements. A leaf is appended in the very
// transaction that makes its task's writes visible.
//
// Append reads and writes one record, the head, and each sixteenth leaf one block: O(1). A proof is made from O(log n)
// nodes. Nothing is ever made from the leaves again but the sixteen of a block.
// Format: docs/formats/log.md.   Threads: those of the View or Transaction; a Log keeps the block it read last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "writ/proof/log_head.h"
#include "writ/proof/merkle/tree.h"
#include "writ/store/store.h"

namespace writ::proof {

inline constexpr std::string_view log_head_table = "log.head", log_head_key = "head";
inline constexpr std::string_view log_block_table = "log.block";

Result<HeadRecord> read_head(const store::View&);
Result<void> write_head(store::Transaction&, const HeadRecord&);
// One leaf more: writes the block if it is full now; the head is the caller's to sign and write.
Result<void> append(store::Transaction&, HeadRecord&, const Sha256& statement);

// Reads the log as a View shows it now. The view must outlive it.
class Log final : public merkle::Nodes {
 public:
  static Result<Log> open(const store::View&);

  std::uint64_t size() const { return head_.edge.size(); }
  merkle::Hash root() const { return head_.edge.root(); }
  const HeadRecord& head() const { return head_; }
  Result<Sha256> statement(std::uint64_t index) const;
  Result<merkle::Hash> root(std::uint64_t size) const { return size == this->size() ? root() : merkle::root(*this, size); }
  Result<merkle::Path> inclusion(std::uint64_t index, std::uint64_t size) const { return merkle::inclusion_path(*this, index, size); }
  Result<merkle::Path> consistency(std::uint64_t first, std::uint64_t second) const {
    return merkle::consistency_path(*this, first, second);
  }
  Result<merkle::Hash> node(merkle::NodeId) const override;

 private:
  Log(const store::View& view, HeadRecord head) : view_(&view), head_(std::move(head)) {}
  Result<std::span<const Sha256>> statements(std::uint64_t block) const;
  Result<const Bytes*> block(std::uint64_t number) const;

  const store::View* view_;
  HeadRecord head_;
  struct Kept {
    std::uint64_t number = 0;
    Bytes record;
    std::vector<Sha256> statements;
  };
  mutable std::optional<Kept> kept_;
};

}  // namespace writ::proof
