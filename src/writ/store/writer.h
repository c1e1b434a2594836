// The one thread that writes. Callers hand it closures through a bounded queue; it runs what has gathered as savepoints of
// one SQLite transaction, commits, and then wakes each caller with its own result.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "writ/store/connection.h"
#include "writ/store/store.h"

namespace writ::store {

class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, const OpenOptions&);
  ~Writer();  // runs what is queued, ends the thread, and leaves a short log where it is
  Result<Sequence> write(const Store::Change&);

 private:
  struct Request {
    const Store::Change* change;
    Result<Sequence> result = Sequence(0);
    bool done = false;
    std::condition_variable woken;
  };
  void run();
  std::vector<Request*> take();
  void run_batch(std::span<Request* const> batch);
  Result<void> run_changes(std::span<Request* const> batch);
  Result<Sequence> run_change(const Store::Change&, Sequence next);
  Result<void> commit(Sequence head);
  void poison();
  void checkpoint();

  const std::unique_ptr<Connection> connection_;
  const Durability durability_;
  const ByteCount log_limit_;
  int log_pages_ = 0;             // the writer thread's: what the write-ahead log holds
  std::optional<Error> poison_;   // the writer thread's: set when a sync failed, never cleared

  std::mutex mutex_;
  std::condition_variable arrived_, room_;
  std::deque<Request*> queue_;  // guarded by mutex_
  bool stopping_ = false;       // guarded by mutex_
  std::thread thread_;          // last: it uses all of the above
};

}  // namespace writ::store
