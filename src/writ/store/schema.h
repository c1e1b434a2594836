// The file's outer form: its name, what its header must say, its tables, and how one is made. docs/formats/store.md.
#pragma once

#include <cstdint>
#include <string>

#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::store {

inline constexpr const char* file_name = "writ.db";
inline constexpr const char* unfinished_suffix = ".new";  // a file being made
inline constexpr std::uint32_t application_id = 0x57524954;  // "WRIT"
// 2: receipts and the log are stored in fewer bytes; 3: the state map has no history (docs/formats/store.md). There is no upgrade.
inline constexpr std::uint32_t schema_version = 3, oldest_schema = 3;

// The store's file in a folder, by its real path. `unavailable` if there is none, `invalid` if it is not a regular file.
Result<std::string> find_store(const std::string& folder);

// `corrupt` if the open file does not begin like a store. Looks at the file itself, before SQLite does.
Result<void> check_file_header(class Connection&);
// `unsupported` if a newer Writ made the store, or one too old to be read. As SQLite sees it, with the write-ahead log.
Result<void> check_schema(class Connection&);
std::string log_name(const std::string& file);
// The write-ahead log beside the file: 0 if there is none, else commits or their remains are in it.
ByteCount log_size(const std::string& file);

// Makes folder (0700) and file (0600) unless they are there. The file appears complete or not at all; two processes may
// do this at once. `disk` as in OpenOptions.
Result<void> make_store(const std::string& folder, const std::string& disk);

// What a creation left behind that was cut short.
bool has_unfinished(const std::string& folder);
Result<void> clear_unfinished(const std::string& folder);

}  // namespace writ::store
