#include "writ/runtime/runtime.h"

#include <filesystem>
#include <mutex>

#include "writ/authority/policy/source.h"
#include "writ/gate/ledger.h"
#include "writ/guest/process/program.h"
#include "writ/guest/wasm/declaration.h"
#include "writ/proof/log.h"
#include "writ/proof/notary.h"
#include "writ/proof/state_map.h"
#include "writ/runtime/audit.h"
#include "writ/runtime/difference.h"
#include "writ/runtime/doorbell.h"
#include "writ/runtime/guests.h"
#include "writ/runtime/operator_engine.h"
#include "writ/runtime/recovery.h"
#include "writ/runtime/replay.h"
#include "writ/runtime/signing_keys.h"
#include "writ/runtime/summary.h"
#include "writ/runtime/undo.h"
#include "writ/store/fsck.h"
#include "writ/task/archive.h"
#include "writ/task/executor.h"
#include "writ/task/files_settlement.h"
#include "writ/task/selection.h"
#include "writ/task/stage.h"

namespace writ::runtime {
namespace {

constexpr std::size_t max_path_list = 1000;  // objects read at a time

}  // namespace

struct Runtime::Parts {
  Options options;
  const Clock& clock = system_clock();
  std::unique_ptr<store::Store> store;
  std::unique_ptr<proof::Notary> notary;  // none: opened for reading, and there is no key
  std::vector<proof::VerifierKey> verifiers;  // the notary's, then those of retired keys
  authority::policy::Source policy;
  std::mutex policy_mutex;  // held while a policy is replaced, so that receipts stand in the order of the replacements
  std::mutex mutex;
  Guests guests;  // guarded by mutex until made; never unmade
  Processes processes;                 // the same
  std::unique_ptr<Doorbell> doorbell;  // the same; none: nobody outside can cancel, which hinders nothing else
  std::unique_ptr<gate::Ledger> ledger;  // the same: only what names capabilities needs it
  std::unique_ptr<Submissions> submissions;  // guarded by mutex until made; uses the guests, so it goes first

