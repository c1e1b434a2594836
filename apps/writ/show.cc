// `writ show TASK`: what a task was, did and left, read out of its receipt and its journal.
#include "opening.h"
#include "run_report.h"
#include "writ/base/clock.h"
#include "writ/base/escape.h"
#include "writ/proof/verify/receipt.h"

namespace writ::cli {
namespace {

struct Shown {
  std::string text;  // the receipt, into which `receipt` points
  proof::Receipt receipt;
  std::vector<effect::Entry> journal;
};

Document entry_document(const effect::Entry& e) {
  return {{"sequence", e.sequence},
          {"effect", effect::name(e.kind)},
          {"resource", json_text(e.resource)},
          {"verdict", e.refusal == effect::Refusal::none ? "allowed" : "denied"},
          {"refusal", effect::name(e.refusal)},
          {"by", json_text(e.by)},
          {"count", e.count},
          {"bytes", e.bytes},
          {"digest", e.digest}};
}

std::string grant_text(const proof::Capability& c) {
  std::string text = c.effect + (c.resource.empty() ? "" : ":" + c.resource);
  for (const std::string& limit : c.constraints) text += "," + limit;
  return text;
}

Document document(const Shown& s) {
  const proof::InputManifest& in = s.receipt.input;
  const proof::OutputManifest& out = s.receipt.output;
  Document d{{"schema", "writ.show/1"},
             {"task", in.task.hex()},
             {"name", in.name},
             {"labels", in.labels},
             {"code", {{"name", in.code.name}, {"sha256", in.code.digest.sha256.hex()}}},
             {"arguments", in.arguments},
             {"entry", in.entry},
             {"outcome", out.outcome.end},
             {"exit_code", out.outcome.exit},
             {"reason", out.outcome.reason},
             {"function", out.outcome.function},
             {"committed", out.settlement == proof::Settlement::committed},
             {"started", rfc3339(in.started.real)},
             {"finished", rfc3339(out.finished.real)},
             {"fence", in.fence},
             {"engine", in.engine.name},
             {"deterministic", out.nondeterminism.empty()}};
  d["grants"] = Document::array();
  for (const auto& c : in.capabilities) d["grants"].push_back(grant_text(c));
  d["deny"] = in.denies;
  d["effects"] = {{"count", out.effects.count}, {"denied", out.effects.denied}, {"sent", out.effects.sent}};
  d["writes"] = Document::array();
  for (const auto& w : out.writes)
    d["writes"].push_back({{"path", w.object},
                           {"before", w.before.value()},
                           {"after", w.after.value()},
                           {"removed", !w.digest.has_value()},
                           {"sha256", w.digest ? w.digest->sha256.hex() : ""}});
  d["resources"] = {{"time_ns", out.resources.time.count()},
                    {"cpu_ns", out.resources.cpu.count()},
                    {"memory_bytes", out.resources.memory.value()},
                    {"host_calls", out.resources.host_calls}};
  d["state_root"] = {{"before", in.state.hex()}, {"after", out.state.hex()}};
  d["journal"] = Document::array();
  for (const auto& e : s.journal) d["journal"].push_back(entry_document(e));
  d["receipt"] = s.text;
  return d;
}

std::string entry_line(const effect::Entry& e) {
  std::string line = e.refusal == effect::Refusal::none ? "  allowed  " : "  DENIED   ";
  line += effect::name(e.kind);
  if (!e.resource.empty()) line += " " + escape_for_terminal(e.resource);
  if (e.count > 1) line += " (" + std::to_string(e.count) + " times)";
  if (e.bytes > 0) line += " " + std::to_string(e.bytes) + " bytes";
  return line;
}

std::string outcome_text(const proof::OutputManifest& out) {
  std::string text = out.outcome.end + ", exit " + std::to_string(out.outcome.exit) + ", " +
                     (out.settlement == proof::Settlement::committed ? "committed" : "discarded");
  if (!out.outcome.reason.empty()) text += ": " + escape_for_terminal(out.outcome.reason);
  if (!out.outcome.function.empty()) text += " in " + escape_for_terminal(out.outcome.function);
  return text;
}

void print(Output& output, const Shown& s) {
  const proof::InputManifest& in = s.receipt.input;
  const proof::OutputManifest& out = s.receipt.output;
  const auto field = [&](std::string_view name, std::string_view value) {
    if (!value.empty())
      output.line(std::string(name) + std::string(10 - name.size(), ' ') + escape_for_terminal(value));
  };
  field("task", in.task.hex());
  field("name", in.name);
  for (const auto& l : in.labels) field("label", l);
  field("code", in.code.name + " sha256:" + in.code.digest.sha256.hex());
  for (const auto& a : in.arguments) field("argument", a);
  for (const auto& c : in.capabilities) field("grant", grant_text(c));
  for (const auto& d : in.denies) field("deny", d);
  output.line("outcome   " + outcome_text(out));
  field("started", rfc3339(in.started.real));
  field("finished", rfc3339(out.finished.real));
  field("fence", in.fence + ", " + in.engine.name);
  field("effects", std::to_string(out.effects.count) + ", of which " + std::to_string(out.effects.denied) + " denied");
  for (const auto& e : s.journal) output.line(entry_line(e));
  for (const auto& w : out.writes)
    field("wrote", w.object + (w.digest ? " v" + std::to_string(w.after.value()) + " sha256:" + w.digest->sha256.hex()
                                        : " (removed)"));
  field("state", in.state == out.state ? out.state.hex() + " (not moved)" : out.state.hex());
}

}  // namespace

Status show(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, i.arguments.operands[0]));
  Shown shown;
  WRIT_TRY(shown.text, store->receipt(id));
  WRIT_TRY(shown.receipt, proof::parse_receipt(shown.text));
  WRIT_TRY(shown.journal, store->journal(id));
  if (i.output.text_wanted())
    print(i.output, shown);
  else
    i.output.document(document(shown));
  return exit_holds;
}

}  // namespace writ::cli
