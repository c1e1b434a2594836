// One whole process, from posix_spawn until wait4 has it back.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace writ::bench {

struct Finished {
  double wall_ms = 0, cpu_ms = 0;  // from before the spawn to after the wait; of the process and what it waited for
  double peak_MiB = 0;             // resident
  int status = -1;                 // as wait4 says
};

// The program is a path. Standard input and error are /dev/null; output goes to the file, or to /dev/null.
Finished run_process(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                     const std::string& output = "/dev/null");

// Where PATH has the program.
std::optional<std::string> find_program(const std::string& name);

}  // namespace writ::bench