  Result<Guests*> ready();
  Result<Processes*> processes_ready();
  bool cancel(std::string_view task);
  void hang_doorbell();
  Result<task::Report> execute(task::Spec, guest::Cancellation&);
  Result<gate::Ledger*> open_ledger() {
    const std::lock_guard lock(mutex);
    if (!ledger) {
      WRIT_TRY(ledger, gate::Ledger::open(*store, clock));
    }
    return ledger.get();
  }
  Result<const proof::Notary*> signer() const {
    if (!notary) return Error{Code::denied, "the store was opened for reading, and there is no signing key", options.keys, {}};
    return notary.get();
  }
  Result<task::Report> act_as_operator(OperatorEngine engine);
  Result<task::Report> act_as_operator(OperatorEngine& engine, task::Spec);
};

Result<Guests*> Runtime::Parts::ready() {
  const std::lock_guard lock(mutex);
  if (guests.executor) return &guests;
  WRIT_TRY(const auto* who, signer());
  WRIT_TRY(auto made, open_guests(options, {*store, *who, clock, &policy}));
  guests = std::move(made);
  hang_doorbell();
  return &guests;
}

Result<Processes*> Runtime::Parts::processes_ready() {
  const std::lock_guard lock(mutex);
  if (processes.executor) return &processes;
  WRIT_TRY(const auto* who, signer());
  WRIT_TRY(auto made, open_processes({*store, *who, clock, &policy}));
  processes = std::move(made);
  hang_doorbell();
  return &processes;
}

// With the mutex held.
void Runtime::Parts::hang_doorbell() {
  if (doorbell) return;
  if (auto bell = Doorbell::hang(store->folder(), [this](std::string_view task) { return cancel(task); })) doorbell = std::move(*bell);
}

bool Runtime::Parts::cancel(std::string_view task) {
  const std::lock_guard lock(mutex);
  const auto asks = [&](const std::unique_ptr<task::Executor>& e) { return e && e->cancel(task); };
  return asks(guests.executor) || asks(processes.executor);
}

Result<task::Report> Runtime::Parts::act_as_operator(OperatorEngine engine) {
  WRIT_TRY(auto spec, engine.spec());
  return act_as_operator(engine, std::move(spec));
}

Result<task::Report> Runtime::Parts::act_as_operator(OperatorEngine& engine, task::Spec spec) {
  WRIT_TRY(const auto* who, signer());
  task::Executor executor({*store, engine, nullptr, *who, clock, engine.changes() ? &policy : nullptr});
  return executor.execute(std::move(spec));
}

Runtime::Runtime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::open(const Options& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  const auto access = options.access == Access::read    ? store::Access::read
                      : options.access == Access::write ? store::Access::write
                                                        : store::Access::create;
  store::OpenOptions open;
  open.access = access;
  open.durability = options.durability;
  WRIT_TRY(parts->store, store::Store::open(options.store, open));
  // Before anything reads a folder that a commit left half done. What cannot be finished now is for a later command.
  (void)!recover_files(*parts->store, options).has_value();
  const auto if_absent = options.access == Access::read ? IfAbsent::fail : IfAbsent::make;
  auto key = load_signing_key(options.keys, if_absent, parts->clock);
  if (key) parts->notary = std::make_unique<proof::Notary>(std::move(*key), "writ/" + parts->store->identity(), options.signing);
  else if (options.access != Access::read || key.error().code != Code::unavailable) return key.error();
  if (parts->notary) {
    parts->verifiers.push_back(parts->notary->verifier());
    WRIT_TRY(const auto retired, retired_keys(options.keys));
    for (const PublicKey& old : retired)
      if (old != parts->verifiers[0].key) parts->verifiers.push_back({parts->verifiers[0].name, old});
  }
  if (parts->notary && options.signing == proof::Signing::batch && options.access != Access::read)
    parts->store->seal_with([notary = parts->notary.get()](store::Transaction& t) { return notary->seal(t); });
  return std::unique_ptr<Runtime>(new Runtime(std::move(parts)));
}

// --- tasks -------------------------------------------------------------------------------------------------------

Result<task::Report> Runtime::Parts::execute(task::Spec spec, guest::Cancellation& cancellation) {
  task::Executor* executor = nullptr;
  if (spec.language == "wasm") {
    WRIT_TRY(auto* made, ready());
    executor = made->executor.get();
  } else {
    WRIT_TRY(auto* made, processes_ready());
    executor = made->executor.get();
  }
  gate::Ledger* named = nullptr;
  if (!spec.capabilities.empty()) {
    WRIT_TRY(named, open_ledger());
  }
  return executor->execute(std::move(spec), named, cancellation);
}

Result<task::Report> Runtime::execute(task::Spec spec) {
  guest::Cancellation cancellation;
  return parts_->execute(std::move(spec), cancellation);
}

Result<Handle> Runtime::submit(task::Spec spec) {
  const std::lock_guard lock(parts_->mutex);
  if (!parts_->submissions)
    parts_->submissions = std::make_unique<Submissions>(
        [parts = parts_.get()](task::Spec s, guest::Cancellation& c) { return parts->execute(std::move(s), c); }, max_under_way, queue_limit);
  return parts_->submissions->submit(std::move(spec));
}

Result<int> Runtime::cancel(std::string_view task) const { return ring(parts_->store->folder(), task); }

void Runtime::cancel_all() {
  const std::lock_guard lock(parts_->mutex);
  for (auto* executor : {parts_->guests.executor.get(), parts_->processes.executor.get()})
    if (executor != nullptr) executor->cancel_all();
}

// First in force, then on record: between the two, what is decided is stricter or laxer than the log says for less than a
// commit; the receipts of the tasks themselves name the policy that they were under.
Result<task::Report> Runtime::set_policy(std::shared_ptr<const authority::policy::Program> program) {
  const std::lock_guard lock(parts_->policy_mutex);
  const std::string digest = program ? program->digest.sha256.hex() : "none";
  parts_->policy.set(std::move(program));
  return parts_->act_as_operator(OperatorEngine("policy set " + digest, {}));
}

Result<std::shared_ptr<const guest::Image>> Runtime::prepare(std::span<const std::byte> code) {
  WRIT_TRY(auto* guests, parts_->ready());
  return guests->engine->prepare(code);
}

Result<TaskId> Runtime::find_task(std::string_view text) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return task::find_task(view, text);
}

