// One SQLite connection with its prepared statements, and the translation of SQLite's errors into ours. One thread at a
// time. Knows the file's outer form (schema.h), not what the tables mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/wire/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace writ::store {

// immutable: for media on which nothing can change or be made; no locks, no log.
enum class Mode { write, query, read_only, immutable };

struct ConnectionOptions {
  std::string file;
  Mode mode = Mode::query;
  std::string disk;  // as in OpenOptions
  std::chrono::milliseconds patience{0};
};

// A prepared statement in use: bound, stepped, and reset when it goes out of scope. Borrowed views of a column hold until
// the next step.
class Statement {
 public:
  Statement(class Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  Statement(Statement&& o) noexcept : connection_(o.connection_), statement_(std::exchange(o.statement_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& text(int index, std::string_view);
  Statement& blob(int index, BytesView);
  Statement& number(int index, std::uint64_t);
  Statement& null(int index);
  Result<bool> row();    // true: a row is there
  Result<void> done();   // runs to the end, no rows wanted

  std::string_view text_at(int column) const;
  BytesView blob_at(int column) const;
  std::uint64_t number_at(int column) const;
  bool null_at(int column) const;

 private:
  class Connection& connection_;
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // Opens an existing file; what it is has been checked (schema.h) when this returns.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions&);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // `sql` is a literal: statements are kept by its address.
  Result<Statement> prepare(const char* sql);
  Result<void> run(const char* sql);      // prepared: for what is run often
  Result<void> execute(const char* sql);  // parsed anew, may be several statements
  // The last failure as an Error. `what` says what was tried; the file is the place.
  Error failure(std::string_view what) const;
  // The last failure was a sync that the disk refused.
  bool sync_refused() const;
  bool in_transaction() const;
  std::uint64_t last_row() const;
  sqlite3* raw() const { return db_; }
  const std::string& file() const { return file_; }

 private:
  Connection(sqlite3* db, std::string file) : db_(db), file_(std::move(file)) {}
  Result<void> configure(const ConnectionOptions&);
  struct Kept {
    const char* sql;
    sqlite3_stmt* statement;
  };
  sqlite3* db_;
  std::string file_;
  std::vector<Kept> kept_;
};

}  // namespace writ::store
