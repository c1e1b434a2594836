#include "writ/store/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

#include "writ/base/assert.h"
#include "writ/store/page_check.h"
#include "writ/store/schema.h"

namespace writ::store {
namespace {

// A name as a SQLite URI, in which `?`, `#` and `%` would mean something.
std::string uri(const std::string& file, Mode mode) {
  std::string s = "file:";
  for (const char c : file) {
    if (c == '?' || c == '#' || c == '%') s += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else s += c;
  }
  return mode == Mode::immutable ? s + "?immutable=1" : s;
}

Code code_of(int extended, int system) {
  if (extended == SQLITE_IOERR_DATA) return Code::corrupt;
  switch (extended & 0xff) {
    case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_FORMAT: case SQLITE_MISMATCH: return Code::corrupt;
    case SQLITE_ERROR: case SQLITE_SCHEMA: return Code::corrupt;  // our SQL is fixed: a table or column is not what it was
    case SQLITE_FULL: case SQLITE_NOMEM: case SQLITE_TOOBIG: return Code::exhausted;
    case SQLITE_READONLY: case SQLITE_PERM: case SQLITE_AUTH: return Code::denied;
    case SQLITE_IOERR: case SQLITE_CANTOPEN:
      return system == ENOSPC || system == EDQUOT || system == EMFILE || system == ENFILE ? Code::exhausted
             : system == EACCES || system == EROFS                                        ? Code::denied
                                                                                          : Code::unavailable;
    default: return Code::unavailable;
  }
}

std::string_view hint_of(Code code, int extended) {
  if ((extended & 0xff) == SQLITE_BUSY) return "another process is using the store; try again";
  switch (code) {
    case Code::corrupt: return "`writ fsck` says what is damaged; restore a backup";
    case Code::exhausted: return "make room and try again; nothing is lost";
    case Code::denied: return "the store can only be read here";
    case Code::invalid: case Code::conflict: case Code::unavailable: case Code::poisoned: case Code::unsupported: return "";
  }
  std::unreachable();
}

}  // namespace

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

// Binding fails only for an index that the literal does not have or a value beyond the checked limits: bugs.
Statement& Statement::text(int index, std::string_view s) {
  WRIT_ASSERT(sqlite3_bind_text64(statement_, index, s.data() ? s.data() : "", s.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}
Statement& Statement::blob(int index, BytesView b) {
  WRIT_ASSERT((b.empty() ? sqlite3_bind_zeroblob(statement_, index, 0)
                         : sqlite3_bind_blob64(statement_, index, b.data(), b.size(), SQLITE_STATIC)) == SQLITE_OK);
  return *this;
}
Statement& Statement::number(int index, std::uint64_t n) {
  WRIT_ASSERT(n <= INT64_MAX && sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(n)) == SQLITE_OK);
  return *this;
}
Statement& Statement::null(int index) {
  WRIT_ASSERT(sqlite3_bind_null(statement_, index) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::row() {
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return connection_.failure("the store cannot be read or written");
}
Result<void> Statement::done() {
  for (;;) {
    WRIT_TRY(const bool more, row());
    if (!more) return {};
  }
}

std::string_view Statement::text_at(int column) const {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {p ? p : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
BytesView Statement::blob_at(int column) const {
  const auto* p = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {p, p ? static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)) : 0};
}
std::uint64_t Statement::number_at(int column) const { return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column)); }
bool Statement::null_at(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  WRIT_TRY(const std::string disk, checked_disk(options.disk));
  const bool writes = options.mode == Mode::write || options.mode == Mode::query;
  const int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(uri(options.file, options.mode).c_str(), &db, flags, disk.c_str());
  if (!db) return Error{Code::exhausted, "no memory for a SQLite connection", options.file, {}};
  std::unique_ptr<Connection> connection(new Connection(db, options.file));
  if (rc != SQLITE_OK) return connection->failure("the store cannot be opened");
  WRIT_CHECK(connection->configure(options));
  return connection;
}

Result<void> Connection::configure(const ConnectionOptions& options) {
  // Without SQLite falling back to a read-only descriptor: who asked to write is told.
  if (options.mode == Mode::write && sqlite3_db_readonly(db_, "main") == 1)
    return Error{Code::denied, "the store can only be read here", file_, "open it for reading, or mend the permissions"};
  WRIT_CHECK(check_file_header(*this));
  sqlite3_busy_timeout(db_, static_cast<int>(options.patience.count()));
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(db_, 0);  // the writer does it, after it has woken its callers
  // Spilling would rewrite frames of the log, whose checksums are then void until the commit. No temporary files.
  // The state map and the log are read all over their trees; with SQLite's own 2 MiB of pages, those of 10,000 objects
  // do not fit, and each comes back through its checksum. Taken only as far as it is used.
  WRIT_CHECK(execute("PRAGMA cell_size_check=ON; PRAGMA cache_spill=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384"));
  WRIT_CHECK(check_schema(*this));
  if (options.mode != Mode::query) return {};
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);  // the writer's business
  WRIT_CHECK(execute("PRAGMA query_only=ON"));
  return {};
}

Connection::~Connection() {
  for (const Kept& kept : kept_) sqlite3_finalize(kept.statement);
  WRIT_ASSERT(sqlite3_close(db_) == SQLITE_OK);
}

Result<Statement> Connection::prepare(const char* sql) {
  for (const Kept& kept : kept_) {
    if (kept.sql != sql) continue;
    WRIT_ASSERT(!sqlite3_stmt_busy(kept.statement));
    return Statement(*this, kept.statement);
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return failure("the store cannot be used");
  kept_.push_back({sql, statement});
  return Statement(*this, statement);
}

Result<void> Connection::run(const char* sql) {
  WRIT_TRY(Statement s, prepare(sql));
  return s.done();
}

Result<void> Connection::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure("the store cannot be used");
  return {};
}

Error Connection::failure(std::string_view what) const {
  const int extended = sqlite3_extended_errcode(db_);
  const int system = sqlite3_system_errno(db_);
  const Code code = code_of(extended, system);
  std::string detail = damaged_page(db_);
  if (detail.empty()) detail = sqlite3_errmsg(db_);
  return {code, fmt::format("{}: {}", what, detail), file_, std::string(hint_of(code, extended))};
}

bool Connection::sync_refused() const {
  const int extended = sqlite3_extended_errcode(db_);
  return extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
}
bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
std::uint64_t Connection::last_row() const { return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_)); }

}  // namespace writ::store
