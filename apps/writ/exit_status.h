// The exit statuses of the command, as interface.md lists them. A guest's own number may equal one of these: the
// outcome in the document and in the last line decides.
#pragma once

#include "writ/base/result.h"

namespace writ::cli {

enum Exit : int {
  exit_holds = 0,
  exit_does_not_hold = 1,   // verify, audit, fsck: mismatched, untrusted, torn
  exit_usage = 64,          // the command line is wrong
  exit_bad_input = 65,      // a file, code or a value from a file is wrong
  exit_not_available = 69,  // not here: this machine, this version, this store, a full disk
  exit_our_bug = 70,
  exit_conflict = 75,  // somebody else was faster; try again
  exit_denied = 77,
  exit_timed_out = 124,
  exit_trapped = 125,
  exit_not_executable = 126,
  exit_not_found = 127,
  exit_cancelled = 130,
  exit_out_of_memory = 137,
};

// What an error that no command maps otherwise ends with.
int exit_status(Code);

// How a command ended: an exit status, and the error to print if there is one. Made from an Error alone, the status is
// exit_status(code), so that WRIT_TRY works in a command.
class [[nodiscard]] Status {
 public:
  Status(int exit) : exit_(exit) {}
  Status(Error e) : exit_(exit_status(e.code)), error_(std::move(e)) {}
  Status(Error e, int exit) : exit_(exit), error_(std::move(e)) {}
  int exit() const { return exit_; }
  const Error& error() const { return error_; }
  bool failed() const { return !error_.what.empty(); }

 private:
  int exit_;
  Error error_;
};

}  // namespace writ::cli
