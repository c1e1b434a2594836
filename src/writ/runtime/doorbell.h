// Doorbell: how a process that runs tasks of a store is asked to cancel one, by another process of the same user.
//
// Each process that runs tasks listens on a socket of its own in STORE/running/, from its first task on. ring() asks them
// all; a socket that nobody listens on belonged to a process that is gone, and is removed. So there are no process numbers
// that could have been given to somebody else, and no signals. Only the same user (or root) is answered.
//
// Threads: a Doorbell has one of its own, which takes no signals and calls `cancel` on it. ring() blocks for seconds at most.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "writ/base/result.h"

namespace writ::runtime {

class Doorbell {
 public:
  // Cancels what the text names, and says whether there was such a task.
  using Cancel = std::function<bool(std::string_view task)>;

  static Result<std::unique_ptr<Doorbell>> hang(const std::string& store, Cancel);
  ~Doorbell();  // waits for a call under way
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

 private:
  struct Parts;
  explicit Doorbell(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

// How many processes had a task of that name, id or prefix, and were asked to end it.
Result<int> ring(const std::string& store, std::string_view task);

}  // namespace writ::runtime
