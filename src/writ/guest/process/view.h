// View: what a process sees of files, made out of what it was granted.
//
// With namespaces it is a tree of its own: system folders read-only, a few files of /etc, its own /proc, a minimal /dev,
// private /tmp and home, and below their own paths what was granted; folders that it may change stand in it as layers.
// Without, it is the host's tree, of which Landlock leaves it the same parts, and its private places lie in a folder of the
// run: then a folder that it may change is seen where its copy lies.
//
// docs/process.md has the list. Pure but for looking at what the host has.
#pragma once

#include <string>
#include <vector>

#include "writ/base/result.h"
#include "writ/gate/session.h"
#include "writ/guest/guest.h"
#include "writ/supervise/enclosure.h"

namespace writ::guest::process {

class View {
 public:
  struct Setup {
    supervise::Way way;
    const Call& call;
    const gate::Standings& files;
    std::string program;       // of the host
    std::span<const std::byte> code;
    std::string private_folder;  // bare: where /tmp, home and the code go. Else empty
    std::string state;         // of the host, the folder that is seen as /state; empty: none
  };
  // Fills in places, what Landlock allows, the environment's own part and the working folder. `unsupported` for what cannot be
  // shown; the reason says what can.
  static Result<View> make(const Setup&);

  std::string home, temporary, state, folder, code_at;  // as the process sees them
  std::vector<supervise::Place> places;
  bool meets_sockets = false;  // something else than files was granted, where the host may have sockets
  std::vector<std::string> listable, readable, writable, devices;
};

}  // namespace writ::guest::process