Result<std::vector<TaskSummary>> Runtime::tasks(const TaskFilter& filter) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return list_tasks(view, filter);
}

Result<std::string> Runtime::receipt(const TaskId& id) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return receipt_of(view, id);
}

Result<TaskRecord> Runtime::record(const TaskId& id) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return record_of(view, id);
}

Result<std::vector<effect::Entry>> Runtime::journal(const TaskId& id) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return journal_of(view, id);
}

// --- staged tasks ------------------------------------------------------------------------------------------------

Result<Difference> Runtime::difference(const TaskId& id, const task::Paths& only, Detail detail) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return runtime::difference(view, task::places_of(*parts_->store), id, only, detail);
}

Result<task::Report> Runtime::commit(const TaskId& id, const task::Choice& choice) {
  WRIT_TRY(const auto* who, parts_->signer());
  task::Choice meant = choice;
  if (const auto policy = parts_->policy.current(); policy.program)
    meant.policy = meant.policy ? both(*policy.program, *meant.policy) : policy.program;
  WRIT_TRY(auto* ledger, parts_->open_ledger());  // whether its capabilities still stand
  return task::commit_staged({*parts_->store, *who, ledger, workspace::host_files(), choice.commit_by}, parts_->clock, id, meant);
}

Result<task::Report> Runtime::discard(const TaskId& id) {
  WRIT_TRY(const auto* who, parts_->signer());
  return task::discard_staged({*parts_->store, *who}, id);
}

Result<std::vector<std::string>> Runtime::replay(const TaskId& id, task::Input input) {
  WRIT_TRY(auto* guests, parts_->ready());
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return runtime::replay(view, *guests->executor, id, std::move(input));
}

Result<task::Spec> Runtime::retell(const TaskId& id) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return runtime::retell(view, id);
}

Result<std::vector<Restoration>> Runtime::plan_undo(const TaskId& id, const task::Paths& only) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(auto plan, runtime::plan_undo(view, task::places_of(*parts_->store), id, only));
  return std::move(plan.restorations);
}

Result<task::Report> Runtime::undo(const TaskId& id, const task::Paths& only, workspace::Manner manner) {
  const auto places = task::places_of(*parts_->store);
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(auto plan, runtime::plan_undo(view, places, id, only));
  WRIT_TRY(auto undo, task_of(std::move(plan), places));
  undo.spec.commit_by = manner;
  return parts_->act_as_operator(undo.engine, std::move(undo.spec));
}

// --- capabilities --------------------------------------------------------------------------------------------------

Result<authority::Handle> Runtime::mint_capability(authority::Grant grant, std::string holder) {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->mint(std::move(grant), std::move(holder));
}

Result<authority::Handle> Runtime::attenuate_capability(authority::Handle from, const authority::Grant& to) {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->attenuate(from, to);
}

Result<std::vector<authority::Handle>> Runtime::split_capability(authority::Handle from, std::span<const authority::Limits> parts) {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->split(from, parts);
}

Result<authority::Handle> Runtime::delegate_capability(authority::Handle from, std::string holder) {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->delegate(from, std::move(holder));
}

Result<void> Runtime::revoke_capability(authority::Handle which) {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->revoke(which);
}

Result<CapabilityInfo> Runtime::capability(authority::Handle which) const {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->inspect(which);
}

Result<std::vector<CapabilityInfo>> Runtime::capabilities() const {
  WRIT_TRY(auto* ledger, parts_->open_ledger());
  return ledger->list();
}

// --- state -------------------------------------------------------------------------------------------------------

namespace {

ObjectInfo describe(const store::ObjectState& s) {
  return {s.path, s.digest.sha256.hex(), s.version.value(), s.size.value(), s.kind == store::ObjectKind::tombstone};
}

}  // namespace

Result<std::vector<ObjectInfo>> Runtime::list_objects(std::string_view prefix) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  std::vector<ObjectInfo> found;
  for (std::string after;;) {
    WRIT_TRY(const auto page, view.list(prefix, max_path_list, after));
    for (const auto& s : page) found.push_back(describe(s));
    if (page.size() < max_path_list) return found;
    after = page.back().path;
  }
}

