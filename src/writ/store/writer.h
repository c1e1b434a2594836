// The one place that writes. Who hands over a closure while nobody writes becomes the writer: it runs what has gathered in
// a bounded queue, its own among it, as savepoints of one SQLite transaction, commits, wakes each caller with its own result,
// and leaves the rest to the caller that waits longest. So a commit that nobody shares wakes no other thread, and those that
// come meanwhile share the next.
//
// While a thread writes it takes no signals. Throwing in a closure ends the program.
#pragma once

#include <condition_variable>
#include <cstdint>
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
  ~Writer();  // waits for who is inside write(), and leaves a short log where it is
  Result<Sequence> write(const Store::Change&);
  void seal_with(Store::Change);  // before the first write

 private:
  struct Request {
    const Store::Change* change;
    Result<Sequence> result = Sequence(0);
    bool done = false;
    std::condition_variable woken;  // done, or first in the queue while nobody writes
  };
  using Lock = std::unique_lock<std::mutex>;
  void lead(Lock&);
  std::vector<Request*> take(Lock&);
  void run_batch(std::span<Request* const> batch) noexcept;
  Result<void> run_changes(std::span<Request* const> batch);
  Result<Sequence> run_change(const Store::Change&, Sequence next);
  Result<void> seal(Sequence reached);
  Result<void> commit(Sequence head);
  void poison();
  void checkpoint();

  const Durability durability_;
  const ByteCount log_limit_;
  Store::Change seal_;  // set before the first write, which publishes it

  // Of whoever writes, which `writer_` says.
  const std::unique_ptr<Connection> connection_;
  int log_pages_ = 0;            // what the write-ahead log holds
  std::optional<Error> poison_;  // set when a sync failed, never cleared

  std::mutex mutex_;
  std::condition_variable gathered_, room_, left_;
  std::thread::id writer_;      // guarded by mutex_; none: nobody writes
  std::deque<Request*> queue_;  // guarded by mutex_
  std::size_t inside_ = 0;      // guarded by mutex_: callers that have not left write() yet
};

}  // namespace writ::store
