#include "writ/task/settlement.h"

#include "writ/base/assert.h"
#include "writ/gate/commit.h"
#include "writ/task/archive.h"

namespace writ::task {
namespace {

class Court {
 public:
  Court(store::Store& store, const proof::Notary& notary, Sealed sealed) : store_(store), notary_(notary), sealed_(std::move(sealed)) {}

  Result<Report> settle();

 private:
  void move(Event e) {
    const auto next = step(sealed_.state, e);
    WRIT_ASSERT(next);
    sealed_.state = *next;
  }
  Result<void> testify(store::Transaction&, const gate::Applied&, proof::Settlement);
  Result<void> settle_as(proof::Settlement);
  Result<void> discard();
  void fill_report();

  store::Store& store_;
  const proof::Notary& notary_;
  Sealed sealed_;
  std::string conflict_;
  Report report_;
};

Result<void> Court::testify(store::Transaction& t, const gate::Applied& applied, proof::Settlement settlement) {
  auto input = sealed_.input;
  auto output = sealed_.output;
  input.state = applied.state_before;  // what it read is still so: the read set was validated in this transaction
  output.settlement = settlement;
  output.state = applied.state_after;
  if (!conflict_.empty()) output.outcome.reason = "conflict: " + conflict_;
  for (const auto& w : applied.writes)
    output.writes.push_back({w.after, w.before, w.removed ? std::nullopt : std::optional(w.digest), w.path});
  WRIT_TRY(auto issued, notary_.issue(t, input, output));
  report_.state_before = applied.state_before.hex();
  report_.state_after = applied.state_after.hex();
  report_.log_index = issued.index;
  report_.log_size = issued.size;
  report_.objects.clear();
  for (const auto& w : applied.writes)
    report_.objects.push_back({w.path, w.before.value(), w.after.value(), w.removed, w.removed ? "" : w.digest.sha256.hex()});
  report_.receipt = issued.receipt;
  // Who lost a race leaves the name to the attempt that follows.
  const std::string name = conflict_.empty() ? input.name : "";
  return file(t, {input.task, name, input.started.real, std::move(issued.receipt)}, sealed_.journal);
}

Result<void> Court::settle_as(proof::Settlement settlement) {
  const auto* changes = settlement == proof::Settlement::committed ? &sealed_.changes : nullptr;
  WRIT_CHECK(gate::settle(store_, changes, [&](store::Transaction& t, const gate::Applied& a) { return testify(t, a, settlement); }));
  report_.settlement = settlement;
  return {};
}

Result<void> Court::discard() {
  auto settled = settle_as(proof::Settlement::discarded);
  if (settled || settled.error().code != Code::conflict) return settled;
  sealed_.input.name.clear();
  return settle_as(proof::Settlement::discarded);
}

Result<Report> Court::settle() {
  if (sealed_.state == State::sealed) {
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

void Court::fill_report() {
  const auto& output = sealed_.output;
  report_.id = sealed_.input.task;
  report_.name = sealed_.input.name;
  report_.outcome = sealed_.outcome;
  report_.conflict = conflict_;
  report_.journal = sealed_.journal;
  report_.denied = output.effects.denied;
  report_.allowed = output.effects.count - output.effects.denied;
  for (const auto& e : report_.journal)
    if (e.refusal == effect::Refusal::none && effect::word(e.kind).nature == effect::Nature::staged) report_.staged += e.count;
  report_.resources = {output.resources.time, output.resources.cpu, output.resources.memory, output.resources.host_calls};
  report_.fence = sealed_.input.fence;
  report_.deterministic = output.nondeterminism.empty();
}

}  // namespace

Result<Report> settle(store::Store& store, const proof::Notary& notary, Sealed sealed) {
  return Court(store, notary, std::move(sealed)).settle();
}

}  // namespace writ::task
