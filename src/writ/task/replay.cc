#include "writ/task/replay.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include "writ/gate/ledger.h"
#include "writ/base/escape.h"
#include "writ/task/admission.h"
#include "writ/task/stage.h"

namespace writ::task {
namespace {

Error not_replayable(const TaskId& id, std::string why, std::string hint = {}) {
  return {Code::unsupported, "the task cannot be replayed: " + std::move(why), id.hex(), std::move(hint)};
}

// The limits that a refusal names look at the real clock: "time,bytes of file.read:/x/,time=30s".
bool refused_by_time(const effect::Entry& e) {
  if (e.refusal != effect::Refusal::constraint) return false;
  const auto limits = std::string_view(e.by).substr(0, e.by.find(" of "));
  for (const std::string_view word : {"time", "expires", "rate"})
    if (limits.find(word) != limits.npos) return true;
  return false;
}

bool is_outcome_of_chance(const proof::Outcome& o) {
  return o.end == "timed_out" || o.end == "cancelled" || o.end == "out_of_memory" || o.reason.find("stack") != std::string::npos;
}

std::string describe(const effect::Entry& e) {
  const auto thing = effect::named(e);
  std::string text(thing.effect);
  if (!thing.resource.empty()) text += " " + escape_for_terminal(thing.resource);
  if (!e.fields.empty()) text += " with " + effect::text(e.fields);
  text += e.refusal == effect::Refusal::none ? " allowed" : " refused (" + std::string(effect::name(e.refusal)) + ")";
  if (e.count > 1) text += " " + std::to_string(e.count) + " times";
  if (e.bytes > 0) text += ", " + std::to_string(e.bytes) + " bytes";
  return text;
}

// The same file was asked for, and what was there is not what is there now, if anything is.
bool differ_in_content_alone(effect::Entry a, const effect::Entry& b) {
  if (a.digest == b.digest || a.digest.empty()) return false;
  a.digest = b.digest;
  a.bytes = b.bytes;
  a.size = b.size;
  a.count = b.count;
  return a == b;
}

class Comparison {
 public:
  Comparison(const Told& told, const Sealed& again) : told_(told), again_(again) {}

  Result<std::vector<std::string>> run() {
    if (told_.input.input != again_.input.input)
      return not_replayable(told_.input.task, "its standard input is not what it read then", "--input FILE with the same bytes");
    WRIT_CHECK(compare_effects());
    compare_outcome();
    same("standard output", told_.output.standard_output.digest.sha256.hex(), again_.output.standard_output.digest.sha256.hex());
    same("standard error", told_.output.standard_error.digest.sha256.hex(), again_.output.standard_error.digest.sha256.hex());
    compare_writes();
    same("virtual time at the end", rfc3339(told_.output.finished.virtual_time), rfc3339(again_.output.finished.virtual_time));
    return std::move(differences_);
  }

 private:
  void differ(std::string text) { differences_.push_back(std::move(text)); }
  void same(std::string_view what, const std::string& was, const std::string& is) {
    if (was != is) differ(std::string(what) + ": was " + was + ", is " + is);
  }

  Result<void> compare_effects() {
    const auto &was = told_.journal, &is = again_.journal;
    for (std::size_t i = 0; i < std::max(was.size(), is.size()); ++i) {
      if (i < was.size() && i < is.size() && was[i] == is[i]) continue;
      if (i < was.size() && i < is.size() && differ_in_content_alone(was[i], is[i]))
        return not_replayable(told_.input.task, "a file that it read has changed: " + escape_for_terminal(was[i].resource),
                              "run with --keep-inputs, which keeps what is read");
      const std::string then = i < was.size() ? describe(was[i]) : "nothing more", now = i < is.size() ? describe(is[i]) : "nothing more";
      differ("effect " + std::to_string(i < was.size() ? was[i].sequence : is[i].sequence) + ": was " + then + ", is " + now);
      break;  // what follows follows from it
    }
    same("effect root", told_.output.effects.root.hex(), again_.output.effects.root.hex());
    return {};
  }

  void compare_outcome() {
    const auto &was = told_.output.outcome, &is = again_.output.outcome;
    same("outcome", was.end + ", exit " + std::to_string(was.exit), is.end + ", exit " + std::to_string(is.exit));
    same("where it ended", escape_for_terminal(was.function), escape_for_terminal(is.function));
    if (!was.success()) same("why it ended", escape_for_terminal(was.reason), escape_for_terminal(is.reason));
  }

  void compare_writes() {
    const Sha256 is = changes_digest(again_.changes, again_.files);
    const Sha256 was = told_.recipe.changes ? *told_.recipe.changes : changes_digest(told_.output.writes, told_.output.files);
    if (was == is) return;
    const auto& then = told_.output.writes;
    const auto& now = again_.changes.writes;
    std::size_t i = 0;
    if (!told_.recipe.changes)
      while (i < then.size() && i < now.size() && then[i].object == now[i].path &&
             (then[i].digest ? now[i].body && *then[i].digest == now[i].digest : !now[i].body))
        ++i;
    std::string where;
    if (i < then.size()) where = then[i].object;
    else if (i < now.size()) where = now[i].path;
    differ("write set" + (where.empty() ? "" : ", first at " + escape_for_terminal(where)) + ": was " + was.hex() + ", is " + is.hex());
  }

