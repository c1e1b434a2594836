// What a task is told (Spec) and what it reports (Report). Values: they copy and can be shown.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/authority/capability_table.h"
#include "writ/authority/grant.h"
#include "writ/authority/policy/program.h"
#include "writ/base/id.h"
#include "writ/effect/journal.h"
#include "writ/gate/monitor.h"
#include "writ/gate/session.h"
#include "writ/guest/guest.h"
#include "writ/proof/verify/manifest.h"
#include "writ/store/object.h"
#include "writ/task/kept_inputs.h"
#include "writ/task/task_states.h"
#include "writ/wire/bytes.h"
#include "writ/workspace/changes.h"

namespace writ::task {

// Where a task's standard input comes from. read() is called when the guest first asks, and only as far as it reads.
// `deadline` is how long it may wait; `exhausted` when it passes.
using Input = std::function<Result<std::size_t>(std::span<std::byte> out, Nanoseconds deadline)>;
// For a guest that cannot be asked when it wants to read (a process): a descriptor that says when read() would not wait (-1:
// none), and how to take back what was read and not wanted. Either may be missing.
struct InputSource {
  int readable = -1;
  std::function<void(std::size_t)> give_back = {};
};
using Output = std::function<Result<void>(guest::Stream, std::span<const std::byte>)>;

// Changes to folders of the host that are made already: what an undo puts back.
struct MadeChanges {
  workspace::Changes changes;
  std::string contents;  // where their new contents lie
};

struct Spec {
  std::string name;                        // --id; empty: none. Used once in a store
  std::vector<std::string> labels;         // K=V
  std::string code_name;                   // as the operator named it; for people
  std::string language = "wasm";           // else a process: "python", "shell", ..., or "executable", which has no bytes of code
  Bytes code;
  std::vector<std::string> arguments;      // what follows CODE; the guest sees code_name as argument 0
  std::string entry = "_start";
  std::vector<authority::Grant> grants, denies;
  std::vector<authority::Handle> capabilities;  // of the store's ledger, besides the grants (--cap)
  enum class Purpose : std::uint8_t { work, learn } purpose = Purpose::work;  // learn: see Attempt
  std::vector<gate::Mount> mounts;         // folders of the host that the guest sees elsewhere; grants say what it may do there
  std::vector<authority::Pattern> hidden;  // of "/" and a path below a folder that may be changed: not there for the guest
  std::vector<std::string> environment;    // NAME=VALUE; the guest sees what `env` grants cover
  guest::Limits limits;
  gate::OnDenial on_denial = gate::OnDenial::refuse;
  std::shared_ptr<const authority::policy::Program> policy;  // of this task alone; may be null
  std::optional<std::array<std::byte, 32>> seed;  // none: 32 fresh random bytes
  std::optional<store::Sequence> as_of;    // the state it meets; none: the newest. What is older loses races at its commit
  std::string engine;                      // empty: what the engine chooses; else the image is made as this name says (replay;
                                           // a process: the absolute path of the program that runs it)
  std::string folder = "/";                // a process's working folder, as it sees it
  std::string code_at;                     // where a process sees its code, if that is a file
  std::vector<std::string> parents;        // SHA-256 of the statements of receipts that this task follows from
  enum class Then : std::uint8_t { settle, stage } then = Then::settle;  // stage: what ended well waits for its operator
  enum class Failed : std::uint8_t { forget, keep } failed = Failed::forget;  // keep: what it would have changed can be looked at
  workspace::Manner commit_by = workspace::Manner::in_place;  // of changes to folders
  std::optional<MadeChanges> files;        // of the task, besides what it does by itself; each path is an effect of it all the same
  enum class Inputs : std::uint8_t { digest, keep } inputs = Inputs::digest;  // keep: what it reads stays, for a replay
  std::optional<KeptInputs> kept;          // files answer from here instead of from the host
  Input input;                             // none: end of input at once
  InputSource input_source;
  Output output;                           // none: output is counted and digested only
};

struct ObjectChange {
  std::string path;
  std::uint64_t before = 0, after = 0;  // versions; 0: did not exist
  bool removed = false;
  std::string sha256;                   // of the new body; empty if removed
};

struct FilesChange {
  std::uint64_t files = 0, added = 0, removed = 0;  // folders not counted; lines of text
};

struct Report {
  TaskId id;
  std::string name;
  guest::Outcome outcome;
  State state = State::discarded;         // committed, discarded, staged or kept
  proof::Settlement settlement = proof::Settlement::discarded;
  std::string conflict;                   // over what the race was lost; empty: no race, or won
  std::vector<effect::Entry> journal;
  std::uint64_t allowed = 0, denied = 0, staged = 0, sent = 0;
  std::vector<ObjectChange> objects;
  FilesChange files;
  std::vector<std::string> warnings;      // of changes to files: what no commit has, what somebody changed meanwhile, what is not finished
  guest::Resources resources;
  guest::Isolation isolation;             // not part of the receipt
  std::string fence;
  bool deterministic = true;
  std::string state_before, state_after;  // SHA-256 roots, lower-case hex
  std::uint64_t log_index = 0, log_size = 0;
  std::string receipt;                    // the canonical text (docs/formats/receipt.md); empty while it is staged, or if it
                                          // could not be read just now
  std::string changes;                    // what names its changes: `commit TASK@DIGEST`
};

}  // namespace writ::task
