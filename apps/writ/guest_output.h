// GuestOutput: where a guest's standard output and error go. Streamed as they come, escaped if to a terminal; or held:
// for a document, and for --retry, where an attempt that lost a race must leave nothing on the screen.
//
// A reader that does not read cannot hold a task beyond its time: a write waits at most `patience`, or until the user
// cancels. The first failure is remembered for the command to report.
//
// Threads: write() on the guest's thread, the rest between tasks.
#pragma once

#include <array>
#include <span>
#include <string>

#include "terminal.h"
#include "writ/base/clock.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

class GuestOutput {
 public:
  enum class Way : unsigned char { stream, hold };
  GuestOutput(Way way, int stop, Nanoseconds patience) : way_(way), stop_(stop), patience_(patience) {}

  Result<void> write(guest::Stream, std::span<const std::byte>);
  void forget() { held_ = {}; }  // an attempt that does not count
  void release();                // what was held goes out
  void end();                    // the task is over: unfinished sequences, and a line break before our own last line
  const std::string& held(guest::Stream s) const { return held_[index(s)]; }
  const Result<void>& failure() const { return failure_; }

 private:
  static std::size_t index(guest::Stream s) { return s == guest::Stream::out ? 0 : 1; }
  static int descriptor(guest::Stream s) { return static_cast<int>(s); }
  Result<void> pass_on(guest::Stream, std::string_view);

  Way way_;
  int stop_;
  Nanoseconds patience_;
  std::array<std::string, 2> held_;
  std::array<TerminalText, 2> terminal_;
  bool open_line_ = false;  // standard error ended in the middle of a line
  Result<void> failure_;
};

}  // namespace writ::cli
