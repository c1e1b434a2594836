#include "writ/task/executor.h"

#include "writ/actor/host_files.h"
#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/gate/commit.h"
#include "writ/task/admission.h"
#include "writ/task/archive.h"
#include "writ/task/streams.h"

namespace writ::task {

class Executor::Running {
 public:
  explicit Running(Executor& e) : executor_(e) {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.insert(&cancellation);
  }
  ~Running() {
    const std::lock_guard lock(executor_.mutex_);
    executor_.running_.erase(&cancellation);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  guest::Cancellation cancellation;

 private:
  Executor& executor_;
};

void Executor::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (auto* c : running_) c->request();
}

namespace {

// A receipt is one record of the store (store/object.h). Of its 16 MiB, what the operator says may take this much, and
// gate::max_written is for what the guest writes. A guest names functions, in a name section as long as it likes.
constexpr ByteCount max_input_manifest = 3 * MiB;
constexpr std::size_t max_outcome_text = 1024;

void clip(std::string& text) {
  if (text.size() <= max_outcome_text) return;
  const bool readable = is_utf8(text);
  text.resize(max_outcome_text);
  while (readable && !is_utf8(text)) text.pop_back();
}

// One task on its way: what its steps hand to one another. The state moves by the table and by nothing else.
class Attempt {
 public:
  Attempt(const Executor::Parts& parts, Spec spec) : parts_(parts), spec_(std::move(spec)) {}

  Result<void> admit();
  Result<void> run(guest::Cancellation&);
  void seal();
  Result<Report> settle();

 private:
  void move(Event e) {
    const auto next = step(state_, e);
    WRIT_ASSERT(next);
    state_ = *next;
  }
  void judge();
  proof::OutputManifest output_manifest(const gate::Applied&, proof::Settlement) const;
  Result<void> testify(store::Transaction&, const gate::Applied&, proof::Settlement);
  Result<void> settle_as(proof::Settlement);
  Result<void> discard();
  void fill_report();

