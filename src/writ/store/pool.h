// Connections for readers: as many as read at once, a few kept. Shared by the Store and its Readers, so that a Reader may
// outlive the Store. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "writ/store/connection.h"

namespace writ::store {

class Pool {
 public:
  explicit Pool(ConnectionOptions options) : options_(std::move(options)) {}

  // A connection for the time of one read.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };
  Result<Lease> lease();
  // Closes what nobody uses; and keeps no more: for the end of the Store.
  void close_idle();

 private:
  void give_back(std::unique_ptr<Connection>);

  static constexpr std::size_t kept = 8;  // each holds a few descriptors and up to 2 MiB of cached pages
  const ConnectionOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  bool keeping_ = true;                            // guarded by mutex_
};

}  // namespace writ::store
