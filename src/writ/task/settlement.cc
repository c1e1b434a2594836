#include "writ/task/settlement.h"

#include <algorithm>
#include <iterator>

#include "writ/authority/policy/hindsight.h"
#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/gate/commit.h"
#include "writ/task/admission.h"
#include "writ/task/archive.h"
#include "writ/task/files_settlement.h"
#include "writ/task/index.h"
#include "writ/task/selection.h"
#include "writ/task/stage.h"
#include "writ/task/step.h"

namespace writ::task {
namespace {

Error not_staged(const TaskId& id) {
  return {Code::conflict, "the task is not staged", id.hex(), "writ tasks --staged lists those that are"};
}

class Court {
 public:
  Court(const Settling& s, Sealed sealed, Holder holder)
      : store_(s.store), notary_(s.notary), sealed_(std::move(sealed)), ledger_(s.ledger),
        files_(s.store, s.files, sealed_.input.task, holder, s.manner), all_(changes_digest(sealed_.changes, sealed_.files)) {}

  Result<Report> settle();
  Result<Report> stage();
  Result<Report> keep_failed();
  Result<Report> commit_staged(const Chosen&);
  Result<Report> discard_staged();

 private:
  void move(Event e) {
    const auto next = step(sealed_.state, e);
    WRIT_ASSERT(next);
    sealed_.state = *next;
  }
  bool was_staged() const { return sealed_.state == State::staged || sealed_.state == State::kept; }
  Result<void> enter(store::Transaction&, const std::string& name, Wait) const;
  Result<void> testify(store::Transaction&, const gate::Applied&, proof::Settlement);
  Result<void> settle_as(proof::Settlement, const gate::ChangeSet*);
  Result<void> may_begin() const;
  Result<void> keep(store::Transaction&) const;
  Result<void> discard();
  Result<Report> lose_race(const Error& to);
  Result<Report> deny(const Error& why);
  Result<Report> refuse(const Error& why);
  Result<Report> report();
  void warn_of_left_out();

