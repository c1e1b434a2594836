// What a refused sync leaves behind. Linux calls pages clean that it could not write: they are still seen, by this process
// and by the next, but they are not on disk, and the next sync succeeds without them. A log with such pages in its middle
// would lose every commit after them in a power cut, though each was synced.
//
// So a file whose sync was refused carries a mark, its sticky bit: it needs no room on a full disk, it is seen by every
// process, and it goes with the inode whose pages are in doubt. The mark need not outlive a power cut, which leaves only what
// was written. Whoever builds on the file writes it again first, so that a sync concerns every page of it.
#pragma once

#include <string>

#include "writ/base/result.h"

struct sqlite3_file;

namespace writ::store {

bool is_unsynced(const std::string& file);
void mark_unsynced(const std::string& file);
void clear_unsynced(const std::string& file);

// Writes the whole of an open file again, as it is. For who alone may write to it. A SQLite result code.
int write_again(sqlite3_file*);

// The write-ahead log of a connection that holds the write lock: written again and synced, with its name, if it is marked.
// `poisoned` if that is refused too; the mark stays.
Result<void> settle_log(class Connection&);

}  // namespace writ::store
