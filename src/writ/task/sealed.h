// Sealed: what is left of a task when its guest has ended: everything that its settlement needs, and nothing else. A value,
// so that it can be settled at once (settlement.h), kept for the operator to look at (stage.h), or compared with an
// earlier run of the same task (replay.h).
//
// The manifests are complete but for what only the settlement knows: `input.state`, and in the output `settlement`,
// `state` and `writes`.
#pragma once

#include <vector>

#include "writ/authority/capability_table.h"
#include "writ/effect/journal.h"
#include "writ/gate/change_set.h"
#include "writ/guest/guest.h"
#include "writ/proof/verify/manifest.h"
#include "writ/task/kept_inputs.h"
#include "writ/task/recipe.h"
#include "writ/task/task_states.h"
#include "writ/workspace/changes.h"

namespace writ::task {

struct Sealed {
  State state = State::failed;
  guest::Outcome outcome;
  proof::InputManifest input;
  proof::OutputManifest output;
  std::vector<effect::Entry> journal;
  gate::ChangeSet changes;  // empty unless it ended well
  Recipe recipe;
  std::optional<KeptInputs> kept;
  Bytes code;               // empty if the store has it already
  std::vector<authority::Handle> capabilities;  // of the ledger, which it held
  workspace::Changes files = {};       // as `changes`, of folders of the host
  std::string contents = {};           // where their new contents lie; empty: workspace::Places::shadow(task)
  std::vector<std::string> left_out = {};  // what it did to folders and `files` do not say: a line each, for whoever ran it
  std::string conflict = {};           // over what the race for a file was lost while the task still ran
  guest::Isolation isolation = {};
};

}  // namespace writ::task
