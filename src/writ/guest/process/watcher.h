// Watcher: what a process that runs to learn tried to open and did not find, although the host has it.
//
// The kernel asks here before it opens a file (seccomp user notification), and is told to go on; nothing is decided by the
// answer, so a process that exchanges the path meanwhile deceives its own manifest and nobody else. What the process cannot
// see and the host has goes through the session's monitor: it is on record, and may be learned, unless it may hold secrets.
// It costs two changes of process for each file that is opened, so nobody is watched who does not learn.
//
// Threads: one; answer() is called when the descriptor is readable.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "writ/base/fd.h"
#include "writ/gate/session.h"

namespace writ::guest::process {

class Watcher {
 public:
  // `visible`: of a process in the host's tree, what it may reach, with what lies below. Empty: it has a tree of its own, and
  // that is looked into.
  Watcher(Fd listener, gate::Session& session, std::vector<std::string> visible)
      : listener_(std::move(listener)), session_(session), visible_(std::move(visible)) {}
  int fd() const { return listener_.get(); }
  void answer();

 private:
  void look(int pid, const std::string& path);
  bool sees(int pid, const std::string& path) const;

  Fd listener_;
  gate::Session& session_;
  std::vector<std::string> visible_;
  std::set<std::string> seen_;
};

}  // namespace writ::guest::process
