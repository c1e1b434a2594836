// What the supervisor runs, and how it ended. Values only.
//
// A child is a tool of ours (a validator, a translator, a compiler) that chews on hostile input. So it gets nothing by
// inheritance: no descriptors, no environment, no signal state, no privileges; and every resource has a limit.
// Units: nanoseconds, bytes. The CPU limit is rounded up to whole seconds, which is what the kernel counts in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/units.h"

namespace writ::supervise {

// How many processes the program may be. `one`: it may have threads, no children (refused by seccomp, for root too).
// `group`: children are allowed; they cannot leave the process group and are killed with it.
enum class Processes : std::uint8_t { one, group };

struct Limits {
  Nanoseconds wall = std::chrono::seconds(60);
  Nanoseconds cpu = std::chrono::seconds(60);
  ByteCount address_space = 4 * GiB;
  ByteCount file_size = 256 * MiB;  // of any one file
  ByteCount output = MiB;           // captured, of each of the two streams
  std::uint64_t open_files = 64;
  Processes processes = Processes::one;
};

// Which folders and files the program may reach (Landlock); nothing else of the file system then. All paths absolute.
// A path that does not exist is left out. An empty confinement does not restrict the file system.
struct Confinement {
  std::vector<std::string> read = {};   // and execute
  std::vector<std::string> write = {};  // and read, create, remove
};

struct Command {
  std::string program;                   // absolute
  std::string package = {};              // the Debian package to install if it is missing; may be empty
  std::vector<std::string> arguments = {};    // after the program's name
  std::vector<std::string> environment = {};  // NAME=value; nothing is inherited
  std::string folder = "/";              // working folder, absolute
  std::optional<std::string> input = {};      // standard input; without it, nothing to read
  Limits limits = {};
  Confinement confinement = {};
  int stop = -1;  // a descriptor that becomes readable when nobody wants the program any more: it is ended then
};

enum class Ending : std::uint8_t { exited, signalled, limited };
enum class Limit : std::uint8_t { none, wall, cpu, file_size, output, stopped };
const char* name(Limit);

// What held the program besides its limits. Reported, because a kernel may lack each of them.
struct Held {
  int landlock_abi = 0;         // 0: the file system was not restricted
  bool seccomp = false;         // no sockets, no tracing, no other process (or none outside its group)
  bool user_namespace = false;  // no capabilities, even if we are root
};

struct Finished {
  Ending ending = Ending::exited;
  int code = 0;                // exit status, or the signal
  Limit limit = Limit::none;   // which limit ended it (ending == limited)
  std::string output, errors;  // what it wrote, at most limits.output each
  Nanoseconds cpu{0}, wall{0};
  ByteCount peak_memory;
  Held held;

  bool succeeded() const { return ending == Ending::exited && code == 0; }
  std::string ended() const;  // "exited with status 1", "was ended by its limit of wall time", "was killed by signal 11"
};

}  // namespace writ::supervise
