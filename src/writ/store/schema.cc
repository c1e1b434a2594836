#include "writ/store/schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "writ/base/birthplace.h"
#include "writ/base/fd.h"
#include "writ/base/id.h"
#include "writ/store/connection.h"
#include "writ/store/page_check.h"

namespace writ::store {
namespace {

// Objects keep every version; there is no table of heads that could disagree: the head is the highest version. Bodies lie
// apart, in the order of their writing, so that lists and histories read dense pages. Records too: a value of megabytes in
// the tree of the keys would be copied whole by every search that passes it.
constexpr const char* tables = R"(
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), sequence INTEGER NOT NULL, identity TEXT NOT NULL);
CREATE TABLE object (path TEXT NOT NULL, version INTEGER NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL,
                     size INTEGER NOT NULL, sha256 BLOB NOT NULL, sha3_256 BLOB NOT NULL, body INTEGER,
                     PRIMARY KEY (path, version)) WITHOUT ROWID;
CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE record (id INTEGER PRIMARY KEY, name TEXT NOT NULL, key BLOB NOT NULL, sequence INTEGER NOT NULL, value BLOB,
                     UNIQUE (name, key, sequence));
CREATE INDEX removed ON record (sequence) WHERE value IS NULL;
CREATE TABLE current (name TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name, key)) WITHOUT ROWID;
)";

std::uint32_t big_endian_32(const unsigned char* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}
Error not_a_store(std::string what, const std::string& file) {
  return {Code::corrupt, std::move(what), file, "restore a backup, or name another store"};
}

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};

Result<void> write_tables(const std::string& file, const std::string& below) {
  WRIT_TRY(const std::string disk, checked_disk(below));
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, disk.c_str());
  const std::unique_ptr<sqlite3, Close> db(raw);
  int reserved = page_check_size;
  const std::string sql = fmt::format(
      "PRAGMA page_size={}; PRAGMA synchronous=FULL; BEGIN; PRAGMA application_id={}; PRAGMA user_version={}; {} "
      "INSERT INTO head VALUES (0, 0, '{}'); COMMIT; PRAGMA journal_mode=WAL",
      page_size, application_id, schema_version, tables, TaskId::random().hex());
  if (rc == SQLITE_OK && sqlite3_file_control(raw, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved) == SQLITE_OK &&
      sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
    return {};
  const bool full = sqlite3_errcode(raw) == SQLITE_FULL || sqlite3_system_errno(raw) == ENOSPC;
  return Error{full ? Code::exhausted : Code::unavailable, fmt::format("the store cannot be made: {}", sqlite3_errmsg(raw)), file, {}};
}

void remove_unfinished(const std::string& file) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((file + suffix).c_str());
}

Result<void> sync_path(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return system_error(errno, "cannot sync", path);
  return {};
}

// Held by whoever makes a store or clears up after one that was not finished.
Result<Fd> lock_folder(const std::string& folder) {
  Fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return system_error(errno, "the store's folder cannot be opened", folder);
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return system_error(errno, "the store's folder cannot be locked", folder);
  return lock;
}

Result<void> make_file(const std::string& folder, const std::string& disk) {
  const std::string file = folder + "/" + file_name, unfinished = file + unfinished_suffix;
  remove_unfinished(unfinished);
  {
    const Fd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error(errno, "the store cannot be made", unfinished);
  }
  Result<void> made = write_tables(unfinished, disk);
  if (made) made = sync_path(unfinished);
  if (made) made = mark_birth(folder, unfinished);  // before it is a store: one without a mark came from elsewhere
  if (made && ::rename(unfinished.c_str(), file.c_str()) != 0) made = system_error(errno, "the store cannot be made", file);
  if (!made) {
    remove_unfinished(unfinished);
    (void)::unlink((folder + "/" + birth_mark_name).c_str());
    return made;
  }
  WRIT_CHECK(sync_path(folder));
  (void)sync_path(folder + "/..");  // the folder's own name; who owns a folder need not be able to read the one above
  return {};
}

Result<std::string> resolve(const std::string& folder) {
  char* const real = ::realpath(folder.c_str(), nullptr);
  if (!real) {
    const int number = errno;
    if (number == ENOENT) return Error{Code::unavailable, "there is no store here", folder, "`writ init` makes one"};
    return system_error(number, "the store's folder cannot be found", folder);
  }
  std::string resolved(real);
  std::free(real);
  return resolved;
}

}  // namespace

