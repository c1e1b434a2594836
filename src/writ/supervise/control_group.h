// A control group for one enclosed program: what the kernel counts of all its processes together. Whichever controllers this
// process may use (version 1 or 2 of the interface, delegated or as root); a machine may have none.
//
// Gone with the object, once everything in it has ended. What a process that was killed left is removed by the next one.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::supervise {

class ControlGroup {
 public:
  struct Wanted {
    ByteCount memory;
    std::uint64_t processes;
  };
  // What could not be had is missing from controls(); nothing at all is no error.
  static ControlGroup make(const Wanted&);
  ControlGroup() = default;
  ControlGroup(ControlGroup&& other) noexcept;
  ControlGroup& operator=(ControlGroup&&) = delete;
  ~ControlGroup();

  bool limits_memory() const { return !memory_.empty(); }
  bool limits_processes() const { return !processes_.empty(); }
  // To clone a process into it (CLONE_INTO_CGROUP); -1: it has to enter by itself.
  int folder() const { return version_ == Version::two && !held_.empty() ? held_.front().get() : -1; }
  // Puts the calling process into it, which has one thread. System calls alone, for a child after fork; errno on failure. Only
  // who enters by itself, or is cloned into it, is quick: moving another the kernel waits for all processors, some 10 ms.
  bool enter() const;
  bool ran_out_of_memory() const;  // something in it was killed for that
  ByteCount peak_memory() const;   // 0: not known

 private:
  enum class Version : unsigned char { one, two };
  static ControlGroup make_folders(const Wanted&);
  Version version_ = Version::one;
  std::string memory_, processes_;  // folders, which may be the same one; empty: no such limit
  std::vector<Fd> held_;            // so that nobody takes them for left over
  std::vector<Fd> entrances_;       // files that take who writes to them
};

}  // namespace writ::supervise
