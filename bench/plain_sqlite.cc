#include "plain_sqlite.h"

#include <sqlite3.h>
#include <time.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>

namespace writ::bench {
namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Prepared = std::unique_ptr<sqlite3_stmt, Close>;

Database open(const std::string& file, int flags) {
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database db(raw);
  return rc == SQLITE_OK ? std::move(db) : nullptr;
}

Prepared prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &s, nullptr) != SQLITE_OK) std::fprintf(stderr, "plain SQLite: %s\n", sqlite3_errmsg(db));
  return Prepared(s);
}

double now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

constexpr std::array<const char*, 3> inserts{"INSERT INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", "INSERT INTO body VALUES (?1, ?2)",
                                             "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5)"};

// The first column is the commit that made the row; the others are the row.
bool collect(sqlite3* db, Row::Table table, const std::string& sql, std::map<std::int64_t, TaskRows>& commits) {
  const Prepared s = prepare(db, sql);
  if (!s) return false;
  while (sqlite3_step(s.get()) == SQLITE_ROW) {
    Row row{table, {}, {}};
    for (int i = 1; i < sqlite3_column_count(s.get()); ++i) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s.get(), i));
      row.types.push_back(sqlite3_column_type(s.get(), i));
      row.columns.emplace_back(bytes ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(s.get(), i)));
    }
    commits[sqlite3_column_int64(s.get(), 0)].push_back(std::move(row));
  }
  return true;
}

bool insert(sqlite3_stmt* s, const Row& row) {
  for (std::size_t i = 0; i < row.columns.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    const std::string& c = row.columns[i];
    switch (row.types[i]) {
      case SQLITE_INTEGER: sqlite3_bind_int64(s, at, std::stoll(c)); break;
      case SQLITE_NULL: sqlite3_bind_null(s, at); break;
      case SQLITE_BLOB: sqlite3_bind_blob(s, at, c.data(), static_cast<int>(c.size()), SQLITE_STATIC); break;
      default: sqlite3_bind_text(s, at, c.data(), static_cast<int>(c.size()), SQLITE_STATIC);
    }
  }
  const bool done = sqlite3_step(s) == SQLITE_DONE;
  sqlite3_reset(s);
  return done;
}

}  // namespace

std::optional<std::vector<TaskRows>> read_rows(const std::string& store_folder, std::uint64_t skip) {
  const Database db = open(store_folder + "/writ.db", SQLITE_OPEN_READWRITE);
  std::map<std::int64_t, TaskRows> commits;
  const std::string after = " WHERE sequence > " + std::to_string(skip);
  if (!db || !collect(db.get(), Row::Table::object, "SELECT sequence, * FROM object" + after, commits) ||
      !collect(db.get(), Row::Table::body, "SELECT object.sequence, body.* FROM object JOIN body ON body.id = object.body" + after, commits) ||
      !collect(db.get(), Row::Table::record, "SELECT sequence, * FROM record" + after, commits))
    return std::nullopt;
  std::vector<TaskRows> tasks;
  for (auto& [sequence, rows] : commits) tasks.push_back(std::move(rows));
  return tasks;
}

std::optional<Written> write_rows(const std::string& file, const std::vector<TaskRows>& tasks, std::size_t batch, Sync sync) {
  const Database db = open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const std::string set_up = std::string("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA cache_size=-16384; PRAGMA synchronous=") +
                             (sync == Sync::full ? "FULL" : "NORMAL") + R"(;
    CREATE TABLE object (path TEXT NOT NULL, version INTEGER NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL,
                         size INTEGER NOT NULL, sha256 BLOB NOT NULL, sha3_256 BLOB NOT NULL, body INTEGER,
                         PRIMARY KEY (path, version)) WITHOUT ROWID;
    CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE record (id INTEGER PRIMARY KEY, name TEXT NOT NULL, key BLOB NOT NULL, sequence INTEGER NOT NULL, value BLOB,
                         UNIQUE (name, key, sequence));
    CREATE INDEX removed ON record (sequence) WHERE value IS NULL;)";
  if (!db || sqlite3_exec(db.get(), set_up.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return std::nullopt;
  std::array<Prepared, 3> statements;
  for (std::size_t i = 0; i < statements.size(); ++i) statements[i] = prepare(db.get(), inserts[i]);
  const double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (std::size_t i = 0; i < tasks.size(); i += batch) {
    if (sqlite3_exec(db.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) return std::nullopt;
    for (std::size_t k = i; k < std::min(i + batch, tasks.size()); ++k)
      for (const Row& row : tasks[k])
        if (!insert(statements[static_cast<std::size_t>(row.table)].get(), row)) return std::nullopt;
    if (sqlite3_exec(db.get(), "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return std::nullopt;
  }
  return Written{now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu};
}

}  // namespace writ::bench