Result<std::string> find_store(const std::string& folder) {
  WRIT_TRY(const std::string resolved, resolve(folder));
  std::string file = resolved + "/" + file_name;
  struct stat found;
  if (::lstat(file.c_str(), &found) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Error{Code::unavailable, "there is no store here", folder, "`writ init` makes one"};
    return system_error(errno, "the store cannot be looked up", file);
  }
  if (!S_ISREG(found.st_mode))
    return invalid("the store's file is not a regular file", file, "a store is never reached through a symbolic link");
  return file;
}

Result<void> check_file_header(Connection& connection) {
  const std::string& where = connection.file();
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.raw(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (!file || !file->pMethods) return not_a_store("is not a file", where);
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return connection.failure("the store cannot be read");
  if (size < page_size) return not_a_store(size == 0 ? "the store's file is empty" : "the store's file is cut short", where);

  std::array<unsigned char, page_size> page;
  const auto read = [&] { return file->pMethods->xRead(file, page.data(), page_size, 0); };
  int rc = read();
  // A process that is moving the log into the file, or was killed or cut off while it did, leaves this page half written.
  // The log has it still, and SQLite reads it there. If the log has just gone, the page has been finished.
  if (rc == SQLITE_IOERR_DATA && log_size(where) == ByteCount(0)) rc = read();
  if (rc != SQLITE_OK && rc != SQLITE_IOERR_DATA) return Error{Code::unavailable, "the store's first page cannot be read", where, {}};
  if (std::memcmp(page.data(), "SQLite format 3", 16) != 0) return not_a_store("is not a store", where);
  if (big_endian_32(&page[68]) != application_id) return not_a_store("is a SQLite file, but not a store", where);
  if (rc == SQLITE_IOERR_DATA) {
    (void)damaged_page(connection.raw());
    return log_size(where) > ByteCount(0) ? Result<void>() : not_a_store("page 1 is damaged", where);
  }
  const bool sound = page[16] == page_size >> 8 && page[17] == 0 && page[18] == 2 && page[19] == 2 &&
                     page[20] == page_check_size;
  if (!sound) return not_a_store("the header is not that of a store", where);
  return {};
}

Result<void> check_schema(Connection& connection) {
  WRIT_TRY(Statement s, connection.prepare("PRAGMA user_version"));
  WRIT_TRY(const bool found, s.row());
  const std::uint64_t version = found ? s.number_at(0) : 0;
  if (version == 0) return not_a_store("the store has no schema version", connection.file());
  if (version < oldest_schema)
    return Error{Code::unsupported, fmt::format("the store has schema {}; this program reads schemas from {}", version, oldest_schema),
                 connection.file(), "export its state with the Writ that wrote it (`writ state export DIR`) and import that here"};
  if (version <= schema_version) return {};
  return Error{Code::unsupported, fmt::format("the store has schema {}; this program knows schemas up to {}", version, schema_version),
               connection.file(), "use the newer Writ that wrote it"};
}

std::string log_name(const std::string& file) { return file + "-wal"; }

ByteCount log_size(const std::string& file) {
  struct stat log;
  return ByteCount(::stat(log_name(file).c_str(), &log) == 0 ? static_cast<std::uint64_t>(log.st_size) : 0);
}

Result<void> make_store(const std::string& folder, const std::string& disk) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "the store's folder cannot be made", folder);
  WRIT_TRY(const Fd lock, lock_folder(folder));
  struct stat found;
  if (::lstat((folder + "/" + file_name).c_str(), &found) == 0) return {};
  if (errno != ENOENT) return system_error(errno, "the store cannot be looked up", folder);
  return make_file(folder, disk);
}

bool has_unfinished(const std::string& folder) {
  return ::access((folder + "/" + file_name + unfinished_suffix).c_str(), F_OK) == 0;
}

Result<void> clear_unfinished(const std::string& folder) {
  WRIT_TRY(const Fd lock, lock_folder(folder));
  remove_unfinished(folder + "/" + file_name + unfinished_suffix);
  return sync_path(folder);
}

}  // namespace writ::store
