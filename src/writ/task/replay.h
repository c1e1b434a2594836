// Replay: the same task told again, from its manifests and its recipe, and the comparison of what came of it.
//
// A WebAssembly task is deterministic unless it was granted otherwise: time is virtual from its admission, randomness
// comes from its seed, the state is that of its snapshot, for ever. What comes from outside (standard input, files) is
// given again from what was kept, or as it is there now, and then its digests must be the same. What cannot be told again
// is `unsupported`, with the reason: that is no verdict on the receipt.
//
// The real clock stands still at the admission while it is repeated: it decides nothing in a task that can be replayed.
//
// Threads: values; any.   Source: architecture.md section 3, proof.md "Audit".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "writ/task/kept_inputs.h"
#include "writ/task/recipe.h"
#include "writ/task/sealed.h"
#include "writ/task/spec.h"

namespace writ::task {

// All that is known of a task that ran.
struct Told {
  proof::InputManifest input;
  proof::OutputManifest output;
  std::vector<effect::Entry> journal;
  Recipe recipe;
  Bytes code;
  std::optional<KeptInputs> kept;
};
// Of a settled task or a staged one. `unsupported` if what it was told is not kept (an operator's own write, an older store).
Result<Told> find_told(const store::View&, const TaskId&, proof::InputManifest, proof::OutputManifest, std::vector<effect::Entry>);

// Whether the same task must come to the same; else `unsupported` says why not.
Result<void> check_replayable(const Told&);
// The task once more, without name, input and output.
Result<Spec> retell(const Told&);
// Standard input as it was read, if it was kept.
Result<std::optional<Input>> kept_input(const store::View&, const Told&);

// In what the repetition differs, a sentence each; none: it holds. `unsupported` if what came from outside was not the same.
Result<std::vector<std::string>> compare(const Told&, const Sealed& again);

// Stands still.
class StillClock final : public Clock {
 public:
  explicit StillClock(WallTime at) : at_(at) {}
  WallTime wall() const override { return at_; }
  Nanoseconds monotonic() const override { return {}; }

 private:
  WallTime at_;
};

}  // namespace writ::task
