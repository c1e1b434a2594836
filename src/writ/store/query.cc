#include "writ/store/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/escape.h"

namespace writ::store {
namespace {

constexpr std::size_t first_chunk = 4, largest_chunk = 256;  // records fetched at once: few for who wants one
constexpr std::size_t chunk_bytes = 1024 * 1024;

Error damaged(std::string what, std::string_view path, ObjectVersion version) {
  return {Code::corrupt, std::move(what), fmt::format("object {} version {}", escape_for_terminal(path), version.value()),
          "`writ fsck` says what else is damaged; restore a backup"};
}

// Columns: path, version, sequence, kind, size, sha256, sha3_256.
Result<ObjectState> state_of(const Statement& row) {
  ObjectState s;
  s.path = std::string(row.text_at(0));
  s.version = ObjectVersion(row.number_at(1));
  s.written = Sequence(row.number_at(2));
  s.size = ByteCount(row.number_at(4));
  const auto sha256 = Sha256::from(row.blob_at(5));
  const auto sha3 = Sha3::from(row.blob_at(6));
  const std::uint64_t kind = row.number_at(3);
  if (!sha256 || !sha3 || (kind != 1 && kind != 2) || s.version.value() == 0)
    return damaged("the description of an object is damaged", s.path, s.version);
  s.kind = static_cast<ObjectKind>(kind);
  s.digest = {*sha256, *sha3};
  return s;
}

// The first path above `after`, whatever its versions.
Result<std::optional<std::string>> next_path(Connection& connection, std::string_view after) {
  WRIT_TRY(Statement s, connection.prepare("SELECT path FROM object WHERE path > ?1 ORDER BY path LIMIT 1"));
  s.text(1, after);
  WRIT_TRY(const bool found, s.row());
  return found ? std::optional(std::string(s.text_at(0))) : std::nullopt;
}

// The place just before `prefix` in the order of paths: no path lies between the two.
std::string just_before(std::string_view prefix) {
  std::string s(prefix);
  if (s.empty()) return s;
  // The predecessor of "ab" is "aa\xff\xff...": as no byte of a path is 0xff (it is UTF-8), one is enough.
  if (s.back() == '\0') s.pop_back();
  else s.back() = static_cast<char>(static_cast<unsigned char>(s.back()) - 1), s += '\xff';
  return s;
}

}  // namespace

Result<std::optional<ObjectState>> newest(AsOf at, std::string_view path) {
  WRIT_TRY(Statement s, at.connection.prepare("SELECT path, version, sequence, kind, size, sha256, sha3_256 FROM object "
                                              "WHERE path = ?1 AND sequence <= ?2 ORDER BY version DESC LIMIT 1"));
  s.text(1, path).number(2, at.sequence.value());
  WRIT_TRY(const bool found, s.row());
  if (!found) return std::optional<ObjectState>();
  WRIT_TRY(ObjectState state, state_of(s));
  return std::optional(std::move(state));
}

Result<std::optional<ObjectState>> live_object(AsOf at, std::string_view path) {
  WRIT_CHECK(check_object_path(path));
  WRIT_TRY(auto state, newest(at, path));
  if (state && state->kind == ObjectKind::tombstone) state.reset();
  return state;
}

Result<ObjectVersion> newest_version(AsOf at, std::string_view path) {
  WRIT_CHECK(check_object_path(path));
  WRIT_TRY(const auto state, newest(at, path));
  return state ? state->version : ObjectVersion(0);
}

Result<Bytes> object_body(AsOf at, std::string_view path, ObjectVersion version) {
  WRIT_CHECK(check_object_path(path));
  WRIT_TRY(Statement s, at.connection.prepare(
      "SELECT path, version, sequence, kind, size, sha256, sha3_256, bytes FROM object LEFT JOIN body ON body.id = object.body "
      "WHERE path = ?1 AND version = ?2 AND sequence <= ?3"));
  s.text(1, path).number(2, std::min<std::uint64_t>(version.value(), INT64_MAX)).number(3, at.sequence.value());
  WRIT_TRY(const bool found, s.row());
  const auto nothing = [&](const char* what) {
    return Error{Code::unavailable, what, fmt::format("object {} version {}", escape_for_terminal(path), version.value()), {}};
  };
  if (!found) return nothing("there is no such version");
  WRIT_TRY(const ObjectState state, state_of(s));
  if (state.kind == ObjectKind::tombstone) return nothing("the object was removed in this version");
  if (s.null_at(7)) return damaged("the body is missing", path, version);
  const BytesView bytes = s.blob_at(7);
  if (bytes.size() != state.size.value() || sha256(bytes) != state.digest.sha256)
    return damaged("the body does not match its digest", path, version);
  return Bytes(bytes.begin(), bytes.end());
}

Result<std::vector<ObjectState>> list_objects(AsOf at, std::string_view prefix, std::size_t limit, std::string_view after) {
  std::vector<ObjectState> found;
  std::string place = std::max(just_before(prefix), std::string(after));
  while (found.size() < limit) {
    WRIT_TRY(auto path, next_path(at.connection, place));
    if (!path || !path->starts_with(prefix)) break;
    WRIT_TRY(auto state, newest(at, *path));
    if (state && state->kind == ObjectKind::value) found.push_back(std::move(*state));
    place = std::move(*path);
  }
  return found;
}

Result<std::vector<ObjectState>> object_history(AsOf at, std::string_view path) {
  WRIT_CHECK(check_object_path(path));
  WRIT_TRY(Statement s, at.connection.prepare("SELECT path, version, sequence, kind, size, sha256, sha3_256 FROM object "
                                              "WHERE path = ?1 AND sequence <= ?2 ORDER BY version"));
  s.text(1, path).number(2, at.sequence.value());
  std::vector<ObjectState> found;
  for (;;) {
    WRIT_TRY(const bool more, s.row());
    if (!more) return found;
    WRIT_TRY(ObjectState state, state_of(s));
    found.push_back(std::move(state));
  }
}

Result<Head> read_head(Connection& connection) {
  WRIT_TRY(Statement s, connection.prepare("SELECT sequence, identity FROM head WHERE id = 0"));
  WRIT_TRY(const bool found, s.row());
  if (!found) return Error{Code::corrupt, "the store has lost its head record", connection.file(), "restore a backup"};
  return Head{Sequence(s.number_at(0)), std::string(s.text_at(1))};
}

Error given_up(const Connection& connection) {
  return {Code::unavailable, "the commit was given up after a read or write that failed", connection.file(), "try again"};
}

Result<void> check_key(BytesView key) {
  if (key.size() <= max_key_size.value()) return {};
  return invalid(fmt::format("record key of {} bytes; the limit is {}", key.size(), max_key_size.value()));
}

namespace {
// A value that is there is right at any age, as superseded values go oldest first; what is absent may have gone.
Result<void> check_age(AsOf at) {
  WRIT_TRY(const Head head, read_head(at.connection));
  if (at.sequence.value() + kept_record_commits >= head.sequence.value()) return {};
  return Error{Code::unavailable, fmt::format("records as of commit {} are no longer kept", at.sequence.value()),
               fmt::format("the store is at commit {}", head.sequence.value()), "take a new snapshot"};
}
}  // namespace

Result<std::optional<Bytes>> find_record(AsOf at, std::string_view table, BytesView key) {
  WRIT_CHECK(check_table_name(table));
  WRIT_CHECK(check_key(key));
  {
    WRIT_TRY(Statement s, at.connection.prepare("SELECT value FROM record WHERE name = ?1 AND key = ?2 AND sequence <= ?3 "
                                                "ORDER BY sequence DESC LIMIT 1"));
    s.text(1, table).blob(2, key).number(3, at.sequence.value());
    WRIT_TRY(const bool found, s.row());
    if (found && s.null_at(0)) return std::optional<Bytes>();
    if (found) return std::optional(Bytes(s.blob_at(0).begin(), s.blob_at(0).end()));
  }
  WRIT_CHECK(check_age(at));
  return std::optional<Bytes>();
}

Result<std::vector<Record>> fetch_records(AsOf at, std::string_view table, BytesView first, BytesView last, Order order,
                                          std::size_t count) {
  static const Bytes above_all(max_key_size.value() + 1, std::byte{0xff});
  std::vector<Record> found;
  {
    // The index order of both directions: ascending, the newest of a key comes last; descending, first.
    const char* const forward = "SELECT key, value FROM record WHERE name = ?1 AND key >= ?2 AND key < ?3 AND sequence <= ?4 "
                                "ORDER BY key, sequence";
    const char* const backward = "SELECT key, value FROM record WHERE name = ?1 AND key >= ?2 AND key < ?3 AND sequence <= ?4 "
                                 "ORDER BY key DESC, sequence DESC";
    WRIT_TRY(Statement s, at.connection.prepare(order == Order::forward ? forward : backward));
    s.text(1, table).blob(2, first).blob(3, last.empty() ? BytesView(above_all) : last).number(4, at.sequence.value());
    std::size_t bytes = 0;
    for (;;) {
      WRIT_TRY(const bool more, s.row());
      if (!more) break;
      const BytesView key = s.blob_at(0);
      const bool same = !found.empty() && std::ranges::equal(found.back().key, key);
      if (same && order == Order::backward) continue;
      if (!same && (found.size() == count || (bytes > chunk_bytes && found.size() >= first_chunk))) break;
      if (!same) found.push_back({Bytes(key.begin(), key.end()), {}});
      std::optional<Bytes>& value = found.back().value;
      value.reset();
      if (s.null_at(1)) continue;
      const BytesView stored = s.blob_at(1);
      value.emplace(stored.begin(), stored.end());
      bytes += stored.size();
    }
  }
  WRIT_CHECK(check_age(at));
  return found;
}

Result<void> visit_records(const Fetch& fetch, BytesView first, BytesView last, const View::Visitor& visit, Order order) {
  Bytes from(first.begin(), first.end()), to(last.begin(), last.end());
  for (std::size_t count = first_chunk;; count = std::min(count * 4, largest_chunk)) {
    WRIT_TRY(const std::vector<Record> records, fetch(from, to, count));
    for (const Record& record : records) {
      if (!record.value) continue;
      WRIT_TRY(const Visit wanted, visit(record.key, *record.value));
      if (wanted == Visit::enough) return {};
    }
    if (records.empty()) return {};
    const Bytes& reached = records.back().key;
    if (order == Order::forward) {
      from = reached;
      from.push_back(std::byte{0});  // the next possible key
    } else if (reached.empty()) {
      return {};  // nothing is below the empty key, and an empty bound would mean the end of the table
    } else {
      to = reached;
    }
  }
}

}  // namespace writ::store
