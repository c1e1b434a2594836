// The state as a folder: what of the task's snapshot it may read, copied into files before a process starts, and what became
// of them, taken back through the gate when it has ended.
//
// So a process reads and writes objects with what every program has, files, and the gate still decides about each: a write
// that is refused is a denial on record and does not happen. Nothing is seen by anybody else before the commit.
// Why copies and not a file server: docs/decisions/0031.
//
// Only files count. Folders are implied by what lies in them; anything else in there is refused by name.
// Threads: one.
#pragma once

#include <map>
#include <string>

#include "writ/base/result.h"
#include "writ/gate/session.h"
#include "writ/wire/digest.h"

namespace writ::guest::process {

class StateFolder {
 public:
  // `folder` is made. Objects that could not be read are not there.
  static Result<StateFolder> fill(gate::Session&, std::string folder);
  const std::string& path() const { return path_; }

  // Errors are what a person can do something about (a name that no object can have, a full disk); a denial is none.
  Result<void> collect(gate::Session&) const;

 private:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  Result<void> fill_from(gate::Session&, const std::string& prefix);

  std::string path_;
  std::map<std::string, Sha256> copied_;  // objects, and what they were
};

}  // namespace writ::guest::process