Result<std::string> Runtime::get_object(std::string_view path) const {
  WRIT_CHECK(store::check_object_path(path));
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(const auto state, view.object(path));
  if (!state) return Error{Code::unavailable, "no such object", std::string(path), "writ state ls lists them"};
  WRIT_TRY(const auto body, view.body(path, state->version));
  return std::string(as_text(body));
}

Result<task::Report> Runtime::put_object(std::string_view path, std::string_view body,
                                         std::shared_ptr<const authority::policy::Program> policy) {
  auto engine = OperatorEngine::put(std::string(path), std::string(body));
  WRIT_TRY(auto spec, engine.spec());
  spec.policy = std::move(policy);
  return parts_->act_as_operator(engine, std::move(spec));
}

Result<task::Report> Runtime::remove_object(std::string_view path, std::shared_ptr<const authority::policy::Program> policy) {
  auto engine = OperatorEngine::remove(std::string(path));
  WRIT_TRY(auto spec, engine.spec());
  spec.policy = std::move(policy);
  return parts_->act_as_operator(engine, std::move(spec));
}

Result<std::vector<ObjectInfo>> Runtime::object_history(std::string_view path) const {
  WRIT_CHECK(store::check_object_path(path));
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(const auto history, view.history(path));
  if (history.empty()) return Error{Code::unavailable, "no such object", std::string(path), "writ state ls lists them"};
  std::vector<ObjectInfo> versions;
  for (const auto& s : history) versions.push_back(describe(s));
  return versions;
}

// --- proof -------------------------------------------------------------------------------------------------------

Result<void> Runtime::verify_task(const TaskId& id) const {
  WRIT_CHECK(parts_->signer());
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return runtime::verify_task(view, parts_->verifiers, id);
}

Result<AuditReport> Runtime::audit() const {
  WRIT_CHECK(parts_->signer());
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return runtime::audit(view, parts_->verifiers, parts_->clock);
}

Result<std::string> Runtime::verifier_key() const {
  WRIT_TRY(const auto* who, parts_->signer());
  return who->verifier().text();
}

Result<std::vector<std::string>> Runtime::verifier_keys() const {
  WRIT_CHECK(parts_->signer());
  std::vector<std::string> keys;
  for (const auto& key : parts_->verifiers) keys.push_back(key.text());
  return keys;
}

Result<std::string> Runtime::checkpoint() const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return proof::latest_checkpoint(view);
}

Result<std::string> Runtime::prove(std::uint64_t leaf) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return proof::prove_leaf(view, leaf);
}

Result<proof::Exported> Runtime::export_log(const std::string& folder) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  return proof::export_tiles(view, folder);
}

Result<std::vector<std::string>> Runtime::consistency(std::uint64_t m, std::uint64_t n) const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(const auto log, proof::Log::open(view));
  if (n > log.size()) return invalid("the log has only " + std::to_string(log.size()) + " leaves", "log consistency", "give sizes up to that");
  WRIT_TRY(const auto path, log.consistency(m, n));
  std::vector<std::string> hashes;
  for (const auto& h : path) hashes.push_back(h.hex());
  return hashes;
}

Result<std::string> Runtime::state_root() const {
  WRIT_TRY(const auto view, parts_->store->snapshot());
  WRIT_TRY(const auto root, proof::state_root(view));
  return root.hex();
}

Result<std::optional<std::string>> declared_manifest(std::span<const std::byte> code) { return guest::wasm::declaration(code); }

Result<std::string> find_program(const std::string& command, std::string_view path, const std::string& folder) {
  return guest::process::find_program(command, path.empty() ? guest::process::default_path : path, folder);
}

Result<void> rotate_key(const std::string& keys) { return rotate_signing_key(keys, system_clock()); }

Result<std::vector<Finding>> fsck(const std::string& store, Repair repair) {
  WRIT_TRY(const auto report, store::fsck(store, repair == Repair::yes ? store::Repair::safe : store::Repair::report));
  std::vector<Finding> findings;
  for (const auto& f : report.findings) findings.push_back({f.what, f.where, f.mended});
  return findings;
}

}  // namespace writ::runtime
