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
#include "writ/store/store.h"
#include "writ/task/spec.h"

namespace writ::runtime {

enum class FenceChoice : std::uint8_t { automatic, key };
enum class Access : std::uint8_t { read, write, create };  // create: write, and make the store if there is none
enum class Repair : std::uint8_t { no, yes };

struct Options {
  std::string store = {};  // folder of the store
  std::string keys = {};   // folder of the signing keys, made with mode 0700 on first use; never inside the store
  std::string cache = {};  // folder of compiled images; empty: STORE/cache
  Access access = Access::create;
  store::Durability durability = store::Durability::sync;
  FenceChoice fence = FenceChoice::automatic;
};

// One task as the store remembers it: read out of its receipt.
struct TaskSummary {
  TaskId id;
  std::string name, code_name;
  std::vector<std::string> labels;
  std::string outcome;       // guest::name(End)
  int exit_code = 0;
  bool committed = false;
  std::string started, finished;  // RFC 3339
  std::uint64_t effects = 0, denied = 0, objects = 0, log_index = 0;
};

struct TaskFilter {
  std::optional<WallTime> since, until;
  std::string outcome;       // empty: any
  std::string touched;       // an object path or host path that the journal names
  enum class Denials : std::uint8_t { any, some } denials = Denials::any;
  std::size_t limit = 50;
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
};

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
  void cancel_all();  // every running task ends as cancelled; from any thread, not from a signal handler
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte> code);

  // An id, a unique prefix of 4 or more, a name, "@" (the last), "@2" (the one before).
  Result<TaskId> find_task(std::string_view text) const;
  Result<std::vector<TaskSummary>> tasks(const TaskFilter&) const;  // newest first
  Result<std::string> receipt(const TaskId&) const;
  Result<std::vector<effect::Entry>> journal(const TaskId&) const;

  // --- state: the operator's own reads and writes. Every write leaves a receipt, like any task's ---
  Result<std::vector<ObjectInfo>> list_objects(std::string_view prefix) const;
  Result<std::string> get_object(std::string_view path) const;
  Result<task::Report> put_object(std::string_view path, std::string_view body);
  Result<task::Report> remove_object(std::string_view path);
  Result<std::vector<ObjectInfo>> object_history(std::string_view path) const;  // oldest first

  // --- proof ---
  Result<void> verify_task(const TaskId&) const;  // its receipt, with this store's own key, and its place in the log
  Result<AuditReport> audit() const;              // everything: receipts, journals, log, chain of states, objects
  Result<std::string> verifier_key() const;       // the vkey that verifies this store's receipts (C2SP signed-note)
  Result<std::string> checkpoint() const;         // the latest signed checkpoint
  Result<std::string> prove(std::uint64_t leaf) const;  // a tlog-proof of a leaf under the latest checkpoint
  Result<std::vector<std::string>> consistency(std::uint64_t m, std::uint64_t n) const;  // hex hashes
  Result<std::string> state_root() const;

 private:
  struct Parts;
  explicit Runtime(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

// The structure of a store, also of one that no longer opens. Empty: it holds. Repair mends only what is safe.
Result<std::vector<Finding>> fsck(const std::string& store, Repair);

// What this machine offers, for `writ doctor` and --require: needs no store.
std::vector<Protection> inspect_machine();

}  // namespace writ::runtime
