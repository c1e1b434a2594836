// Starts an enclosed program (enclosure.h), and tells how it ended.
//
// A first process of ours is made in the new namespaces; it builds the tree, starts the program as its child, waits for it
// and ends, and with it everything that is left. It dies with the thread that called enclose(). In the bare way it kills the
// process group instead, also when it is told to end.
//
// Threads: as run(). The caller's own memory is copied (copy on write) into the first process, where nobody can look: it is
// not dumpable, and belongs to the caller's user namespace.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/supervise/control_group.h"
#include "writ/supervise/enclosure.h"

namespace writ::supervise {

struct EnclosedEnd {
  bool signalled = false;
  int code = 0;          // exit status, or the signal
  std::string failed;    // the program was never executed: the step that failed
  int number = 0;        // its errno
};

class Enclosed {
 public:
  Enclosed(pid_t pid, Fd pidfd, Fd report, Way way) : pid_(pid), pidfd_(std::move(pidfd)), report_(std::move(report)), way_(way) {}
  Enclosed(Enclosed&& other) noexcept;
  ~Enclosed();  // kills it if nobody has waited

  int ended() const { return pidfd_.get(); }  // becomes readable when everything has ended
  void kill();
  // Waits, and answers how the program ended. After kill() the end is that of the kill.
  EnclosedEnd wait();
  Nanoseconds cpu() const { return cpu_; }            // after wait(): of all that was waited for
  ByteCount peak_memory() const { return peak_; }     // of the largest process
  // The listener of a watched program's filter, once it was started; empty if there is none.
  Result<Fd> take_listener();

 private:
  pid_t pid_;
  Fd pidfd_, report_;
  Way way_;
  Nanoseconds cpu_{};
  ByteCount peak_;
};

// Refused (`unsupported`, `denied`, ...) if the namespaces cannot be had. What fails later, in the new process, is told by
// wait(). `group` may be null.
Result<Enclosed> enclose(const Enclosure&, const ControlGroup* group);

}  // namespace writ::supervise
