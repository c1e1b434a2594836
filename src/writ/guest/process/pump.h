// Pump: carries a process's standard streams while it runs, and watches its time and disk.
//
// Input goes into a pipe of one page, and only when that is empty: what the process has not read when it ends is known, given
// back, and not part of what it read.
//
// Threads: one; run() blocks until the process has ended or must end.
#pragma once

#include <array>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/guest/guest.h"
#include "writ/guest/process/disk_watch.h"

namespace writ::guest::process {

enum class Until : std::uint8_t { ended, time, cancelled, output, disk, full };

class Pump {
 public:
  static Result<Pump> open(Stdio&);
  int input() const { return input_.read.get(); }
  int output() const { return output_.write.get(); }
  int errors() const { return errors_.write.get(); }

  // A descriptor of somebody else's that is looked at too; `answer` is called when it becomes readable.
  struct Also {
    int fd = -1;
    std::function<void()> answer = {};
  };
  // `ended`: a descriptor that becomes readable with the end of the process.
  Until run(int ended, Nanoseconds deadline, Cancellation&, const Also&, DiskWatch&);
  // When it has ended: what still lies in the pipes, and what was not read is given back. False: more output than allowed.
  bool finish();

 private:
  struct Pipe {
    Fd read, write;
  };
  explicit Pump(Stdio& stdio) : stdio_(&stdio) {}
  static Result<Pipe> make_pipe();
  bool drain(Pipe&, Stream);  // false: the stream has too much in it
  void feed();

  Stdio* stdio_;
  Pipe input_, output_, errors_;
  bool fed_ = false;  // what was written is not known to have been read
};

}  // namespace writ::guest::process
