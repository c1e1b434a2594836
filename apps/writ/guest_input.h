// GuestInput: the guest's standard input, read when the guest first asks and only as far as it reads. Nothing is read
// ahead, so a loop over a list keeps its list, and a pipe that nobody writes to holds nobody who does not read.
//
// A wait ends with data, the end of the input, the deadline (`exhausted`) or a byte in `stop` (the user cancelled).
// For --retry everything read is kept, and rewind() gives it to the next attempt.
//
// Threads: read() on the guest's thread, rewind() between tasks.
#pragma once

#include <span>
#include <string>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/result.h"

namespace writ::cli {

class GuestInput {
 public:
  enum class Keep : unsigned char { no, yes };
  GuestInput(Fd source, int stop, Keep keep) : source_(std::move(source)), stop_(stop), keep_(keep) {}

  Result<std::size_t> read(std::span<std::byte> out, Nanoseconds deadline);
  void rewind() { position_ = 0; }

 private:
  Fd source_;
  int stop_;
  Keep keep_;
  std::string kept_;
  std::size_t position_ = 0;  // in kept_
};

}  // namespace writ::cli
