#include "writ/proof/log_head.h"

#include <algorithm>
#include <bit>

#include "writ/wire/big_endian.h"

namespace writ::proof {
namespace {

constexpr std::size_t size_bytes = 8, hash_bytes = 32, signature_bytes = 64;
constexpr std::byte unsigned_mark{0}, signed_mark{1};

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

Error broken() { return {Code::corrupt, "the head of the log is malformed", "log.head", "restore a backup"}; }

// Takes `count` hashes from the front.
std::vector<Sha256> take_hashes(BytesView& rest, std::size_t count) {
  std::vector<Sha256> out(count);
  for (Sha256& hash : out) {
    std::ranges::copy(rest.first(hash_bytes), hash.bytes.begin());
    rest = rest.subspan(hash_bytes);
  }
  return out;
}

}  // namespace

std::optional<FullBlock> add(HeadRecord& head, const Sha256& statement) {
  const auto made = head.edge.add(merkle::leaf_hash(statement.view()));
  head.signature.reset();
  head.pending.push_back(statement);
  if (head.pending.size() < block_leaves) return std::nullopt;
  FullBlock block{head.edge.size() / block_leaves - 1, {}};
  for (const Sha256& s : head.pending) append(block.record, s.view());
  for (const merkle::NewNode& node : made)
    if (node.id.level >= block_level) append(block.record, node.hash.view());
  head.pending.clear();
  return block;
}

Bytes encode(const HeadRecord& head) {
  Bytes out = big_endian(head.edge.size());
  out.push_back(head.signature ? signed_mark : unsigned_mark);
  append(out, head.key);
  if (head.signature) append(out, head.signature->view());
  for (const Sha256& s : head.pending) append(out, s.view());
  for (const merkle::Hash& root : head.edge.roots()) append(out, root.view());
  return out;
}

Result<HeadRecord> decode_head(BytesView bytes) {
  HeadRecord out;
  if (bytes.size() < size_bytes + 1 + out.key.size()) return broken();
  std::uint64_t size = 0;
  for (const std::byte b : bytes.first(size_bytes)) size = size << 8 | std::to_integer<std::uint64_t>(b);
  const std::byte mark = bytes[size_bytes];
  BytesView rest = bytes.subspan(size_bytes + 1);
  std::ranges::copy(rest.first(out.key.size()), out.key.begin());
  rest = rest.subspan(out.key.size());
  if (mark == signed_mark && rest.size() >= signature_bytes) {
    std::ranges::copy(rest.first(signature_bytes), out.signature.emplace().bytes.begin());
    rest = rest.subspan(signature_bytes);
  } else if (mark != unsigned_mark) {
    return broken();
  }
  const std::size_t pending = size % block_leaves, roots = static_cast<std::size_t>(std::popcount(size));
  if (rest.size() != (pending + roots) * hash_bytes) return broken();
  out.pending = take_hashes(rest, pending);
  auto edge = merkle::Frontier::of(size, take_hashes(rest, roots));
  if (!edge) return broken();
  out.edge = std::move(*edge);
  return out;
}

}  // namespace writ::proof
