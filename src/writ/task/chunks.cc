#include "writ/task/chunks.h"

#include <algorithm>
#include <vector>

namespace writ::task {
namespace {

Bytes chunk_key(BytesView key, std::uint32_t number) {
  Bytes all(key.begin(), key.end());
  for (int shift = 24; shift >= 0; shift -= 8) all.push_back(static_cast<std::byte>(number >> shift));
  return all;
}

// The first key that does not begin with these bytes.
Bytes end_of(BytesView key) {
  Bytes end(key.begin(), key.end());
  while (!end.empty() && end.back() == std::byte{0xff}) end.pop_back();
  if (!end.empty()) end.back() = static_cast<std::byte>(std::to_integer<unsigned>(end.back()) + 1);
  return end;
}

}  // namespace

Result<void> put_chunks(store::Transaction& t, std::string_view table, BytesView key, BytesView bytes) {
  for (std::uint32_t number = 0;; ++number) {
    const auto chunk = bytes.first(std::min(bytes.size(), chunk_size));
    WRIT_CHECK(t.put_record(table, chunk_key(key, number), chunk));
    if (chunk.size() < chunk_size) return {};
    bytes = bytes.subspan(chunk_size);
  }
}

Result<std::optional<Bytes>> find_chunks(const store::View& view, std::string_view table, BytesView key) {
  Bytes all;
  for (std::uint32_t number = 0;; ++number) {
    WRIT_TRY(const auto chunk, view.record(table, chunk_key(key, number)));
    if (!chunk && number == 0) return std::optional<Bytes>();
    if (!chunk) return Error{Code::corrupt, "a part of what was kept is missing", std::string(table), "run writ fsck"};
    all.insert(all.end(), chunk->begin(), chunk->end());
    if (chunk->size() < chunk_size) return std::optional(std::move(all));
  }
}

Result<void> remove_chunks(store::Transaction& t, std::string_view table, BytesView key) {
  std::vector<Bytes> keys;
  WRIT_CHECK(t.scan(table, key, end_of(key), [&](BytesView found, BytesView) -> Result<store::Visit> {
    keys.emplace_back(found.begin(), found.end());
    return store::Visit::more;
  }));
  for (const auto& k : keys) WRIT_CHECK(t.remove_record(table, k));
  return {};
}

}  // namespace writ::task
