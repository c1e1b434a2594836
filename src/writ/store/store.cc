#include "writ/store/store.h"

#include <fmt/format.h>

#include "writ/store/pool.h"
#include "writ/store/query.h"
#include "writ/store/schema.h"
#include "writ/store/writer.h"

namespace writ::store {

struct Store::Parts {
  std::string folder;
  Access access;
  std::string identity;
  std::shared_ptr<Pool> pool;
  std::unique_ptr<Writer> writer;  // none when only read

  ~Parts() {
    if (pool) pool->close_idle();  // the writer should be the last to close the file, since only it may empty the log
  }
};

namespace {

// Where nothing can be written SQLite cannot make its shared memory, so the file is read as one that does not change.
// That is right only while no log lies beside it, whose commits would be missed.
Result<std::shared_ptr<Pool>> pool_for_reading(const std::string& file, const OpenOptions& options) {
  auto pool = std::make_shared<Pool>(ConnectionOptions{file, Mode::read_only, options.disk, options.patience});
  const auto read = [&](Pool& from) -> Result<Head> {
    WRIT_TRY(const Pool::Lease lease, from.lease());
    return read_head(*lease);
  };
  const Result<Head> head = read(*pool);
  if (head) return pool;
  const Code code = head.error().code;
  if (code != Code::denied && code != Code::unavailable) return head.error();
  if (log_size(file) > ByteCount(0))
    return Error{Code::unavailable, "the store has commits in its write-ahead log, which cannot be read on read-only media", file + "-wal",
                 "open it once where it can be written"};
  pool = std::make_shared<Pool>(ConnectionOptions{file, Mode::immutable, options.disk, options.patience});
  if (!read(*pool)) return head.error();
  return pool;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const OpenOptions& options) {
  if (options.access == Access::create) WRIT_CHECK(make_store(folder, options.disk));
  WRIT_TRY(const std::string file, find_store(folder));
  auto parts = std::make_unique<Parts>();
  parts->folder = folder;
  parts->access = options.access == Access::read ? Access::read : Access::write;
  if (parts->access == Access::read) {
    WRIT_TRY(parts->pool, pool_for_reading(file, options));
    WRIT_TRY(const Pool::Lease lease, parts->pool->lease());
    WRIT_TRY(const Head head, read_head(*lease));
    parts->identity = head.identity;
    return std::unique_ptr<Store>(new Store(std::move(parts)));
  }
  WRIT_TRY(auto connection, Connection::open({file, Mode::write, options.disk, options.patience}));
  WRIT_CHECK(connection->execute(options.durability == Durability::none ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL"));
  WRIT_TRY(const Head head, read_head(*connection));
  parts->identity = head.identity;
  parts->pool = std::make_shared<Pool>(ConnectionOptions{file, Mode::query, options.disk, options.patience});
  parts->writer = std::make_unique<Writer>(std::move(connection), options);
  return std::unique_ptr<Store>(new Store(std::move(parts)));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Store::~Store() = default;

Result<Sequence> Store::write(const Change& change) {
  if (!parts_->writer) return Error{Code::denied, "the store was opened for reading only", parts_->folder, {}};
  return parts_->writer->write(change);
}

void Store::seal_with(Change seal) {
  if (parts_->writer) parts_->writer->seal_with(std::move(seal));
}

Result<Reader> Store::snapshot() const {
  WRIT_TRY(const Pool::Lease lease, parts_->pool->lease());
  WRIT_TRY(const Head head, read_head(*lease));
  return Reader(parts_->pool, head.sequence);
}

Result<Reader> Store::snapshot(Sequence sequence) const {
  WRIT_TRY(Reader newest, snapshot());
  if (sequence > newest.sequence())
    return invalid(fmt::format("commit {} is yet to come; the newest is {}", sequence.value(), newest.sequence().value()), parts_->folder);
  return Reader(parts_->pool, sequence);
}

Access Store::access() const { return parts_->access; }
const std::string& Store::folder() const { return parts_->folder; }
const std::string& Store::identity() const { return parts_->identity; }

}  // namespace writ::store
