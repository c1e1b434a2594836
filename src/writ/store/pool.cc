#include "writ/store/pool.h"

namespace writ::store {

Result<Pool::Lease> Pool::lease() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(connection));
    }
  }
  WRIT_TRY(auto connection, Connection::open(options_));
  return Lease(*this, std::move(connection));
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (keeping_ && idle_.size() < kept) idle_.push_back(std::move(connection));
}

void Pool::close_idle() {
  const std::lock_guard lock(mutex_);
  keeping_ = false;
  idle_.clear();
}

}  // namespace writ::store
