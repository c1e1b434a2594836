#include "writ/proof/log.h"

#include <fmt/format.h>

#include <bit>

#include "writ/wire/big_endian.h"

namespace writ::proof {
namespace {

constexpr std::size_t hash_bytes = 32;

Error lacks(std::string_view what, std::uint64_t number) {
  return {Code::corrupt, "the log lacks a node", fmt::format("{} {}", what, number), "run writ fsck"};
}

// The root over these leaves, a power of two of them.
merkle::Hash perfect_root(std::span<const Sha256> statements) {
  merkle::Frontier edge;
  for (const Sha256& s : statements) edge.add(merkle::leaf_hash(s.view()));
  return edge.root();
}

}  // namespace

Result<HeadRecord> read_head(const store::View& view) {
  WRIT_TRY(const auto bytes, view.record(log_head_table, as_bytes(log_head_key)));
  if (!bytes) return HeadRecord{};
  return decode_head(*bytes);
}

Result<void> write_head(store::Transaction& t, const HeadRecord& head) {
  return t.put_record(log_head_table, as_bytes(log_head_key), encode(head));
}

Result<void> append(store::Transaction& t, HeadRecord& head, const Sha256& statement) {
  const auto full = add(head, statement);
  return full ? t.put_record(log_block_table, big_endian(full->number), full->record) : Result<void>();
}

Result<Log> Log::open(const store::View& view) {
  WRIT_TRY(auto head, read_head(view));
  return Log(view, std::move(head));
}

Result<const Bytes*> Log::block(std::uint64_t number) const {
  if (!kept_ || kept_->number != number) {
    WRIT_TRY(auto bytes, view_->record(log_block_table, big_endian(number)));
    const std::size_t nodes = 1 + static_cast<std::size_t>(std::countr_one(number));
    if (!bytes || bytes->size() != (block_leaves + nodes) * hash_bytes) return lacks("block", number);
    Kept kept{number, std::move(*bytes), {}};
    for (std::size_t i = 0; i < block_leaves; ++i)
      kept.statements.push_back(*Sha256::from(BytesView(kept.record).subspan(i * hash_bytes, hash_bytes)));
    kept_ = std::move(kept);
  }
  return &kept_->record;
}

Result<std::span<const Sha256>> Log::statements(std::uint64_t number) const {
  if (number == size() / block_leaves) return std::span<const Sha256>(head_.pending);
  WRIT_CHECK(block(number));
  return std::span<const Sha256>(kept_->statements);
}

Result<Sha256> Log::statement(std::uint64_t index) const {
  if (index >= size()) return invalid(fmt::format("no leaf {} in a log of {}", index, size()));
  WRIT_TRY(const auto all, statements(index / block_leaves));
  return all[index % block_leaves];
}

Result<merkle::Hash> Log::node(merkle::NodeId id) const {
  if (id.level >= 64 || id.index >= size() >> id.level) return lacks(fmt::format("node of level {}", id.level), id.index);
  if (id.level < block_level) {
    const std::uint64_t first = id.index << id.level;
    WRIT_TRY(const auto all, statements(first / block_leaves));
    return perfect_root(all.subspan(first % block_leaves, std::size_t{1} << id.level));
  }
  // It lies in the block with which it was completed. The right edge is at hand without a read.
  const unsigned above = id.level - block_level;
  if (size() >> id.level == id.index + 1 && (size() >> id.level & 1) != 0) {
    const auto larger = static_cast<std::size_t>(std::popcount(size() >> id.level)) - 1;
    return head_.edge.roots()[larger];
  }
  WRIT_TRY(const Bytes* const record, block(((id.index + 1) << above) - 1));
  return *merkle::Hash::from(BytesView(*record).subspan((block_leaves + above) * hash_bytes, hash_bytes));
}

}  // namespace writ::proof
