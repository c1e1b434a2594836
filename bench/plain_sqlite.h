// The same rows in plain SQLite: what a store of Writ holds after a run, read out of it, and written again by a program that
// does nothing else: one thread, prepared statements, the same tables, page size, log and durability, `batch` tasks to a
// commit. No guest, no digest, no signature, no check of a page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace writ::bench {

struct Row {
  enum class Table { object, body, record } table;
  std::vector<std::string> columns;  // as SQLite gives them; blobs and texts alike
  std::vector<int> types;            // SQLite's
};
using TaskRows = std::vector<Row>;  // what one commit of Writ made: one task's

// Of every commit after the first `skip`. None: it cannot be read.
std::optional<std::vector<TaskRows>> read_rows(const std::string& store_folder, std::uint64_t skip);

struct Written {
  double seconds = 0, cpu_seconds = 0;
};
// Into a new file. `durable`: synchronous=FULL, as Writ's sync and group; otherwise NORMAL, as its none.
enum class Sync { full, normal };
std::optional<Written> write_rows(const std::string& file, const std::vector<TaskRows>&, std::size_t batch, Sync);

}  // namespace writ::bench
