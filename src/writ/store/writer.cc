#include "writ/store/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <csignal>

#include "writ/base/assert.h"
#include "writ/store/page_check.h"
#include "writ/store/query.h"
#include "writ/store/schema.h"
#include "writ/store/unsynced.h"

namespace writ::store {
namespace {

constexpr std::size_t queue_limit = 256;  // callers beyond it wait for room
constexpr std::size_t batch_limit = 64;   // closures that share a commit: beyond it a sync no longer weighs much
constexpr std::chrono::microseconds group_window{500};  // Durability::group: the price of about two syncs
// A log no longer than this is left at the end: emptying it would cost a program that commits once five syncs instead of
// one, and the next to open the store reads it in well under a millisecond.
constexpr ByteCount short_log = 256 * KiB;
constexpr int sweep_limit = 64;           // removed records that go for good with one commit

int count_log_pages(void* count, sqlite3*, const char*, int pages) {
  *static_cast<int*>(count) = pages;
  return SQLITE_OK;
}

// Removed keys whose removal every Reader young enough sees anyway. Without this a queue in a table would get slower
// with every entry that passed through.
Result<void> sweep_removed(Connection& connection, Sequence head) {
  if (head.value() <= kept_record_commits) return {};
  struct Removed {
    std::string name;
    Bytes key;
    std::uint64_t sequence;
  };
  std::vector<Removed> removed;
  {
    WRIT_TRY(Statement s, connection.prepare("SELECT name, key, sequence FROM record WHERE value IS NULL AND sequence <= ?1 "
                                             "ORDER BY sequence LIMIT ?2"));
    s.number(1, head.value() - kept_record_commits).number(2, sweep_limit);
    for (;;) {
      WRIT_TRY(const bool more, s.row());
      if (!more) break;
      removed.push_back({std::string(s.text_at(0)), Bytes(s.blob_at(1).begin(), s.blob_at(1).end()), s.number_at(2)});
    }
  }
  for (const Removed& r : removed) {
    WRIT_TRY(Statement s, connection.prepare("DELETE FROM record WHERE name = ?1 AND key = ?2 AND sequence <= ?3"));
    WRIT_CHECK(s.text(1, r.name).blob(2, r.key).number(3, r.sequence).done());
  }
  return {};
}

// A thread that writes has the store in its hands: what interrupts it comes after.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, const OpenOptions& options)
    : durability_(options.durability), log_limit_(options.log_limit), connection_(std::move(connection)) {
  sqlite3_wal_hook(connection_->raw(), count_log_pages, &log_pages_);
}

Writer::~Writer() {
  Lock lock(mutex_);
  left_.wait(lock, [&] { return inside_ == 0; });
  const std::string& file = connection_->file();
  if (log_size(file) <= std::min(short_log, log_limit_) || is_unsynced(log_name(file)))
    sqlite3_db_config(connection_->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Result<Sequence> Writer::write(const Store::Change& change) {
  Lock lock(mutex_);
  WRIT_ASSERT(writer_ != std::this_thread::get_id());  // a write within a write would wait for itself
  ++inside_;
  room_.wait(lock, [&] { return queue_.size() < queue_limit; });
  Request request{.change = &change, .result = Sequence(0), .done = false, .woken = {}};
  queue_.push_back(&request);
  if (queue_.size() >= batch_limit) gathered_.notify_one();
  const auto leads = [&] { return writer_ == std::thread::id() && queue_.front() == &request; };
  request.woken.wait(lock, [&] { return request.done || leads(); });
  if (!request.done) lead(lock);
  if (--inside_ == 0) left_.notify_all();
  return std::move(request.result);
}

// Called with the lock, by who is first in the queue; so its own request is in the batch.
void Writer::lead(Lock& lock) {
  writer_ = std::this_thread::get_id();
  const std::vector<Request*> batch = take(lock);
  lock.unlock();
  {
    const WithoutSignals until_done;
    run_batch(batch);
    lock.lock();
    for (Request* request : batch) {
      request->done = true;
      request->woken.notify_one();  // under the lock: the request is gone as soon as its caller sees `done`
    }
    if (static_cast<std::uint64_t>(log_pages_) * page_size > log_limit_.value()) {
      lock.unlock();
      checkpoint();
      lock.lock();
    }
  }
  writer_ = {};
  if (!queue_.empty()) queue_.front()->woken.notify_one();
}

std::vector<Writer::Request*> Writer::take(Lock& lock) {
  if (durability_ == Durability::group) gathered_.wait_for(lock, group_window, [&] { return queue_.size() >= batch_limit; });
  std::vector<Request*> batch;
  while (!queue_.empty() && batch.size() < batch_limit) {
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  room_.notify_all();
  return batch;
}

void Writer::run_batch(std::span<Request* const> batch) noexcept {
  const Result<void> committed = poison_ ? Result<void>(*poison_) : run_changes(batch);
  if (!committed && connection_->in_transaction()) (void)connection_->run("ROLLBACK");
  if (committed) return;
  for (Request* request : batch)
    if (request->result) request->result = committed.error();  // who was refused for a reason of his own keeps that
}

Result<void> Writer::run_changes(std::span<Request* const> batch) {
  WRIT_CHECK(connection_->run("BEGIN IMMEDIATE"));
  WRIT_CHECK(settle_log(*connection_));  // a sync may have been refused to another process, or to one before us
  WRIT_TRY(const Head head, read_head(*connection_));
  Sequence reached = head.sequence;
  for (Request* request : batch) {
    request->result = run_change(*request->change, reached + Sequence(1));
    if (request->result) reached = *request->result;
    if (!connection_->in_transaction())  // SQLite gave the whole transaction up (no memory, a broken disk)
      return request->result ? given_up(*connection_) : request->result.error();
  }
  if (reached == head.sequence) return connection_->run("ROLLBACK");
  WRIT_CHECK(seal(reached));
  return commit(reached);
}

void Writer::seal_with(Store::Change seal) { seal_ = std::move(seal); }

Result<void> Writer::seal(Sequence reached) {
  if (!seal_) return {};
  Transaction transaction(*connection_, reached);
  WRIT_CHECK(seal_(transaction));
  if (transaction.broken_) return *transaction.broken_;
  return connection_->in_transaction() ? Result<void>() : given_up(*connection_);
}

// The Sequence reached: `next`, or the one before it if nothing was changed.
Result<Sequence> Writer::run_change(const Store::Change& change, Sequence next) {
  WRIT_CHECK(connection_->run("SAVEPOINT change"));
  Transaction transaction(*connection_, next);
  Result<void> result = change(transaction);
  if (result && transaction.broken_) result = *transaction.broken_;
  if (!connection_->in_transaction()) {
    if (result) return given_up(*connection_);
    return result.error();
  }
  if (!result) WRIT_CHECK(connection_->run("ROLLBACK TO change"));
  WRIT_CHECK(connection_->run("RELEASE change"));
  if (!result) return result.error();
  return transaction.changed_ ? next : next - Sequence(1);
}

Result<void> Writer::commit(Sequence reached) {
  WRIT_CHECK(sweep_removed(*connection_, reached));
  {
    WRIT_TRY(Statement s, connection_->prepare("UPDATE head SET sequence = ?1 WHERE id = 0"));
    WRIT_CHECK(s.number(1, reached.value()).done());
  }
  Result<void> committed = connection_->run("COMMIT");
  if (committed || !connection_->sync_refused()) return committed;
  poison();
  return *poison_;
}

// No commit may build on the log any more, and no checkpoint may believe that it is on disk (unsynced.h): who opens the store
// next settles it.
void Writer::poison() {
  const Error refused = connection_->failure("the disk refused to make it durable");
  poison_ = Error{Code::poisoned, refused.what, refused.where, "mend the disk, then open the store again"};
  sqlite3_db_config(connection_->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// Moves the log into the main file while nobody waits. A failure loses nothing: the log is still there, and a full disk
// will show at the next commit.
void Writer::checkpoint() {
  if (poison_ || is_unsynced(log_name(connection_->file()))) return;
  const int rc = sqlite3_wal_checkpoint_v2(connection_->raw(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (rc != SQLITE_OK && connection_->sync_refused()) poison();
}

}  // namespace writ::store
