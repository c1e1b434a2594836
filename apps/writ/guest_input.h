// GuestInput: the guest's standard input, read when the guest first asks and only as far as it reads. Nothing is read
// ahead, so a loop over a list keeps its list, and a pipe that nobody writes to holds nobody who does not read.
//
// A wait ends with data, the end of the input, the deadline (`exhausted`) or a byte in `stop` (the user cancelled).
// For --retry what was read is kept, and rewind() gives it to the next attempt; beyond most_kept nothing is, and there is
// no next attempt.
//
// Threads: read() on the guest's thread, rewind() between tasks.
#pragma once

#include <span>
#include <string>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::cli {

inline constexpr ByteCount most_kept = 64 * MiB;  // in memory, of what a guest reads as long as it likes

class GuestInput {
 public:
  enum class Keep : unsigned char { no, yes };
  GuestInput(Fd source, int stop, Keep keep) : source_(std::move(source)), stop_(stop), keep_(keep) {}

  Result<std::size_t> read(std::span<std::byte> out, Nanoseconds deadline);
  bool rewind();  // false: the input cannot be given again
  int readable() const { return position_ < kept_.size() ? -1 : source_.get(); }  // a descriptor to wait for; -1: no need, or none
  void give_back(std::size_t);  // the end of what was read, for the next reader of the same file

 private:
  void keep(std::span<const std::byte> read);

  Fd source_;
  int stop_;
  Keep keep_;
  bool gone_ = false;  // more was read than is kept
  std::string kept_;
  std::size_t position_ = 0;  // in kept_
};

}  // namespace writ::cli
