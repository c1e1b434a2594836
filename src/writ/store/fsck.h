// The check of a store's own structure (`writ fsck`): pages, SQLite's b-trees, bodies against digests, versions without
// gaps, sequences that only grow. It reads everything, and it needs no store that opens: that is what it is for.
// What the log, the receipts and the state root say about the content is the audit's business, not this one's.
#pragma once

#include <string>
#include <vector>

#include "writ/base/result.h"
#include "writ/store/store.h"

namespace writ::store {

// report: changes nothing. safe: also mends what can be mended without guessing: leftovers of a creation that was cut
// short, bodies and records that nothing refers to, an index that disagrees with its table.
enum class Repair { report, safe };

struct Finding {
  std::string what;   // one sentence
  std::string where;  // page, object and version, table and key, or file
  bool mended = false;
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct FsckReport {
  std::vector<Finding> findings;  // empty: sound
  std::size_t objects = 0;        // versions checked
  std::size_t records = 0;
  ByteCount bytes;                // of bodies checked
  Sequence sequence;
};

// An Error only if the check itself could not be made: no store there, no permission, a newer schema.
Result<FsckReport> fsck(const std::string& folder, Repair, const OpenOptions& = {});

}  // namespace writ::store
