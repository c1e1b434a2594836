// The reads of a View, on one connection, as of one Sequence. Reader and Transaction differ only in whose connection it
// is. What a Sequence sees never changes, so several statements need no common SQLite transaction.
#pragma once

#include "writ/store/connection.h"
#include "writ/store/store.h"

namespace writ::store {

struct AsOf {
  Connection& connection;
  Sequence sequence;
};

// The highest version, be it a tombstone.
Result<std::optional<ObjectState>> newest(AsOf, std::string_view path);
Result<std::optional<ObjectState>> live_object(AsOf, std::string_view path);
Result<ObjectVersion> newest_version(AsOf, std::string_view path);
Result<Bytes> object_body(AsOf, std::string_view path, ObjectVersion);
Result<std::vector<ObjectState>> list_objects(AsOf, std::string_view prefix, std::size_t limit, std::string_view after);
Result<std::vector<ObjectState>> object_history(AsOf, std::string_view path);
Result<std::optional<Bytes>> find_record(AsOf, std::string_view table, BytesView key);

struct Record {
  Bytes key;
  std::optional<Bytes> value;  // none: removed
};
// The next records of [first, last) in the given order, about `count` of them, removed ones among them; fewer than
// `count` means that there are no more. Fetched whole, so that no statement is open while a visitor runs.
Result<std::vector<Record>> fetch_records(AsOf, std::string_view table, BytesView first, BytesView last, Order, std::size_t count);
// Runs `fetch` (a call of fetch_records for the given bounds and count) until the visitor has enough.
using Fetch = std::function<Result<std::vector<Record>>(BytesView first, BytesView last, std::size_t count)>;
Result<void> visit_records(const Fetch&, BytesView first, BytesView last, const View::Visitor&, Order);

struct Head {
  Sequence sequence;
  std::string identity;
};
Result<Head> read_head(Connection&);

// SQLite ended the transaction by itself, after an earlier failure.
Error given_up(const Connection&);
Result<void> check_key(BytesView key);

}  // namespace writ::store
