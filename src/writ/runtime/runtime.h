// Runtime: the one place where Writ is wired together, and the library's public face.
//
// Open one for a store folder, prepare code, execute tasks. Everything else reads: tasks, receipts, the state, the log.
// All methods may be called from any thread. execute() runs the guest on a thread of the runtime's own and blocks.
// No exceptions. Signal handlers of the embedder are chained, not replaced. Errors carry what, where and what would be
// right. Source: interface.md "The library"; ../spec/000 Parts 4 and 9.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/gate/ledger.h"
#include "writ/proof/notary.h"
#include "writ/proof/tile_export.h"
#include "writ/runtime/submission.h"
#include "writ/store/store.h"
#include "writ/task/index.h"
#include "writ/task/settlement.h"
#include "writ/task/spec.h"

namespace writ::runtime {

enum class FenceChoice : std::uint8_t { automatic, key, page };
// Of a WebAssembly module's image (guest/wasm/tier.h). `automatic`: the best if it is there, else at once the fast one.
enum class TierChoice : std::uint8_t { automatic, fast, best };
enum class Access : std::uint8_t { read, write, create };  // create: write, and make the store if there is none
enum class Repair : std::uint8_t { no, yes };

struct Options {
  std::string store = {};  // folder of the store
  std::string keys = {};   // folder of the signing keys, made with mode 0700 on first use; never inside the store
  std::string cache = {};  // folder of compiled images; empty: STORE/cache
  Access access = Access::create;
  store::Durability durability = store::Durability::sync;
  FenceChoice fence = FenceChoice::automatic;
  int interrupt = -1;      // a descriptor that becomes readable when compilers at work are to stop
  proof::Signing signing = proof::Signing::each;  // batch: one signature a commit instead of two a task (docs/formats/receipt.md)
  TierChoice tier = TierChoice::automatic;
  // The program `writ`, which is then started to make best images in the background (writ build --waiting), one at a time
  // for a cache, last in every queue of the machine. Empty: that is left to whoever calls build_waiting().
  std::string builder = {};
};

// One task as the store remembers it: read out of its receipt, or out of what is staged.
struct TaskSummary {
  TaskId id;
  std::string name, code_name;
  std::vector<std::string> labels;
  std::string outcome;       // guest::name(End)
  int exit_code = 0;
  task::State state = task::State::discarded;  // committed, discarded, staged or kept
  std::string started, finished;  // RFC 3339
  std::uint64_t effects = 0, denied = 0, objects = 0, files = 0;
  std::optional<std::uint64_t> log_index;  // none while it is staged
};

struct TaskFilter {
  task::Wanted wanted;
  std::size_t limit = 50;
};

// What the store has of one task.
struct TaskRecord {
  task::State state = task::State::discarded;
  std::string receipt;  // empty while it is staged
  proof::InputManifest input;
  proof::OutputManifest output;  // of a staged task: `writes` and `files` are those that wait, objects with the version 0 after
  std::vector<effect::Entry> journal;
};

// What a task changed, or would change.
struct Change {
  enum class Of : std::uint8_t { object, file, folder, link } of = Of::object;
  enum class What : std::uint8_t { created, changed, removed } what = What::changed;
  std::string path;                       // an object's, or absolute on the host
  std::uint64_t before = 0, after = 0;    // versions of an object; 0: does not exist, or waits
  std::uint32_t mode_before = 0, mode_after = 0;  // permission bits of a file; 0: it is not there
  std::string target;                     // of a link
  std::string sha256_before, sha256_after;
  std::string patch;                      // a unified diff, with its header; of an object that is not text, a line that says so
  bool text = true;
  std::uint64_t added = 0, removed = 0;   // lines
};
struct Difference {
  task::State state = task::State::discarded;
  std::vector<Change> changes;  // of objects
  std::vector<Change> files;    // of folders of the host
  std::string folder;           // where the paths in the files' patches begin: `git -C FOLDER apply` takes them
  std::string digest;           // of what is shown: `commit TASK@DIGEST`
};
enum class Detail : std::uint8_t { counts, patches };  // counts: `patch` is empty, and no content is read

// What an undo would put back: an object as it was in version `to`, in place of version `from`; or a path of the host.
struct Restoration {
  Change::Of of = Change::Of::object;
  std::string path;
  std::uint64_t to = 0, from = 0;  // of an object
  bool removed = false;            // it was not there
};

struct AuditFailure {
  std::string task, what;
};
struct AuditReport {
  std::uint64_t total = 0, verified = 0;
  std::vector<AuditFailure> failed;
  std::string state_root, log_root;
  std::uint64_t size = 0;  // of the log
  std::string time;
};

struct ObjectInfo {
  std::string path, sha256;
  std::uint64_t version = 0, size = 0;
  bool removed = false;
};

struct Finding {
  std::string what, where;
  bool mended = false;
};

struct Protection {
  std::string name, state, detail;  // state: "present", "absent", "not needed"
  enum class PartOf : std::uint8_t { everything, memory_fence, key_fence, process_fence };
  PartOf part_of = PartOf::everything;  // who does without it loses it
};

using CapabilityInfo = gate::LedgerEntry;

class Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> open(const Options&);
  ~Runtime();  // waits for tasks under way
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // --- tasks ---
  // Blocks until the task is settled. An Error means that nothing ran, or that nothing could be settled; how a guest
  // ended, also a lost race, is in the Report.
  Result<task::Report> execute(task::Spec);
  // The same without blocking: `exhausted` ("busy") when too many wait already (submission.h). What the spec's input and
  // output use must live until the handle's wait() has answered.
  Result<Handle> submit(task::Spec);
  // Asks whatever processes run tasks of this store: how many had it (runtime/doorbell.h).
  Result<int> cancel(std::string_view task) const;
  void cancel_all();  // every running task ends as cancelled; from any thread, not from a signal handler
  // From here on every task of this runtime is under this policy, besides its own; null: under none. A running task sees it
  // before its next effect, whole; what it did before is judged again when it would commit. Leaves a receipt of its own.
  Result<task::Report> set_policy(std::shared_ptr<const authority::policy::Program>);
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte> code);

  // An id, a unique prefix of 4 or more, a name, "@" (the last), "@2" (the one before).
  Result<TaskId> find_task(std::string_view text) const;
  Result<std::vector<TaskSummary>> tasks(const TaskFilter&) const;  // newest first
  Result<std::string> receipt(const TaskId&) const;  // `unavailable` while the task is staged: it has none yet
  Result<TaskRecord> record(const TaskId&) const;
  Result<std::vector<effect::Entry>> journal(const TaskId&) const;

  // --- staged tasks (task/settlement.h) ---
  Result<Difference> difference(const TaskId&, const task::Paths& only, Detail = Detail::patches) const;  // of settled tasks too
  Result<task::Report> commit(const TaskId&, const task::Choice&);
  Result<task::Report> discard(const TaskId&);

  // --- replay (task/replay.h) ---
  // In what the task differs when it is told again; none: it holds. `unsupported` if it cannot be told again. `input` where
  // the task read its standard input and it was not kept.
  Result<std::vector<std::string>> replay(const TaskId&, task::Input input);
  // The same code, input and limits as that task had, with it as the parent: for execute(). The caller adds what it wants.
  Result<task::Spec> retell(const TaskId&) const;

  // --- undo (runtime/undo.h): what would be put back, and the task that does it, with the undone one as its parent ---
  Result<std::vector<Restoration>> plan_undo(const TaskId&, const task::Paths& only) const;
  Result<task::Report> undo(const TaskId&, const task::Paths& only, workspace::Manner = workspace::Manner::in_place);

  // --- state: the operator's own reads and writes. Every write leaves a receipt, like any task's ---
  Result<std::vector<ObjectInfo>> list_objects(std::string_view prefix) const;
  Result<std::string> get_object(std::string_view path) const;
  // The policy in force governs them too, and one of their own.
  Result<task::Report> put_object(std::string_view path, std::string_view body, std::shared_ptr<const authority::policy::Program> = nullptr);
  Result<task::Report> remove_object(std::string_view path, std::shared_ptr<const authority::policy::Program> = nullptr);
  Result<std::vector<ObjectInfo>> object_history(std::string_view path) const;  // oldest first

  // --- capabilities that outlive tasks (gate/ledger.h): durable when these return ---
  Result<authority::Handle> mint_capability(authority::Grant, std::string holder = {});
  Result<authority::Handle> attenuate_capability(authority::Handle, const authority::Grant& to);
  Result<std::vector<authority::Handle>> split_capability(authority::Handle, std::span<const authority::Limits> parts);
  Result<authority::Handle> delegate_capability(authority::Handle, std::string holder);
  Result<void> revoke_capability(authority::Handle);  // of running tasks too, also those of other processes
  Result<CapabilityInfo> capability(authority::Handle) const;
  Result<std::vector<CapabilityInfo>> capabilities() const;  // all that ever were, oldest first

  // --- proof ---
  Result<void> verify_task(const TaskId&) const;  // its receipt, with this store's own key, and its place in the log
  Result<AuditReport> audit() const;              // everything: receipts, journals, log, chain of states, objects
  Result<std::string> verifier_key() const;       // the vkey that verifies this store's receipts (C2SP signed-note)
  // All that have signed for this user, that one first: receipts outlive the key that signed them (rotate_key).
  Result<std::vector<std::string>> verifier_keys() const;
  Result<std::string> checkpoint() const;         // the latest signed checkpoint
  Result<std::string> prove(std::uint64_t leaf) const;  // a tlog-proof of a leaf under the latest checkpoint
  // Writes the log as C2SP tiles into a folder, or what is new of it (proof/tile_export.h).
  Result<proof::Exported> export_log(const std::string& folder) const;
  Result<std::vector<std::string>> consistency(std::uint64_t m, std::uint64_t n) const;  // hex hashes
  Result<std::string> state_root() const;

 private:
  struct Parts;
  explicit Runtime(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

// The manifest that code carries itself, as text (interface.md "Manifest"); nothing if it carries none.
Result<std::optional<std::string>> declared_manifest(std::span<const std::byte> code);

// The absolute path of a command, as a process would find it: with a '/' in it taken from `folder`, else looked for in `path`
// (empty: where programs are installed). `unavailable` if there is none, `denied` if it is not executable.
Result<std::string> find_program(const std::string& command, std::string_view path, const std::string& folder);

// A new signing key for this user, in Options::keys: for every runtime that is opened from now on. What the old one has
// signed stays verified; its secret half is gone.
Result<void> rotate_key(const std::string& keys);

// The structure of a store, also of one that no longer opens. Empty: it holds. Repair mends only what is safe.
Result<std::vector<Finding>> fsck(const std::string& store, Repair);

// Optional, at the start of main(), before there is another thread: saves the first Runtime::open() some 15 ms, in which the
// kernel would wait for every processor of the machine (fence/fence.h).
void start_process();

// Closes this process for good to system calls that Writ never makes and that lead round the fence (supervise/lock.h). The
// command does it at its start; a program that embeds Writ decides for itself.
Result<void> lock_process();

// What this machine offers, for `writ doctor` and --require: needs no store.
std::vector<Protection> inspect_machine();

}  // namespace writ::runtime
