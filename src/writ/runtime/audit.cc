#include "writ/runtime/audit.h"

#include <algorithm>
#include <map>

#include "writ/proof/log.h"
#include "writ/proof/notary.h"
#include "writ/proof/state_map.h"
#include "writ/proof/verify/receipt.h"
#include "writ/task/archive.h"
#include "writ/task/index.h"
#include "writ/task/stage.h"

namespace writ::runtime {
namespace {

using Keys = std::vector<proof::VerifierKey>;

Error broken(std::string what, std::string where = {}) { return {Code::corrupt, std::move(what), std::move(where), {}}; }

// A receipt that verifies, belongs to the task it is filed under, and lies in this very log.
Result<proof::Verification> check_task(const store::View& view, const Keys& keys, const TaskId& id) {
  WRIT_TRY(const auto receipt, task::find_receipt(view, id));
  if (!receipt) return broken("the receipt is missing");
  auto v = proof::verify_receipt(*receipt, {keys, proof::Trust::Strangers::refuse});
  if (v.verdict != proof::Verdict::verified) return broken(std::string(proof::name(v.verdict)) + ": " + v.what, v.where);
  if (v.input.task != id) return broken("the receipt is another task's");
  WRIT_TRY(const auto log, proof::Log::open(view));
  const auto leaf = log.statement(v.index);
  if (!leaf || *leaf != v.statement) return broken("the log has another leaf at its index");
  WRIT_TRY(const auto journal, task::find_journal(view, id));
  if (proof::effect_root(journal) != v.output.effects.root) return broken("the journal is not the one that was signed");
  return v;
}

// What the receipts say, put in the order of the log.
class Chain {
 public:
  explicit Chain(AuditReport& report) : report_(report) {}

  void add(const proof::Verification& v) {
    if (!links_.emplace(v.index, Link{v.input.task, v.input.state, v.output.state}).second)
      fail(v.input.task, "another task has the same place in the log");
    for (const auto& w : v.output.writes)
      if (!written_.emplace(std::pair(w.object, w.after.value()), Written{v.input.task, w.digest}).second)
        fail(v.input.task, "another task wrote the same version of " + w.object);
  }

  void check_order(std::uint64_t log_size) {
    std::uint64_t next = 0;
    Sha256 state;
    for (const auto& [index, link] : links_) {
      if (index != next) fail(link.task, "no receipt for the leaf before it in the log");
      else if (link.before != state) fail(link.task, "it did not begin at the state at which the task before ended");
      next = index + 1;
      state = link.after;
    }
    if (next < log_size) report_.failed.push_back({"", "the log has leaves after the last receipt"});
    last_state_ = state;
  }

  Result<void> check_objects(const store::View& view) {
    std::map<std::string, std::uint64_t> objects;  // path, versions that receipts account for
    for (const auto& [key, written] : written_) ++objects[key.first];
    for (const auto& [path, count] : objects) {
      WRIT_TRY(const auto history, view.history(path));
      if (history.size() != count) fail_store("versions of an object that no receipt accounts for: " + path);
      for (const auto& state : history) check_version(view, state);
    }
    constexpr std::size_t page = 1000;
    for (std::string after;;) {
      WRIT_TRY(const auto listed, view.list("", page, after));
      for (const auto& o : listed)
        if (!objects.contains(o.path)) fail_store("an object that no receipt accounts for: " + o.path);
      if (listed.size() < page) return {};
      after = listed.back().path;
    }
  }

  const Sha256& last_state() const { return last_state_; }

 private:
  struct Link {
    TaskId task;
    Sha256 before, after;
  };
  struct Written {
    TaskId task;
    std::optional<DigestPair> digest;  // none: removed
  };

  void check_version(const store::View& view, const store::ObjectState& state) {
    const auto it = written_.find({state.path, state.version.value()});
    const std::string what = state.path + " version " + std::to_string(state.version.value());
    if (it == written_.end()) return fail_store("a version that no receipt accounts for: " + what);
    const bool removed = state.kind == store::ObjectKind::tombstone;
    if (removed != !it->second.digest || (!removed && *it->second.digest != state.digest))
      return fail(it->second.task, "what is stored is not what was written: " + what);
    if (removed) return;
    if (const auto body = view.body(state.path, state.version); !body)  // it is checked against its digest
      fail(it->second.task, "what is stored is not what was written: " + what + ": " + body.error().what);
  }
  void fail(const TaskId& task, std::string what) { report_.failed.push_back({task.hex(), std::move(what)}); }
  void fail_store(std::string what) { report_.failed.push_back({"", std::move(what)}); }

  AuditReport& report_;
  std::map<std::uint64_t, Link> links_;
  std::map<std::pair<std::string, std::uint64_t>, Written> written_;
  Sha256 last_state_;
};

Result<void> check_checkpoint(const store::View& view, const Keys& keys, const proof::Log& log) {
  WRIT_TRY(const auto text, proof::latest_checkpoint(view));
  WRIT_TRY(const auto note, proof::parse_note(text));
  const auto signed_by = [&](const proof::VerifierKey& key) { return proof::check_note(note, key).has_value(); };
  if (std::ranges::none_of(keys, signed_by)) return broken("the latest checkpoint is not signed by a key of this user");
  WRIT_TRY(const auto checkpoint, proof::parse_checkpoint(note.text));
  if (checkpoint.size != log.size() || checkpoint.root != log.root()) return broken("the latest checkpoint is not that of the log");
  return {};
}

}  // namespace

Result<void> verify_task(const store::View& view, const Keys& keys, const TaskId& id) {
  WRIT_CHECK(check_task(view, keys, id));
  return {};
}

Result<AuditReport> audit(const store::View& view, const Keys& keys, const Clock& clock) {
  AuditReport report;
  report.time = rfc3339(clock.wall());
  Chain chain(report);
  WRIT_CHECK(task::visit_tasks(view, [&](const TaskId& id) -> Result<store::Visit> {
    WRIT_TRY(const bool staged, task::is_staged(view, id));
    if (staged) return store::Visit::more;  // it changed nothing yet, and has no receipt
    ++report.total;
    if (const auto v = check_task(view, keys, id)) {
      ++report.verified;
      chain.add(*v);
    } else {
      report.failed.push_back({id.hex(), v.error().text()});
    }
    return store::Visit::more;
  }));
  const auto log = proof::Log::open(view);
  if (log) {
    report.size = log->size();
    report.log_root = log->root().hex();
    chain.check_order(log->size());
    if (log->size() != 0)
      if (const auto c = check_checkpoint(view, keys, *log); !c) report.failed.push_back({"", c.error().text()});
  } else {
    report.failed.push_back({"", log.error().text()});
  }
  if (const auto objects = chain.check_objects(view); !objects) report.failed.push_back({"", objects.error().text()});
  const auto stored = proof::state_root(view), made = proof::recompute_state_root(view);
  if (stored) report.state_root = stored->hex();
  if (!stored || !made || *stored != *made) report.failed.push_back({"", "the state root is not that of the objects"});
  else if (log && *stored != chain.last_state()) report.failed.push_back({"", "the last receipt ends at another state root"});
  return report;
}

}  // namespace writ::runtime
