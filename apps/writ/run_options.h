// What `writ run` was asked for: its options and its manifest, read and checked, before anything is opened or run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "opening.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

struct RunRequest {
  task::Spec spec;                     // all but the code's bytes, input and output
  guest::Limits process_limits{4 * GiB, MiB, 16 * MiB, std::chrono::minutes(10)};  // in place of the spec's, of a process
  std::string input = "-";             // "-", "none" or a file
  std::optional<std::string> receipt;  // --receipt
  std::optional<std::string> manifest; // -o of `learn`
  std::uint64_t retries = 0;
  GuestChoice guests;
  std::vector<std::string> required;  // protections
  enum class Mode : unsigned char { run, dry } mode = Mode::run;
};

// On failure the status is 64 for the command line, 65 for the manifest, 69 for words of a later version.
Status read_run_request(const Invocation&, RunRequest& out);

// What `writ rerun` was asked for, over a spec as the task was told it: options add to it, and win.
Status read_rerun_request(const Invocation&, RunRequest& told);

// Of limits that were given: whether they are ones of this kind of guest.
Status check_limits(const Invocation&, const task::Spec&);

// Words of ours among the guest's arguments, which were not taken as ours.
std::vector<std::string> words_like_ours(const Arguments&);

}  // namespace writ::cli
