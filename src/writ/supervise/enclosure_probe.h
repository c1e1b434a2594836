// What this machine gives an enclosure: tried in a child that ends at once, not concluded from versions.
#pragma once

#include <optional>
#include <string>

#include "writ/supervise/enclosure.h"

namespace writ::supervise {

struct Offered {
  std::optional<Way> way;     // the strongest; none: no enclosure is possible here
  std::string why_not;        // without namespaces, or with none at all: what was refused
  bool own_processes = false; // a /proc of its own can be mounted
  int landlock_abi = 0;
  bool seccomp = false;
  bool memory_group = false, process_group = false;  // control groups that this process may make
};

Offered probe_enclosure();

}  // namespace writ::supervise