  store::Store& store_;
  const proof::Notary& notary_;
  Sealed sealed_;
  gate::Ledger* ledger_;  // null: it held no capability of it
  FilesSettlement files_;
  Sha256 all_;            // names what it would have changed, before its operator chose
  std::size_t given_up_ = 0;
  std::string conflict_;  // over what a race was lost
  std::string reason_;    // why it ended otherwise than by itself
  Report report_;
};

// What every task leaves when it becomes visible, however it is settled.
Result<void> Court::enter(store::Transaction& t, const std::string& name, Wait wait) const {
  const auto& input = sealed_.input;
  WRIT_CHECK(take_name(t, name, input.task));
  WRIT_CHECK(task::enter(t, {input.task, input.started.real, sealed_.output.outcome.end, sealed_.output.effects.denied},
                         sealed_.journal, wait));
  if (sealed_.kept) WRIT_CHECK(put_kept(t, input.task, *sealed_.kept));
  if (sealed_.code.empty()) return {};
  return put_code(t, input.code.digest.sha256, sealed_.code);
}

Result<void> Court::testify(store::Transaction& t, const gate::Applied& applied, proof::Settlement settlement) {
  if (ledger_ != nullptr) {
    if (settlement == proof::Settlement::committed) WRIT_CHECK(ledger_->confirm(sealed_.capabilities));
    WRIT_CHECK(ledger_->remember(t, sealed_.capabilities));
  }
  auto input = sealed_.input;
  auto output = sealed_.output;
  input.state = applied.state_before;  // what it read is still so: the read set was validated in this transaction
  output.settlement = settlement;
  output.state = applied.state_after;
  if (!reason_.empty()) output.outcome.reason = reason_;
  for (const auto& w : applied.writes)
    output.writes.push_back({w.after, w.before, w.removed ? std::nullopt : std::optional(w.digest), w.path});
  if (settlement == proof::Settlement::committed) {
    WRIT_CHECK(files_.enter(t));
    output.files = file_writes(sealed_.files);
  }
  WRIT_TRY(auto issued, notary_.issue(t, input, output));
  report_.state_before = applied.state_before.hex();
  report_.state_after = applied.state_after.hex();
  report_.log_index = issued.kept.index;
  report_.log_size = issued.size;
  report_.objects.clear();
  for (const auto& w : applied.writes)
    report_.objects.push_back({w.path, w.before.value(), w.after.value(), w.removed, w.removed ? "" : w.digest.sha256.hex()});
  if (was_staged()) {
    WRIT_CHECK(forget_staged(t, input.task));
    WRIT_CHECK(leave_staged(t, input.task, input.started.real));
  } else {
    // Who lost a race leaves the name to the attempt that follows.
    WRIT_CHECK(enter(t, conflict_.empty() ? input.name : "", Wait::settled));
  }
  Recipe recipe = sealed_.recipe;
  const bool changes = !sealed_.changes.writes.empty() || !sealed_.files.empty();
  if (given_up_ > 0 || (changes && settlement == proof::Settlement::discarded)) recipe.changes = all_;
  WRIT_CHECK(put_recipe(t, input.task, recipe));
  return file(t, input.task, issued.kept, sealed_.journal);
}

Result<void> Court::settle_as(proof::Settlement settlement, const gate::ChangeSet* changes) {
  if (changes != nullptr && !sealed_.conflict.empty()) return Error{Code::conflict, sealed_.conflict, {}, {}};
  if (changes != nullptr) {
    const auto own = places_of(store_).shadow(sealed_.input.task);
    WRIT_CHECK(files_.prepare(sealed_.files, sealed_.contents.empty() ? own : sealed_.contents, [&] { return may_begin(); }));
  }
  auto settled = gate::settle(store_, changes, [&](store::Transaction& t, const gate::Applied& a) { return testify(t, a, settlement); });
  if (!settled) {
    // What was refused is known to have come to nothing; after other errors only the store knows, and recover() asks it.
    if (settled.error().code == Code::conflict || settled.error().code == Code::denied) files_.abandon();
    return settled;
  }
  report_.settlement = settlement;
  if (changes != nullptr) std::ranges::move(files_.complete(), std::back_inserter(report_.warnings));
  else files_.forget();
  return {};
}

// Asked once nobody else commits to folders: whether somebody settled it before.
Result<void> Court::may_begin() const {
  if (!was_staged()) return {};
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_TRY(const bool still, is_staged(view, sealed_.input.task));
  return still ? Result<void>() : not_staged(sealed_.input.task);
}

Result<void> Court::discard() {
  auto settled = settle_as(proof::Settlement::discarded, nullptr);
  if (settled || settled.error().code != Code::conflict) return settled;
  sealed_.input.name.clear();
  return settle_as(proof::Settlement::discarded, nullptr);
}

Result<Report> Court::lose_race(const Error& to) {
  conflict_ = to.text();
  reason_ = "conflict: " + conflict_;
  WRIT_CHECK(discard());
  move(Event::lose_race);
  return report();
}

// Nothing was committed. Where files were to change, a full disk or a folder's owner may have said no: then that is on record.
Result<Report> Court::refuse(const Error& why) {
  if (sealed_.files.empty()) return why;
  reason_ = "not committed: " + why.text();
  WRIT_CHECK(discard());
  return why;
}

Result<Report> Court::settle() {
  if (sealed_.state != State::sealed) {
    WRIT_CHECK(discard());
    move(Event::discard);
    return report();
  }
  const auto committed = settle_as(proof::Settlement::committed, &sealed_.changes);
  if (!committed && committed.error().code == Code::denied) return deny(committed.error());
  if (!committed && committed.error().code != Code::conflict) return refuse(committed.error());
  if (!committed) return lose_race(committed.error());
  move(Event::commit);
  return report();
}

// The guest ended well, but what it wrote must not become visible any more.
Result<Report> Court::deny(const Error& why) {
  sealed_.outcome = {guest::End::denied, 0, why.text(), {}};
  sealed_.output.outcome = {std::string(guest::name(guest::End::denied)), 0, {}, sealed_.outcome.reason};
  WRIT_CHECK(discard());
  move(Event::discard);
  return report();
}

Result<void> Court::keep(store::Transaction& t) const {
  WRIT_CHECK(enter(t, sealed_.input.name, Wait::staged));
  if (ledger_ != nullptr) WRIT_CHECK(ledger_->remember(t, sealed_.capabilities));
  return keep_staged(t, sealed_);
}

Result<Report> Court::stage() {
  if (sealed_.state != State::sealed) return settle();
  if (!sealed_.conflict.empty()) return lose_race({Code::conflict, sealed_.conflict, {}, {}});
  // What could not be committed now is not worth a look.
  if (const auto kept = files_.keep(sealed_.files); !kept)
    return kept.error().code == Code::conflict ? lose_race(kept.error()) : refuse(kept.error());
  const auto staged = store_.write([&](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(gate::validate(t, sealed_.changes));
    return keep(t);
  });
  if (!staged) return staged.error().code == Code::conflict ? lose_race(staged.error()) : staged.error();
  move(Event::stage);
  return report();
}

// Whatever hinders the keeping, the task leaves its receipt.
Result<Report> Court::keep_failed() {
  if (sealed_.state != State::failed || (sealed_.changes.writes.empty() && sealed_.files.empty())) return settle();
  const auto kept = [&]() -> Result<void> {
    WRIT_CHECK(files_.keep(sealed_.files));
    WRIT_CHECK(store_.write([&](store::Transaction& t) { return keep(t); }));
    return {};
  }();
  if (!kept) {
    report_.warnings.push_back("what it left could not be kept: " + kept.error().text());
    return settle();
  }
  move(Event::keep);
  return report();
}

std::size_t count(const workspace::Changes& files) {
  std::size_t n = 0;
  for (const auto& tree : files.trees) n += tree.changes.size();
  return n;
}

Result<Report> Court::commit_staged(const Chosen& chosen) {
  const auto all = sealed_.changes.writes.size() + count(sealed_.files), some = chosen.objects.writes.size() + count(chosen.files);
  given_up_ = all - some;
  if (given_up_ > 0) reason_ = "committed in part: " + std::to_string(some) + " of " + std::to_string(all) + " changes";
  sealed_.files = chosen.files;
  WRIT_CHECK(settle_as(proof::Settlement::committed, &chosen.objects));
  move(Event::commit);
  return report();
}

Result<Report> Court::discard_staged() {
  if (sealed_.state == State::staged) reason_ = "discarded by the operator";  // why it failed stays on record
  WRIT_CHECK(settle_as(proof::Settlement::discarded, nullptr));
  move(Event::discard);
  return report();
}

// Enough of them to see what it is about.
void Court::warn_of_left_out() {
  constexpr std::size_t enough = 20;
  const auto& left = sealed_.left_out;
  for (std::size_t i = 0; i < std::min(left.size(), enough); ++i) report_.warnings.push_back("no part of a commit, so it is left out: " + left[i]);
  if (left.size() > enough) report_.warnings.push_back("... and " + std::to_string(left.size() - enough) + " more");
}

Result<Report> Court::report() {
  const auto& output = sealed_.output;
  report_.id = sealed_.input.task;
  report_.name = sealed_.input.name;
  report_.state = sealed_.state;
  report_.outcome = sealed_.outcome;
  report_.conflict = conflict_;
  report_.changes = all_.hex();
  report_.journal = sealed_.journal;
  report_.denied = output.effects.denied;
  report_.allowed = output.effects.count - output.effects.denied;
  for (const auto& e : report_.journal)
    if (e.refusal == effect::Refusal::none && effect::word(e.kind).nature == effect::Nature::staged) report_.staged += e.count;
  report_.resources = {output.resources.time, output.resources.cpu, output.resources.memory, output.resources.host_calls};
  if (report_.settlement == proof::Settlement::committed || was_staged()) {
    const auto sum = workspace::totals(sealed_.files);
    report_.files = {sum.files, sum.lines.added, sum.lines.removed};
    warn_of_left_out();
  }
  report_.isolation = sealed_.isolation;
  report_.fence = sealed_.input.fence;
  report_.deterministic = output.nondeterminism.empty();
  if (was_staged()) {
    for (const auto& w : sealed_.changes.writes)
      report_.objects.push_back({w.path, sealed_.changes.read_set.at(w.path).value(), 0, !w.body, w.body ? w.digest.sha256.hex() : ""});
    return std::move(report_);
  }
  // Made from what is durable, on this thread: a receipt of a batch needs the checkpoint that ends its commit. A disk that
  // cannot be read now takes nothing back: the task is settled, and its receipt can be asked for later.
  if (const auto after = store_.snapshot())
    if (auto receipt = find_receipt(*after, sealed_.input.task); receipt && *receipt) report_.receipt = std::move(**receipt);
  return std::move(report_);
}

std::string describe(const effect::Effect& e) {
  const auto [what, resource] = effect::named(e);
  return std::string(what) + ":" + escape_for_terminal(resource);
}

// What was granted when it ran may have ended since; what it would commit is asked again.
Result<void> check_authority(const Sealed& sealed, const Chosen& chosen, const Clock& clock) {
  std::vector<authority::Grant> grants, denies;
  const WallTime now = clock.wall();
  std::string expired;
  for (const auto& c : sealed.input.capabilities) {
    WRIT_TRY(auto grant, grant_of(c));
    if (grant.limits.expires && *grant.limits.expires <= now) expired = grant.text();
    else grants.push_back(std::move(grant));
  }
  for (const auto& d : sealed.input.denies) {
    WRIT_TRY(auto deny, authority::recorded_deny(d));
    denies.push_back(std::move(deny));
  }
  const authority::CapabilitySet capabilities(std::move(grants), std::move(denies), clock);
  for (const auto& part : step_of(meant(sealed.journal, chosen, sealed.files)).parts)
    if (!capabilities.permits(part.kind, part.resource))
      return Error{Code::denied, "nothing allows the task this any more: " + describe(part), expired.empty() ? "" : "expired: " + expired,
                   "writ rerun " + sealed.input.task.brief() + " --grant with a later end, or writ discard " + sealed.input.task.brief()};
  return {};
}

authority::policy::ComponentFacts component_of(const proof::InputManifest& m) {
  return {m.name, m.code.name, m.code.digest.sha256.hex(), m.fence, m.labels};
}

// The policy that is in force now may be another one than the task ran under: it is asked about the task, about each of its
// effects but the writes that are given up, and about what it commits as a whole.
Result<void> check_policy(const Sealed& sealed, const Chosen& chosen,
                          const std::shared_ptr<const authority::policy::Program>& program) {
  std::vector<authority::Grant> grants;
  for (const auto& c : sealed.input.capabilities) {
    WRIT_TRY(grants.emplace_back(), grant_of(c));
  }
  const auto component = component_of(sealed.input);
  if (const auto no = authority::policy::refusals(*program, component, {}); !no.empty()) return Error{Code::denied, no.front(), "policy", {}};
  const auto left = meant(sealed.journal, chosen, sealed.files);
  WRIT_CHECK(authority::policy::check_again(program, component, grants, left));
  return check_step(*program, component, step_of(left));
}

Result<void> check_digest(const Sealed& sealed, const Chosen& chosen, const std::string& wanted) {
  if (wanted.empty()) return {};
  const std::string is = changes_digest(chosen.objects, chosen.files).hex();
  if (wanted.size() >= shortest_digest && is.starts_with(wanted)) return {};
  return Error{Code::conflict, "the changes are not those with the digest " + wanted, sealed.input.task.hex() + "@" + is,
               "look again: writ diff " + sealed.input.task.brief()};
}

}  // namespace

Result<Report> settle(const Settling& s, Sealed sealed) { return Court(s, std::move(sealed), Holder::task).settle(); }
Result<Report> stage(const Settling& s, Sealed sealed) { return Court(s, std::move(sealed), Holder::task).stage(); }
Result<Report> keep_failed(const Settling& s, Sealed sealed) { return Court(s, std::move(sealed), Holder::task).keep_failed(); }

Result<Report> commit_staged(const Settling& s, const Clock& clock, const TaskId& id, const Choice& choice) {
  WRIT_TRY(const auto view, s.store.snapshot());
  WRIT_TRY(auto sealed, find_staged(view, id, Bodies::load));
  if (!sealed) return not_staged(id);
  if (sealed->state == State::kept)
    return invalid("the task failed, and what it left is kept to be looked at: it cannot be committed", id.hex(),
                   "writ diff " + id.brief() + " | git apply takes over its files, writ discard " + id.brief() + " gives them up");
  WRIT_TRY(const auto chosen, choose(sealed->changes, sealed->files, choice.only));
  WRIT_CHECK(check_digest(*sealed, chosen, choice.digest));
  WRIT_CHECK(check_authority(*sealed, chosen, clock));
  if (choice.policy) WRIT_CHECK(check_policy(*sealed, chosen, choice.policy));
  WRIT_CHECK(gate::confirm_authority(sealed->input.capabilities, s.ledger));
  WRIT_TRY(sealed->capabilities, gate::durable_capabilities(sealed->input.capabilities));
  auto committed = Court(s, std::move(*sealed), Holder::stage).commit_staged(chosen);
  if (committed) return committed;
  // Who lost to another settlement of the same task hears of that, and not of what that one changed or cleared away.
  WRIT_TRY(const auto now, s.store.snapshot());
  WRIT_TRY(const bool still, is_staged(now, id));
  if (still) return committed;
  FilesSettlement(s.store, s.files, id, Holder::stage, s.manner).forget();  // that one left the private folder to whoever was at it
  return not_staged(id);
}

Result<Report> discard_staged(const Settling& s, const TaskId& id) {
  WRIT_TRY(const auto view, s.store.snapshot());
  WRIT_TRY(auto sealed, find_staged(view, id, Bodies::leave));
  if (!sealed) return not_staged(id);
  return Court(s, std::move(*sealed), Holder::stage).discard_staged();
}

}  // namespace writ::task
