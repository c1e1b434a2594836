// `writ show TASK`: what a task was, did and left, read out of its receipt and its journal.
#include <array>
#include <string_view>

#include "opening.h"
#include "run_report.h"
#include "writ/base/clock.h"
#include "writ/base/escape.h"
#include "writ/proof/verify/receipt.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 3> file_changes{"created", "changed", "removed"};
constexpr std::array<std::string_view, 3> file_kinds{"file", "folder", "link"};

Document entry_document(const effect::Entry& e) {
  Document fields = Document::object();
  for (const auto& f : e.fields) fields[f.name] = effect::text(f.value);
  return {{"sequence", e.sequence},
          {"effect", effect::named(e).effect},
          {"resource", json_text(std::string(effect::named(e).resource))},
          {"fields", std::move(fields)},
          {"verdict", e.refusal == effect::Refusal::none ? "allowed" : "denied"},
          {"refusal", effect::name(e.refusal)},
          {"by", json_text(e.by)},
          {"count", e.count},
          {"bytes", e.bytes},
          {"digest", e.digest},
          {"ending", effect::name(e.ending)},
          {"duration_ns", e.duration}};
}

std::string grant_text(const proof::Capability& c) {
  std::string text = c.effect + (c.resource.empty() ? "" : ":" + c.resource);
  for (const std::string& limit : c.constraints) text += "," + limit;
  return text;
}

Document document(const runtime::TaskRecord& s) {
  const proof::InputManifest& in = s.input;
  const proof::OutputManifest& out = s.output;
  Document d{{"schema", "writ.show/1"},
             {"task", in.task.hex()},
             {"name", in.name},
             {"labels", in.labels},
             {"code", {{"name", in.code.name}, {"language", in.code.language}, {"sha256", in.code.digest.sha256.hex()}}},
             {"arguments", in.arguments},
             {"entry", in.entry},
             {"outcome", out.outcome.end},
             {"exit_code", out.outcome.exit},
             {"reason", out.outcome.reason},
             {"function", out.outcome.function},
             {"state", task::state_names[static_cast<std::size_t>(s.state)]},
             {"committed", s.state == task::State::committed},
             {"started", rfc3339(in.started.real)},
             {"finished", rfc3339(out.finished.real)},
             {"fence", in.fence},
             {"engine", in.engine.name},
             {"deterministic", out.nondeterminism.empty()}};
  if (!in.process.empty()) {
    const auto& launch = in.process.front();
    d["process"] = {{"program_sha256", in.engine.digest.sha256.hex()},
                    {"folder", json_text(launch.folder)},
                    {"code_at", json_text(launch.code_at)},
                    {"processes", launch.processes},
                    {"disk_bytes", launch.disk.value()},
                    {"protections", launch.protections}};
  }
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
  d["files"] = Document::array();
  for (const auto& f : out.files)
    d["files"].push_back({{"path", json_text(f.path)},
                          {"happened", file_changes[static_cast<std::size_t>(f.happened)]},
                          {"kind", file_kinds[static_cast<std::size_t>(f.kind)]},
                          {"before", f.before ? f.before->sha256.hex() : ""},
                          {"after", f.after ? f.after->sha256.hex() : ""}});
  d["resources"] = {{"time_ns", out.resources.time.count()},
                    {"cpu_ns", out.resources.cpu.count()},
                    {"memory_bytes", out.resources.memory.value()},
                    {"host_calls", out.resources.host_calls}};
  d["state_root"] = {{"before", in.state.hex()}, {"after", out.state.hex()}};
  d["journal"] = Document::array();
  for (const auto& e : s.journal) d["journal"].push_back(entry_document(e));
  d["receipt"] = s.receipt;
  return d;
}

std::string entry_line(const effect::Entry& e) {
  std::string line = e.refusal == effect::Refusal::none ? "  allowed  " : "  DENIED   ";
  const auto thing = effect::named(e);
  line += thing.effect;
  if (!thing.resource.empty()) line += " " + escape_for_terminal(thing.resource);
  for (const auto& f : e.fields) line += " " + f.name + " " + effect::text(f.value);
  if (e.count > 1) line += " (" + std::to_string(e.count) + " times)";
  if (e.bytes > 0) line += " " + std::to_string(e.bytes) + " bytes";
  return line;
}

std::string outcome_text(const proof::OutputManifest& out, task::State state) {
  std::string text = out.outcome.end + ", exit " + std::to_string(out.outcome.exit) + ", ";
  text += task::state_names[static_cast<std::size_t>(state)];
  if (!out.outcome.reason.empty()) text += ": " + escape_for_terminal(out.outcome.reason);
  if (!out.outcome.function.empty()) text += " in " + escape_for_terminal(out.outcome.function);
  return text;
}

void print(Output& output, const runtime::TaskRecord& s) {
  const proof::InputManifest& in = s.input;
  const proof::OutputManifest& out = s.output;
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
  output.line("outcome   " + outcome_text(out, s.state));
  field("started", rfc3339(in.started.real));
  field("finished", rfc3339(out.finished.real));
  field("fence", in.fence + ", " + in.engine.name);
  for (const auto& launch : in.process)
    for (const auto& protection : launch.protections) field("held by", protection);
  field("effects", std::to_string(out.effects.count) + ", of which " + std::to_string(out.effects.denied) + " denied");
  for (const auto& e : s.journal) output.line(entry_line(e));
  const bool staged = s.state == task::State::staged || s.state == task::State::kept;
  for (const auto& w : out.writes) {
    const std::string version = staged ? "" : " v" + std::to_string(w.after.value());
    field(staged ? "would" : "wrote", w.object + (w.digest ? version + " sha256:" + w.digest->sha256.hex() : " (removed)"));
  }
  for (const auto& m : in.mounts) field("mount", m.root + " at " + m.at);
  for (const auto& f : out.files)
    field(file_changes[static_cast<std::size_t>(f.happened)],
          f.path + (f.kind == proof::FileKind::folder ? "/" : f.target.empty() ? "" : " -> " + f.target) +
              (f.after ? " sha256:" + f.after->sha256.hex() : ""));
  if (!staged) field("state", in.state == out.state ? out.state.hex() + " (not moved)" : out.state.hex());
}

}  // namespace

Status show(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  WRIT_TRY(const TaskId id, find_task(*store.runtime, i.arguments.operands[0]));
  WRIT_TRY(const auto shown, store->record(id));
  if (i.output.text_wanted())
    print(i.output, shown);
  else
    i.output.document(document(shown));
  return exit_holds;
}

}  // namespace writ::cli
