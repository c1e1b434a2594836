#include <fmt/format.h>

#include "writ/base/escape.h"
#include "writ/store/query.h"
#include "writ/store/store.h"

namespace writ::store {

Sequence Transaction::sequence() const { return sequence_; }
Result<std::optional<ObjectState>> Transaction::object(std::string_view path) const {
  return live_object({connection_, sequence_}, path);
}
Result<ObjectVersion> Transaction::version(std::string_view path) const { return newest_version({connection_, sequence_}, path); }
Result<Bytes> Transaction::body(std::string_view path, ObjectVersion version) const {
  return object_body({connection_, sequence_}, path, version);
}
Result<std::vector<ObjectState>> Transaction::list(std::string_view prefix, std::size_t limit, std::string_view after) const {
  return list_objects({connection_, sequence_}, prefix, limit, after);
}
Result<std::vector<ObjectState>> Transaction::history(std::string_view path) const {
  return object_history({connection_, sequence_}, path);
}
Result<std::optional<Bytes>> Transaction::record(std::string_view table, BytesView key) const {
  return find_record({connection_, sequence_}, table, key);
}
Result<void> Transaction::scan(std::string_view table, BytesView first, BytesView last, const Visitor& visit, Order order) const {
  WRIT_CHECK(check_table_name(table));
  const Fetch fetch = [&](BytesView from, BytesView to, std::size_t count) {
    return fetch_records({connection_, sequence_}, table, from, to, order, count);
  };
  return visit_records(fetch, first, last, visit, order);
}

Result<void> Transaction::expect(std::string_view path, ObjectVersion expected) {
  WRIT_TRY(const ObjectVersion found, version(path));
  if (found == expected) return {};
  return Error{Code::conflict, fmt::format("somebody else changed it: version {} was read, {} is there now", expected.value(), found.value()),
               "object " + escape_for_terminal(path), "run it again"};
}

// A change of several statements that fails half-way spoils the transaction, even if the caller goes on regardless.
template <class T>
Result<T> Transaction::remember(Result<T> result) {
  if (!result && !broken_) broken_ = result.error();
  return result;
}

// After some failures, also of a read, SQLite has rolled back by itself, and a statement more would be a commit of its own.
Result<void> Transaction::check_alive() {
  if (!broken_ && !connection_.in_transaction()) broken_ = given_up(connection_);
  if (broken_) return *broken_;
  return {};
}

Result<void> Transaction::grow(ByteCount size, ByteCount limit, std::string_view what, std::string_view where) {
  WRIT_CHECK(check_alive());
  if (size > limit)
    return Error{Code::exhausted, fmt::format("{} of {} bytes; the limit is {}", what, size.value(), limit.value()),
                 escape_for_terminal(where), {}};
  if (written_ + size > max_commit_size)
    return Error{Code::exhausted, fmt::format("more than {} bytes in one commit", max_commit_size.value()), escape_for_terminal(where),
                 "split the work into several commits"};
  written_ += size;
  changed_ = true;
  return {};
}

Result<ObjectState> Transaction::put_object(std::string_view path, BytesView body) {
  WRIT_CHECK(check_object_path(path));
  if (ByteCount(body.size()) > max_object_size) WRIT_CHECK(grow(ByteCount(body.size()), max_object_size, "object", path));
  return put_object(path, body, digest(body));
}

Result<ObjectState> Transaction::put_object(std::string_view path, BytesView body, const DigestPair& digest) {
  WRIT_CHECK(check_object_path(path));
  WRIT_CHECK(grow(ByteCount(body.size()), max_object_size, "object", path));
  return remember(append(path, ObjectKind::value, body, digest));
}

Result<ObjectState> Transaction::remove_object(std::string_view path) {
  WRIT_TRY(const auto found, object(path));
  if (!found) return Error{Code::unavailable, "there is no such object", "object " + escape_for_terminal(path), {}};
  WRIT_CHECK(check_alive());
  changed_ = true;
  return remember(append(path, ObjectKind::tombstone, {}, digest(BytesView())));
}

Result<ObjectState> Transaction::append(std::string_view path, ObjectKind kind, BytesView body, const DigestPair& digest) {
  WRIT_TRY(const auto before, newest({connection_, sequence_}, path));
  ObjectState state{std::string(path), ObjectVersion(1), kind, digest, ByteCount(body.size()), sequence_};
  if (before) {
    const bool replaces = before->written == sequence_;
    state.version = replaces ? before->version : before->version + ObjectVersion(1);
    if (replaces) WRIT_CHECK(forget(*before));
  }
  if (kind == ObjectKind::value) {
    WRIT_TRY(Statement s, connection_.prepare("INSERT INTO body (bytes) VALUES (?1)"));
    WRIT_CHECK(s.blob(1, body).done());
  }
  WRIT_TRY(Statement s, connection_.prepare("INSERT INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  s.text(1, path).number(2, state.version.value()).number(3, sequence_.value()).number(4, static_cast<std::uint64_t>(kind));
  s.number(5, body.size()).blob(6, state.digest.sha256.view()).blob(7, state.digest.sha3_256.view());
  kind == ObjectKind::value ? s.number(8, connection_.last_row()) : s.null(8);
  WRIT_CHECK(s.done());
  return state;
}

Result<void> Transaction::forget(const ObjectState& state) {
  {
    WRIT_TRY(Statement s, connection_.prepare("DELETE FROM body WHERE id = (SELECT body FROM object WHERE path = ?1 AND version = ?2)"));
    WRIT_CHECK(s.text(1, state.path).number(2, state.version.value()).done());
  }
  WRIT_TRY(Statement s, connection_.prepare("DELETE FROM object WHERE path = ?1 AND version = ?2"));
  return s.text(1, state.path).number(2, state.version.value()).done();
}

Result<void> Transaction::put_record(std::string_view table, BytesView key, BytesView value) {
  WRIT_CHECK(check_table_name(table));
  WRIT_CHECK(check_key(key));
  WRIT_CHECK(grow(ByteCount(value.size()), max_record_size, "record", table));
  return remember(supersede(table, key, value));
}

Result<void> Transaction::remove_record(std::string_view table, BytesView key) {
  WRIT_TRY(const auto found, record(table, key));
  if (!found) return {};
  WRIT_CHECK(check_alive());
  changed_ = true;
  return remember(supersede(table, key, std::nullopt));
}

Result<void> Transaction::supersede(std::string_view table, BytesView key, std::optional<BytesView> value) {
  {
    WRIT_TRY(Statement s, connection_.prepare("INSERT INTO record (name, key, sequence, value) VALUES (?1, ?2, ?3, ?4) "
                                              "ON CONFLICT (name, key, sequence) DO UPDATE SET value = excluded.value"));
    s.text(1, table).blob(2, key).number(3, sequence_.value());
    value ? s.blob(4, *value) : s.null(4);
    WRIT_CHECK(s.done());
  }
  if (sequence_.value() <= kept_record_commits) return {};
  // Of this key, what no Reader young enough can see: everything before the newest value of kept_record_commits ago.
  WRIT_TRY(Statement s, connection_.prepare(
      "DELETE FROM record WHERE name = ?1 AND key = ?2 AND sequence < "
      "(SELECT max(sequence) FROM record WHERE name = ?1 AND key = ?2 AND sequence <= ?3)"));
  return s.text(1, table).blob(2, key).number(3, sequence_.value() - kept_record_commits).done();
}

Result<std::optional<Bytes>> Transaction::current(std::string_view table, BytesView key) const {
  WRIT_CHECK(check_table_name(table));
  WRIT_CHECK(check_key(key));
  WRIT_TRY(Statement s, connection_.prepare("SELECT value FROM current WHERE name = ?1 AND key = ?2"));
  WRIT_TRY(const bool found, s.text(1, table).blob(2, key).row());
  if (!found) return std::optional<Bytes>();
  return std::optional(Bytes(s.blob_at(0).begin(), s.blob_at(0).end()));
}

Result<void> Transaction::put_current(std::string_view table, BytesView key, BytesView value) {
  WRIT_CHECK(check_table_name(table));
  WRIT_CHECK(check_key(key));
  WRIT_CHECK(grow(ByteCount(value.size()), max_record_size, "record", table));
  WRIT_TRY(Statement s, connection_.prepare("INSERT INTO current VALUES (?1, ?2, ?3) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value"));
  return remember(s.text(1, table).blob(2, key).blob(3, value).done());
}

Result<void> Transaction::remove_current(std::string_view table, BytesView key) {
  WRIT_CHECK(check_alive());
  changed_ = true;
  WRIT_TRY(Statement s, connection_.prepare("DELETE FROM current WHERE name = ?1 AND key = ?2"));
  return remember(s.text(1, table).blob(2, key).done());
}

}  // namespace writ::store