  const Executor::Parts& parts_;
  Spec spec_;
  State state_ = State::admitted;
  Admission admission_;
  std::shared_ptr<const guest::Image> image_;
  std::optional<store::Reader> snapshot_;
  std::optional<authority::CapabilitySet> capabilities_;
  effect::Journal journal_;
  std::unique_ptr<effect::HostFiles> files_;
  std::optional<Streams> streams_;
  std::optional<gate::Session> session_;
  proof::InputManifest input_;
  guest::Run run_;
  Streams::Totals totals_;
  WallTime finished_;
  std::string conflict_;
  Report report_;
};

Result<void> Attempt::admit() {
  WRIT_TRY(admission_, task::admit(spec_, parts_.clock));
  WRIT_TRY(image_, parts_.engine.prepare(spec_.code));
  WRIT_TRY(auto snapshot, parts_.store.snapshot());
  snapshot_ = std::move(snapshot);
  if (!spec_.name.empty() && find_task(*snapshot_, spec_.name))
    return Error{Code::conflict, "the name is taken by another task", "--id " + spec_.name, "a name is used once"};
  input_ = input_manifest(spec_, admission_, *image_, parts_.engine.fence());
  if (proof::text_of(input_).size() > max_input_manifest.value())
    return invalid("the arguments, labels and grants are longer than a receipt holds", "", "pass them through standard input");

  files_ = std::make_unique<actor::HostFiles>();
  for (std::uint32_t i = 0; i < spec_.grants.size(); ++i) {
    const auto& grant = spec_.grants[i];
    if (grant.kind == effect::Kind::file_read && grant.resource) WRIT_CHECK(files_->admit(i, grant.resource->root()));
  }
  capabilities_.emplace(spec_.grants, spec_.denies, parts_.clock);
  streams_.emplace(spec_.input, spec_.output, spec_.limits.output);
  session_.emplace(gate::Session::Setup{*capabilities_, journal_, spec_.limits.effects, spec_.on_denial, *snapshot_, *files_,
                                        parts_.clock, admission_.at, admission_.seed, spec_.environment});
  return {};
}

Result<void> Attempt::run(guest::Cancellation& cancellation) {
  move(Event::start);
  std::vector<std::string> arguments{spec_.code_name};
  arguments.insert(arguments.end(), spec_.arguments.begin(), spec_.arguments.end());
  Result<guest::Run> run = guest::Run{};
  const auto job = [&](fence::GuestThread& thread) {
    guest::Call call{std::move(arguments), spec_.entry, spec_.limits, *session_, *streams_, cancellation, thread};
    run = parts_.engine.run(*image_, call);
  };
  if (parts_.threads != nullptr) {
    WRIT_CHECK(parts_.threads->run(job));
  } else {
    struct NoFence final : fence::GuestThread {} thread;
    job(thread);
  }
  if (!run) return run.error();
  run_ = std::move(*run);
  return {};
}

// What the engine saw, and what only the gate and the streams know.
void Attempt::judge() {
  auto& outcome = run_.outcome;
  clip(outcome.reason);
  clip(outcome.function);
  const auto& monitor = session_->monitor();
  if (outcome.end == guest::End::cancelled || outcome.end == guest::End::timed_out) return;
  if (monitor.must_end()) {
    const auto end = monitor.ended_by_denial() ? guest::End::denied : guest::End::trapped;
    outcome = {end, 0, monitor.end_reason(), {}};
  } else if (streams_->overflowed()) {
    outcome = {guest::End::trapped, 0, "more output than its limit", {}};
  }
}

void Attempt::seal() {
  judge();
  move(run_.outcome.success() ? Event::seal_success : Event::seal_failure);
  finished_ = parts_.clock.wall();
  totals_ = streams_->finish();
  if (spec_.input && totals_.input_asked) input_.input = totals_.input_digest;
  for (const auto& variable : session_->environment_seen()) {
    const auto equals = variable.find('=');
    input_.environment.push_back({digest(as_bytes(variable).subspan(equals + 1)), variable.substr(0, equals)});
  }
}

proof::OutputManifest Attempt::output_manifest(const gate::Applied& applied, proof::Settlement settlement) const {
  proof::OutputManifest m;
  m.effects.count = journal_.effects();
  m.effects.denied = journal_.denied();
  m.effects.entries = journal_.entries().size();
  m.effects.root = proof::effect_root(journal_.entries());
  m.finished = {finished_, session_->virtual_time()};
  m.nondeterminism = session_->nondeterminism();
  m.outcome = {std::string(guest::name(run_.outcome.end)), run_.outcome.exit_code, run_.outcome.function, run_.outcome.reason};
  if (!conflict_.empty()) m.outcome.reason = "conflict: " + conflict_;
  m.standard_output = {totals_.out_digest, ByteCount(totals_.out)};
  m.standard_error = {totals_.err_digest, ByteCount(totals_.err)};
  m.resources = {run_.resources.cpu, run_.resources.host_calls, run_.resources.memory, run_.resources.time};
  m.settlement = settlement;
  m.state = applied.state_after;
  m.task = admission_.id;
  for (const auto& w : applied.writes)
    m.writes.push_back({w.after, w.before, w.removed ? std::nullopt : std::optional(w.digest), w.path});
  return m;
}

Result<void> Attempt::testify(store::Transaction& t, const gate::Applied& applied, proof::Settlement settlement) {
  input_.state = applied.state_before;  // what it read is still so: the read set was validated in this transaction
  const auto output = output_manifest(applied, settlement);
  WRIT_TRY(auto issued, parts_.notary.issue(t, input_, output));
  report_.state_before = applied.state_before.hex();
  report_.state_after = applied.state_after.hex();
  report_.log_index = issued.index;
  report_.log_size = issued.size;
  report_.objects.clear();
  for (const auto& w : applied.writes)
    report_.objects.push_back({w.path, w.before.value(), w.after.value(), w.removed, w.removed ? "" : w.digest.sha256.hex()});
  report_.receipt = issued.receipt;
  // Who lost a race leaves the name to the attempt that follows.
  const std::string name = conflict_.empty() ? spec_.name : "";
  return file(t, {admission_.id, name, admission_.at, std::move(issued.receipt)}, journal_.entries());
}

Result<void> Attempt::settle_as(proof::Settlement settlement) {
  const auto* shadow = settlement == proof::Settlement::committed ? &session_->shadow() : nullptr;
  WRIT_CHECK(gate::settle(parts_.store, shadow, [&](store::Transaction& t, const gate::Applied& a) { return testify(t, a, settlement); }));
  report_.settlement = settlement;
  return {};
}

// A task that failed can still lose a race for its name. Its receipt is worth more than that.
Result<void> Attempt::discard() {
  auto settled = settle_as(proof::Settlement::discarded);
  if (settled || settled.error().code != Code::conflict) return settled;
  spec_.name.clear();
  input_.name.clear();
  return settle_as(proof::Settlement::discarded);
}

Result<Report> Attempt::settle() {
  if (state_ == State::sealed) {
    if (auto committed = settle_as(proof::Settlement::committed); committed) {
      move(Event::commit);
    } else if (committed.error().code != Code::conflict) {
      return committed.error();
    } else {
      conflict_ = committed.error().text();
      WRIT_CHECK(discard());
      move(Event::lose_race);
    }
  } else {
    WRIT_CHECK(discard());
    move(Event::discard);
  }
  fill_report();
  return std::move(report_);
}

void Attempt::fill_report() {
  report_.id = admission_.id;
  report_.name = spec_.name;
  report_.outcome = run_.outcome;
  report_.conflict = conflict_;
  report_.journal = journal_.entries();
  report_.denied = journal_.denied();
  report_.allowed = journal_.effects() - journal_.denied();
  for (const auto& e : report_.journal)
    if (e.refusal == effect::Refusal::none && effect::word(e.kind).nature == effect::Nature::staged) report_.staged += e.count;
  report_.resources = run_.resources;
  report_.fence = parts_.engine.fence();
  report_.deterministic = session_->nondeterminism().empty();
}

}  // namespace

Result<Report> Executor::execute(Spec spec) {
  Attempt attempt(parts_, std::move(spec));
  WRIT_CHECK(attempt.admit());
  {
    Running running(*this);
    WRIT_CHECK(attempt.run(running.cancellation));
  }
  attempt.seal();
  return attempt.settle();
}

}  // namespace writ::task