  const Told& told_;
  const Sealed& again_;
  std::vector<std::string> differences_;
};

}  // namespace

Result<Told> find_told(const store::View& view, const TaskId& id, proof::InputManifest input, proof::OutputManifest output,
                       std::vector<effect::Entry> journal) {
  Told told{std::move(input), std::move(output), std::move(journal), {}, {}, {}};
  if (told.input.engine.name == "operator") return not_replayable(id, "it is the operator's own write: there is no code");
  WRIT_TRY(auto staged, find_staged(view, id, Bodies::leave));
  if (staged) {
    told.recipe = std::move(staged->recipe);
  } else {
    WRIT_TRY(auto recipe, find_recipe(view, id));
    if (!recipe) return not_replayable(id, "the store does not have its seed and snapshot");
    told.recipe = std::move(*recipe);
  }
  auto code = find_code(view, told.input.code.digest.sha256);
  if (!code && code.error().number == ENOENT) return not_replayable(id, "its code is no longer there");
  if (!code) return code.error();
  told.code = std::move(*code);
  WRIT_TRY(told.kept, find_kept(view, id));
  // Now, since the snapshot that the task is told again on is older than what was kept.
  if (told.kept && told.kept->complete) WRIT_CHECK(load_contents(view, *told.kept));
  return told;
}

Result<void> check_replayable(const Told& told) {
  const TaskId& id = told.input.task;
  if (!told.output.nondeterminism.empty()) {
    std::string list;
    for (const auto& n : told.output.nondeterminism) list += (list.empty() ? "" : ", ") + n;
    return not_replayable(id, "it used what is never the same twice: " + list, "its receipt says so: it promises no determinism");
  }
  if (is_outcome_of_chance(told.output.outcome))
    return not_replayable(id, "how it ended (" + told.output.outcome.end +
                                  (told.output.outcome.reason.empty() ? "" : ", " + escape_for_terminal(told.output.outcome.reason)) +
                                  ") depends on the machine");
  if (told.input.policy)
    return not_replayable(id, "it was under a policy, of which only the digest was kept", "writ rerun --policy FILE runs it anew");
  if (told.output.effects.sent > 0) return not_replayable(id, "it sent something out");
  for (const auto& c : told.input.capabilities) {
    if (c.effect == "file.write") return not_replayable(id, "it worked on a folder of the host, which has changed since");
    for (const auto& limit : c.constraints)
      if (limit.starts_with("capability=")) return not_replayable(id, "it used a capability of the store, whose budget others share");
    for (const auto& limit : c.constraints)
      if (limit.starts_with("rate=")) return not_replayable(id, "a grant was limited by a rate, which real time decides");
  }
  for (const auto& e : told.journal)
    if (refused_by_time(e)) return not_replayable(id, "real time decided over an effect: " + escape_for_terminal(e.by));
  return {};
}

Result<Spec> retell(const Told& told) {
  Spec spec;
  spec.labels = told.input.labels;
  spec.code_name = told.input.code.name;
  spec.language = told.input.code.language;
  if (!told.input.process.empty()) {
    const auto& launch = told.input.process.front();
    spec.engine = told.input.engine.name;
    spec.folder = launch.folder;
    spec.code_at = launch.code_at;
  }
  spec.code = told.code;
  spec.arguments = told.input.arguments;
  spec.entry = told.input.entry;
  WRIT_TRY(spec.capabilities, gate::durable_capabilities(told.input.capabilities));  // as themselves: they may have ended
  for (const auto& c : told.input.capabilities) {
    if (std::ranges::any_of(c.constraints, [](const std::string& l) { return l.starts_with("capability="); })) continue;
    WRIT_TRY(auto grant, grant_of(c));
    spec.grants.push_back(std::move(grant));
  }
  for (const auto& d : told.input.denies) {
    WRIT_TRY(auto deny, authority::recorded_deny(d));
    spec.denies.push_back(std::move(deny));
  }
  for (const auto& m : told.input.mounts) spec.mounts.push_back({m.at, m.root});
  spec.environment = told.recipe.environment;
  const auto& l = told.input.limits;
  spec.limits = {l.memory, l.stack, l.output, l.time, l.effects, l.files};
  if (!told.input.process.empty()) {
    spec.limits.processes = told.input.process.front().processes;
    spec.limits.disk = told.input.process.front().disk;
  }
  spec.on_denial = told.recipe.on_denial;
  return spec;
}

Result<std::optional<Input>> kept_input(const store::View& view, const Told& told) {
  if (!told.kept || !told.kept->input) return std::optional<Input>();
  WRIT_TRY(auto content, find_content(view, *told.kept->input));
  struct Reading {
    Bytes content;
    std::vector<std::uint64_t> pieces;
    std::size_t at = 0, piece = 0;
  };
  const auto reading = std::make_shared<Reading>(Reading{std::move(content), told.kept->pieces});
  return std::optional<Input>([reading](std::span<std::byte> out, Nanoseconds) -> Result<std::size_t> {
    auto& r = *reading;
    const std::uint64_t piece = r.piece < r.pieces.size() ? r.pieces[r.piece++] : out.size();
    const std::size_t n = std::min({out.size(), static_cast<std::size_t>(piece), r.content.size() - r.at});
    std::copy_n(r.content.begin() + static_cast<std::ptrdiff_t>(r.at), n, out.begin());
    r.at += n;
    return n;
  });
}

Result<std::vector<std::string>> compare(const Told& told, const Sealed& again) { return Comparison(told, again).run(); }

}  // namespace writ::task
