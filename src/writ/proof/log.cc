#include "writ/proof/log.h"

#include <array>

namespace writ::proof {
namespace {

// level, then index in big-endian: nodes of a level lie together, in order.
Bytes key_of(merkle::NodeId id) {
  Bytes key{static_cast<std::byte>(id.level)};
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::byte>(id.index >> shift));
  return key;
}

}  // namespace

Result<std::uint64_t> Log::size() const {
  // The leaves are the nodes of level 0: the last one's index says how many there are.
  std::uint64_t size = 0;
  const auto last = [&](BytesView key, BytesView) -> Result<store::Visit> {
    if (key.size() != 9) return Error{Code::corrupt, "a node of the log has a malformed key", std::string(log_table), {}};
    for (std::byte b : key.subspan(1)) size = size << 8 | std::to_integer<std::uint64_t>(b);
    ++size;
    return store::Visit::enough;
  };
  const std::array<std::byte, 1> first{std::byte{0}}, end{std::byte{1}};
  WRIT_CHECK(view_.scan(log_table, first, end, last, store::Order::backward));
  return size;
}

Result<LogHead> Log::head() const {
  WRIT_TRY(const auto n, size());
  WRIT_TRY(const auto r, root(n));
  return LogHead{n, r};
}

Result<merkle::Hash> Log::node(merkle::NodeId id) const {
  WRIT_TRY(const auto bytes, view_.record(log_table, key_of(id)));
  const auto hash = bytes ? merkle::Hash::from(*bytes) : std::nullopt;
  if (!hash)
    return Error{Code::corrupt, "the log lacks a node", std::to_string(id.level) + "/" + std::to_string(id.index), "run writ fsck"};
  return *hash;
}

Result<void> grow(store::Transaction& transaction, std::uint64_t size, const Sha256& statement) {
  WRIT_TRY(const auto made, merkle::append(Log(transaction), size, merkle::leaf_hash(statement.view())));
  for (const auto& node : made) WRIT_CHECK(transaction.put_record(log_table, key_of(node.id), node.hash.view()));
  return {};
}

Result<LogHead> append(store::Transaction& transaction, const Sha256& statement) {
  const Log log(transaction);
  WRIT_TRY(const auto size, log.size());
  WRIT_CHECK(grow(transaction, size, statement));
  WRIT_TRY(const auto root, log.root(size + 1));
  return LogHead{size + 1, root};
}

}  // namespace writ::proof
