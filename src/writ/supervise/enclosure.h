// An enclosure: what the kernel lets one program of anybody's, and all that it starts, see and do. Values only.
//
// Three ways, of which a machine allows some (probe.h). With namespaces (`root`, `user`) the program has a tree of its own
// made of Places, its own processes, network, names and IPC, and is killed as a whole with its first process. Without
// (`bare`) it stays in the host's tree, where Landlock is what keeps it to `readable` and `writable`.
//
// In every way: no new privileges, no capabilities, a list of permitted system calls, resource limits, a session of its own
// without a terminal, the three standard descriptors and no other.   Units: bytes. Paths absolute.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "writ/base/units.h"

namespace writ::supervise {

enum class Way : std::uint8_t { root, user, bare };

// Something at a place of the program's own tree. The tree itself is private, in memory, and gone afterwards.
struct Place {
  enum class What : std::uint8_t {
    folder,   // private and empty
    text,     // a private file with `source` as its content
    sealed,   // the same, mounted read-only over whatever is there
    link,     // a symbolic link to `source`
    shown,    // the host's `source` and what lies below it, for reading and executing
    device,   // the host's device `source`
    open,     // the host's `source`, for writing too
    layered,  // an overlay, with the options of mount(2) in `source`
    masked,   // an empty read-only folder or file over what is there, if anything is
  };
  What what = What::folder;
  std::string at;
  std::string source = {};
  std::uint32_t mode = 0755;
  enum class Still : std::uint8_t { no, yes } still = Still::no;  // of what is open or layered: for looking only
  enum class Need : std::uint8_t { must, may } need = Need::must;  // may: left out if the host has no such thing
};

struct EnclosureLimits {
  ByteCount data;              // of one process; 0: the control group counts
  ByteCount file_size;         // of one file
  ByteCount memory_files;      // of everything in the private tree together
  std::uint64_t processes = 256;
  std::uint64_t files = 1024;  // open in one process
};

// Whether somebody is told of a file before the kernel opens or executes it (Enclosed::take_listener).
enum class Watching : std::uint8_t { nothing, denials };

struct Enclosure {
  Way way = Way::user;
  std::vector<std::string> arguments;    // with the program's name first
  std::string program;                   // as the program's own tree has it
  std::vector<std::string> environment;  // NAME=value; nothing is inherited
  std::string folder = "/";
  std::vector<Place> places;             // with namespaces; parents are made
  std::vector<std::string> listable, readable, writable, devices;  // for Landlock, as the program sees them
  EnclosureLimits limits;
  Watching watching = Watching::nothing;
  // Sockets of the host may lie in what it is shown, and to connect to one asks for no right to change anything: then it gets
  // sockets with names nowhere, and pairs that are connected.
  bool meets_sockets = false;
  int input = -1, output = -1, errors = -1;  // become 0, 1, 2
};

}  // namespace writ::supervise
