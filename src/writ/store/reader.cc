#include <algorithm>

#include "writ/store/pool.h"
#include "writ/store/query.h"
#include "writ/store/store.h"

namespace writ::store {

Result<std::optional<Bytes>> body_if_there(const View& view, std::string_view path, ObjectVersion version) {
  if (version == ObjectVersion()) return std::optional<Bytes>();
  auto body = view.body(path, version);
  if (body) return std::optional(std::move(*body));
  if (body.error().code != Code::unavailable) return body.error();
  WRIT_TRY(const auto history, view.history(path));
  const auto state = std::ranges::find(history, version, &ObjectState::version);
  if (state == history.end() || state->kind != ObjectKind::tombstone) return body.error();
  return std::optional<Bytes>();
}

Result<std::optional<ObjectState>> Reader::object(std::string_view path) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return live_object({*lease, sequence_}, path);
}
Result<ObjectVersion> Reader::version(std::string_view path) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return newest_version({*lease, sequence_}, path);
}
Result<Bytes> Reader::body(std::string_view path, ObjectVersion version) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return object_body({*lease, sequence_}, path, version);
}
Result<std::vector<ObjectState>> Reader::list(std::string_view prefix, std::size_t limit, std::string_view after) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return list_objects({*lease, sequence_}, prefix, limit, after);
}
Result<std::vector<ObjectState>> Reader::history(std::string_view path) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return object_history({*lease, sequence_}, path);
}
Result<std::optional<Bytes>> Reader::record(std::string_view table, BytesView key) const {
  WRIT_TRY(const Pool::Lease lease, pool_->lease());
  return find_record({*lease, sequence_}, table, key);
}
Result<void> Reader::scan(std::string_view table, BytesView first, BytesView last, const Visitor& visit, Order order) const {
  WRIT_CHECK(check_table_name(table));
  // The lease ends before the visitor runs, which may read or write the store itself.
  const Fetch fetch = [&](BytesView from, BytesView to, std::size_t count) -> Result<std::vector<Record>> {
    WRIT_TRY(const Pool::Lease lease, pool_->lease());
    return fetch_records({*lease, sequence_}, table, from, to, order, count);
  };
  return visit_records(fetch, first, last, visit, order);
}

}  // namespace writ::store
