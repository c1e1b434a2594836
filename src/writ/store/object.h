// What the store keeps: versioned objects and keyed records, each change stamped with the commit that made it.
//
// An object is a named value with a history: every write makes the next version, a removal makes a version too (a
// tombstone), and no version is ever changed. A record is the store's room for everything else (log leaves, receipts,
// tree nodes, the outbox): a key in a table, ordered by its bytes, of which only the newest value is kept for good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::store {

using Sequence = Unit<struct SequenceTag>;  // number of a commit: 0 is the empty store, the first commit is 1

enum class ObjectKind : std::uint8_t { value = 1, tombstone = 2 };

// One version of an object. A tombstone has size 0 and the digest of no bytes.
struct ObjectState {
  std::string path;
  ObjectVersion version;
  ObjectKind kind = ObjectKind::value;
  DigestPair digest;
  ByteCount size;
  Sequence written;
  friend bool operator==(const ObjectState&, const ObjectState&) = default;
};

inline constexpr ByteCount max_object_size = 64 * MiB;   // one blob in one SQLite row; far below SQLite's own 1 GB
inline constexpr ByteCount max_record_size = 16 * MiB;   // a receipt with a long journal fits
inline constexpr ByteCount max_commit_size = 512 * MiB;  // of values in one commit, which SQLite holds in memory
inline constexpr ByteCount max_key_size = 1 * KiB;       // several keys share an index page
inline constexpr ByteCount max_path_size = 1 * KiB;      // the same, and below PATH_MAX when shown below /state
inline constexpr ByteCount max_path_segment = ByteCount(255);  // NAME_MAX: an export as files must be possible

// A path is segments joined by `/`: UTF-8, no control character, no empty segment (so no `/` at either end), no
// segment `.` or `..`, within the limits above. `invalid` says which rule is broken and where.
Result<void> check_object_path(std::string_view path);
// A table of records: 1 to 64 of a-z, 0-9, `.`, `-` and `_`, a letter first.
Result<void> check_table_name(std::string_view table);

}  // namespace writ::store
