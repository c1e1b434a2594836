// A layer between SQLite and the disk that gives every page a checksum: written with the page, checked whenever the
// page is read. SQLite has none of its own, so without it a flipped bit in an index would make an object vanish or an
// older version come back, silently. Pages of the write-ahead log have SQLite's frame checksums, which SQLite itself
// checks in recovery only; here they are checked at each read too, so that damage never reaches the main file.
//
// The sums cost under a microsecond a page. They find accidents of any kind (flipped bits, zeroed or misplaced pages,
// lost writes of a part), not an adversary: against that there are digests, receipts and the state root.
//
// As a SQLite VFS the layer is registered once a process for each VFS below it and stays: SQLite keeps the pointer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "writ/base/result.h"

struct sqlite3;

namespace writ::store {

inline constexpr int page_size = 4096;      // of the file format
inline constexpr int page_check_size = 8;   // at the end of each page, SQLite's "reserved space"

// Of the write-ahead log: before all frames, and before the page in each. sqlite.org/fileformat2.html section 4.1.
inline constexpr int log_header = 32, frame_header = 24;

// The name of the layer over the SQLite VFS `below` (empty: the default one). `unavailable` if there is none such.
Result<std::string> checked_disk(const std::string& below);

// The page or log frame that was last found damaged through this connection, as words for Error::what; empty if none.
std::string damaged_page(sqlite3*);

// Makes the connection go on reading damaged pages of the main file, and note their numbers here. For fsck.
void survey_damage(sqlite3*, std::vector<std::uint32_t>* damaged);

// The sum of a page of page_size bytes without its last page_check_size bytes. Exposed for tests.
std::uint64_t page_sum(const void* page, std::uint32_t number);

}  // namespace writ::store
