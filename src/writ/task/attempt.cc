#include "writ/task/attempt.h"

#include <algorithm>
#include <filesystem>

#include "writ/actor/host_files.h"
#include "writ/authority/policy/hindsight.h"
#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/proof/notary.h"
#include "writ/task/files_settlement.h"
#include "writ/task/isolated.h"
#include "writ/task/selection.h"
#include "writ/task/step.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/twin.h"

namespace writ::task {
namespace {

// A receipt is one record of the store (store/object.h). Of its 16 MiB, what the operator says may take this much, and
// gate::max_written is for what the guest writes. A guest names functions, in a name section as long as it likes.
constexpr ByteCount max_input_manifest = 3 * MiB;
constexpr std::size_t max_outcome_text = 1024;
// Between the guest's deadline and the moment at which a long call of the host gives up: the engine's timer has fired by then.
constexpr Nanoseconds call_grace = std::chrono::milliseconds(50);

void clip(std::string& text) {
  if (text.size() <= max_outcome_text) return;
  const bool readable = is_utf8(text);
  text.resize(max_outcome_text);
  while (readable && !is_utf8(text)) text.pop_back();
}

}  // namespace

void Attempt::move(Event e) {
  const auto next = step(sealed_.state, e);
  WRIT_ASSERT(next);
  sealed_.state = *next;
}

Result<void> Attempt::admit() {
  WRIT_CHECK(check_manner());
  WRIT_TRY(admission_, task::admit(spec_, parts_.clock));
  WRIT_TRY(image_, spec_.engine.empty() ? parts_.engine.prepare(spec_.code) : parts_.engine.prepare_as(spec_.code, spec_.engine));
  code_ = code_digest(spec_, *image_);
  WRIT_TRY(auto snapshot, spec_.as_of ? parts_.store.snapshot(*spec_.as_of) : parts_.store.snapshot());
  snapshot_ = std::move(snapshot);
  if (!spec_.name.empty() && find_task(*snapshot_, spec_.name))
    return Error{Code::conflict, "the name is taken by another task", "--id " + spec_.name, "a name is used once"};
  WRIT_CHECK(ask_policies());
  sealed_.input = input_manifest(spec_, code_, admission_, *image_, parts_.engine);
  if (!spec_.capabilities.empty()) {
    if (parts_.ledger == nullptr) return Error{Code::unavailable, "there is no ledger of capabilities here", {}, {}};
    WRIT_CHECK(parts_.ledger->admit(spec_.capabilities, holder(code_)));
    for (const auto h : spec_.capabilities) sealed_.input.capabilities.push_back(capability(parts_.ledger->table().find(h)->grant, h));
  }
  sealed_.capabilities = spec_.capabilities;
  if (spec_.purpose == Spec::Purpose::learn)
    for (auto& c : learning()) sealed_.input.capabilities.push_back(std::move(c));
  if (const auto policy = policing_->program()) sealed_.input.policy = policy->digest;
  if (proof::text_of(sealed_.input).size() > max_input_manifest.value())
    return invalid("the arguments, labels and grants are longer than a receipt holds", "", "pass them through standard input");
  return open_session();
}

// What a commit could not do is said before the work is done.
Result<void> Attempt::check_manner() const {
  if (spec_.commit_by != workspace::Manner::swap) return {};
  for (const auto& m : spec_.mounts)
    for (const auto& g : spec_.grants)
      if (g.kind == effect::Kind::file_write && g.resource && g.resource->covers_below(m.host))
        WRIT_CHECK(workspace::check_exchange(m.host, places_of(parts_.store).store));
  return {};
}

Result<void> Attempt::ask_policies() {
  gate::Policing::Setup setup{spec_.policy, parts_.policy, component_facts(spec_, parts_.engine.fence(), code_.sha256), parts_.clock};
  const auto component = setup.component;
  policing_.emplace(std::move(setup));
  if (const auto program = policing_->program()) WRIT_CHECK(admit_by_policy(*program, component, spec_));
  return {};
}

// What is not there is not there for the guest either: a granted file may be one that it only looks for.
Result<void> Attempt::open_root(std::uint32_t capability) {
  const auto& grant = capabilities_->grants()[capability];
  if (grant.kind != effect::Kind::file_read || !grant.resource) return {};
  auto opened = files_->admit(capability, grant.resource->root());
  return opened || opened.error().code == Code::unavailable ? Result<void>() : opened;
}

std::unique_ptr<effect::HostFiles> Attempt::host_files() const {
  auto files = std::make_unique<actor::HostFiles>();
  files->stop_when([this] { return must_stop_ && must_stop_(); });
  return files;
}

Result<void> Attempt::open_session() {
  if (spec_.inputs == Spec::Inputs::keep) sealed_.kept.emplace();
  if (spec_.kept) files_ = std::make_unique<KeptFiles>(std::move(*spec_.kept));
  else if (sealed_.kept) files_ = std::make_unique<KeepingFiles>(host_files(), *sealed_.kept);
  else files_ = host_files();
  capabilities_.emplace(spec_.grants, spec_.denies, parts_.clock);
  for (const auto h : spec_.capabilities) capabilities_->add(parts_.ledger->table(), h);
  if (spec_.purpose == Spec::Purpose::learn) capabilities_->learn();
  for (std::uint32_t i = 0; i < capabilities_->grants().size(); ++i) WRIT_CHECK(open_root(i));
  policing_->know(capabilities_->grants());
  WRIT_CHECK(open_work_files());
  streams_.emplace(spec_.input, spec_.output, spec_.limits.output, sealed_.kept ? &*sealed_.kept : nullptr,
                   spec_.input_source);
  session_.emplace(gate::Session::Setup{*capabilities_, journal_, spec_.limits.effects, spec_.on_denial, *snapshot_, *files_,
                                        parts_.clock, admission_.at, admission_.seed, spec_.environment, work_files_.get(), spec_.mounts,
                                        &*policing_});
  return {};
}

// A mounted folder is seen through the same eyes as what may be written, whatever may be done there.
Result<void> Attempt::open_work_files() {
  if (spec_.files) return {};
  if (parts_.engine.layers() != guest::Layers::none) return open_mounted_files();
  std::vector<std::string> roots;
  for (const auto& m : spec_.mounts) roots.push_back(m.host);
  for (const auto& g : capabilities_->grants())
    if (g.kind == effect::Kind::file_write && g.resource) roots.push_back(g.resource->root());
  if (roots.empty()) return {};
  const auto store = std::filesystem::absolute(parts_.store.folder()).string();
  const workspace::Places places{store};
  WRIT_TRY(work_files_, actor::WorkFiles::admit(roots, places.shadow(admission_.id), store,
                                                [this] { return session_ ? session_->virtual_time() : admission_.at; },
                                                spec_.hidden.empty() ? actor::WorkFiles::Hides() : [this](const std::string& path) {
                                                  return std::ranges::any_of(spec_.hidden, [&](const auto& p) { return p.covers(path); });
                                                }));
  return {};
}

Result<void> Attempt::open_mounted_files() {
  const auto writes = [](const authority::Grant& g) { return g.kind == effect::Kind::file_write; };
  const bool any = !spec_.mounts.empty() || std::ranges::any_of(spec_.grants, writes) || !spec_.capabilities.empty();
  if (!any) return {};
  const auto store = std::filesystem::absolute(parts_.store.folder()).string();
  WRIT_TRY(const auto contents, private_folder());
  WRIT_TRY(mounted_files_, MountedFiles::open({*capabilities_, spec_.mounts, parts_.engine.layers(), contents, store}));
  return {};
}

// The task's private folder in the store, which goes with its settlement; held, so that nobody takes it for a crashed one's.
Result<std::string> Attempt::private_folder() {
  auto folder = workspace::Places{std::filesystem::absolute(parts_.store.folder()).string()}.shadow(admission_.id);
  if (!private_folder_) {
    WRIT_TRY(private_folder_, workspace::hold_contents(folder));
  }
  return folder;
}

Result<void> Attempt::run(guest::Cancellation& cancellation) {
  move(Event::start);
  std::vector<std::string> arguments{spec_.code_name};
  arguments.insert(arguments.end(), spec_.arguments.begin(), spec_.arguments.end());
  Result<guest::Run> run = guest::Run{};
  const auto job = [&](fence::GuestThread& thread) {
    guest::Call call{std::move(arguments), spec_.entry, spec_.limits, *session_, *streams_, cancellation, thread,
                     [this](std::span<const std::byte> memory) {
                       if (session_->monitor().isolated() && !parts_.isolated.empty())
                         kept_ = keep_memory(parts_.isolated, admission_.id, memory);
                     },
                     spec_.folder, spec_.code_at, mounted_files_ ? mounted_files_->layers() : std::vector<guest::Layer>(),
                     [this] { return private_folder(); }};
    run = parts_.engine.run(*image_, call);
  };
  // The engine ends the guest when a call returns that was under way at its deadline; until then the call looks here, a
  // little later, so that the guest never gets to see what became of the call.
  const Nanoseconds end = system_clock().monotonic() + spec_.limits.time + call_grace;
  must_stop_ = [&cancellation, end] { return cancellation.requested() || system_clock().monotonic() > end; };
  if (parts_.threads != nullptr) {
    WRIT_CHECK(parts_.threads->run(job));
  } else {
    struct NoFence final : fence::GuestThread {} thread;
    job(thread);
  }
  must_stop_ = nullptr;
  if (!run) return run.error();
  sealed_.outcome = std::move(run->outcome);
  resources_ = run->resources;
  sealed_.isolation = run->isolation;
  return {};
}

// What the engine saw, and what only the gate and the streams know.
void Attempt::judge() {
  auto& outcome = sealed_.outcome;
  clip(outcome.reason);
  clip(outcome.function);
  const auto& monitor = session_->monitor();
  if (outcome.end == guest::End::cancelled || outcome.end == guest::End::timed_out) return;
  if (monitor.must_end()) {
    const auto end = monitor.ended_by_denial() ? guest::End::denied : guest::End::trapped;
    outcome = {end, 0, monitor.end_reason(), {}};
    if (!kept_) outcome.reason += "; " + kept_.error().text();
    clip(outcome.reason);
  } else if (streams_->overflowed()) {
    outcome = {guest::End::trapped, 0, "more output than its limit", {}};
  } else if (outcome.success() && policing_->was_replaced(journal_.effects()) && policing_->program()) {
    // What it did under an earlier policy becomes visible only if the one in force lets it.
    const auto component = component_facts(spec_, parts_.engine.fence(), code_.sha256);
    if (const auto again = authority::policy::check_again(policing_->program(), component, capabilities_->grants(), journal_.entries()); !again)
      outcome = {guest::End::denied, 0, again.error().text(), {}};
    clip(outcome.reason);
  }
  if (outcome.success() && policing_->program()) judge_step();
}

// What it is about to commit, as a whole.
void Attempt::judge_step() {
  const auto component = component_facts(spec_, parts_.engine.fence(), code_.sha256);
  const auto step = step_of(journal_.entries());
  if (const auto may = check_step(*policing_->program(), component, step); !may)
    sealed_.outcome = {guest::End::denied, 0, may.error().text(), {}};
  clip(sealed_.outcome.reason);
}

void Attempt::seal_input() {
  auto& m = sealed_.input;
  if (spec_.input && totals_.input_asked) m.input = totals_.input_digest;
  for (const auto& variable : session_->environment_seen()) {
    const auto equals = variable.find('=');
    m.environment.push_back({environment_commitment(admission_.seed, std::string_view(variable).substr(equals + 1)),
                             variable.substr(0, equals)});
  }
}

void Attempt::seal_output() {
  auto& m = sealed_.output;
  const auto& outcome = sealed_.outcome;
  m.effects.count = journal_.effects();
  m.effects.denied = journal_.denied();
  m.effects.entries = sealed_.journal.size();
  m.effects.root = proof::effect_root(sealed_.journal);
  m.finished = {parts_.clock.wall(), session_->virtual_time()};
  m.nondeterminism = session_->nondeterminism();
  if (const auto why = image_->nondeterminism(); !why.empty()) m.nondeterminism.emplace_back(why);
  m.outcome = {std::string(guest::name(outcome.end)), outcome.exit_code, outcome.function, outcome.reason};
  m.standard_output = {totals_.out_digest, ByteCount(totals_.out)};
  m.standard_error = {totals_.err_digest, ByteCount(totals_.err)};
  m.resources = {resources_.cpu, resources_.host_calls, resources_.memory, resources_.time};
  m.task = admission_.id;
}

void Attempt::seal_recipe() {
  auto& r = sealed_.recipe;
  r.environment = session_->environment_seen();
  r.on_denial = spec_.on_denial;
  r.seed = admission_.seed;
  r.sequence = snapshot_->sequence();
  // Looked up here and not by the store's writer. Code is never taken out again, so that it is there means that it stays.
  if (!image_->code_was_handed_over()) return;
  const auto known = has_code(*snapshot_, sealed_.input.code.digest.sha256);
  if (!known || !*known) sealed_.code = std::move(spec_.code);
}

// What failed is kept if its operator wants to look at it, but not if it was stopped for what it tried.
bool Attempt::may_keep() const {
  return spec_.failed == Spec::Failed::keep && spec_.purpose == Spec::Purpose::work && sealed_.outcome.end != guest::End::denied;
}

// Files that cannot be sealed are the task's failure, unless somebody else changed them: then the race is lost.
void Attempt::seal_files() {
  const bool success = sealed_.outcome.success();
  if (success && spec_.files) {
    sealed_.files = std::move(spec_.files->changes);
    sealed_.contents = std::move(spec_.files->contents);
  }
  const bool learns = spec_.purpose == Spec::Purpose::learn;
  if ((!success && !may_keep()) || (!mounted_files_ && (!work_files_ || learns))) return;
  auto files = mounted_files_ ? mounted_files_->seal(*session_) : work_files_->seal();
  if (files && mounted_files_) sealed_.left_out = mounted_files_->left_out();
  if (files) sealed_.files = std::move(*files);
  else if (!success) return;
  else if (files.error().code == Code::conflict) sealed_.conflict = files.error().text();
  else sealed_.outcome = {guest::End::trapped, 0, "its files cannot be committed: " + files.error().text(), {}};
  clip(sealed_.outcome.reason);
  if (mounted_files_) judge();  // only now did the gate hear of its changes
  if ((!sealed_.outcome.success() && !may_keep()) || learns) sealed_.files = {};
}

Sealed Attempt::seal() {
  judge();
  seal_files();
  const bool may_commit = sealed_.outcome.success() && spec_.purpose == Spec::Purpose::work;
  move(may_commit ? Event::seal_success : Event::seal_failure);
  totals_ = streams_->finish();
  sealed_.journal = journal_.entries();
  if (sealed_.state == State::sealed || may_keep()) sealed_.changes = session_->shadow().changes();
  seal_input();
  seal_output();
  seal_recipe();
  return std::move(sealed_);
}

}  // namespace writ::task
