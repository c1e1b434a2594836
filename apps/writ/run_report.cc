#include "run_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <tuple>

#include "exit_status.h"
#include "writ/authority/explain.h"
#include "writ/base/escape.h"
#include "writ/base/fd.h"
#include "writ/wire/bytes.h"

namespace writ::cli {
namespace {

constexpr std::size_t most_inline = 1024 * 1024;  // of a stream in the document
constexpr std::size_t most_denials = 1000;        // in the document of a run; `why` tells all

std::vector<std::string> next_steps(const task::Report& r) {
  const std::string id = r.id.brief();
  const std::string last = r.denied > 0 ? "writ why " + id : "writ verify " + id;
  if (r.state == task::State::staged) return {"writ diff " + id, "writ commit " + id, "writ discard " + id};
  if (r.state == task::State::kept) return {"writ diff " + id, "writ discard " + id};
  if (r.state == task::State::committed && (!r.objects.empty() || r.files.files > 0)) return {"writ diff " + id, "writ undo " + id, last};
  return {"writ show " + id, last};
}

std::string count(std::uint64_t n, std::string_view thing) {
  return std::to_string(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

// How a run that did not commit ended, in the words of the line.
std::string ending(const guest::Outcome& o) {
  std::string text(guest::name(o.end));
  if (o.end == guest::End::completed) text = "exit " + std::to_string(o.exit_code);
  for (char& c : text)
    if (c == '_') c = ' ';
  if (!o.reason.empty())
    text += " (" + escape_for_terminal(o.reason) +
            (o.function.empty() ? "" : " in " + escape_for_terminal(o.function)) + ")";
  return text;
}

// The longest start of at most `most` bytes that cuts no UTF-8 sequence.
std::string_view start_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t n = most;
  while (n > 0 && most - n < 4 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return text.substr(0, n);
}

Result<std::string> spill(std::string_view text, std::string_view stream) {
  const char* folder = std::getenv("TMPDIR");
  std::string path =
      std::string(folder && folder[0] == '/' ? folder : "/tmp") + "/writ-" + std::string(stream) + "-XXXXXX";
  const Fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) return system_error(errno, "cannot make a file for the guest's output", path);
  if (const int number = write_all(file.get(), text)) {
    ::unlink(path.c_str());
    return system_error(number, "cannot write the guest's output", path);
  }
  return path;
}

Result<void> add_stream(Document& d, const std::string& name, std::string_view text) {
  const std::string_view shown = is_utf8(text) ? start_of(text, most_inline) : text.substr(0, most_inline);
  if (is_utf8(shown) && is_utf8(text))
    d[name] = shown;
  else
    d[name + "_base64"] = base64(as_bytes(shown));
  if (text.size() > shown.size()) {
    WRIT_TRY(d[name + "_file"], spill(text, name));
    d["truncated"] = true;
  }
  return {};
}

Document log_position(const task::Report& r) {
  if (r.receipt.empty()) return nullptr;
  return {{"index", r.log_index}, {"size", r.log_size}};
}

}  // namespace

std::string files_text(const task::FilesChange& f) {
  if (f.files == 0) return {};
  return count(f.files, "file") + " (+" + std::to_string(f.added) + " -" + std::to_string(f.removed) + "), ";
}

int exit_status(const task::Report& report) {
  if (!report.conflict.empty()) return exit_conflict;
  const guest::Outcome& o = report.outcome;
  switch (o.end) {
    case guest::End::completed:
      // As wait(2) has it, but a failure never becomes 0.
      return o.exit_code == 0 ? 0 : (o.exit_code & 0xff) == 0 ? 1 : o.exit_code & 0xff;
    case guest::End::trapped:
      return exit_trapped;
    case guest::End::denied:
      return exit_denied;
    case guest::End::timed_out:
      return exit_timed_out;
    case guest::End::out_of_memory:
      return exit_out_of_memory;
    case guest::End::cancelled:
      return exit_cancelled;
  }
  std::unreachable();
}

std::string last_line(const task::Report& r) {
  std::string line = r.id.brief();
  if (r.state == task::State::staged)
    line += " staged: " + files_text(r.files) + count(r.objects.size(), "object");
  else if (r.state == task::State::kept)
    line += " kept: " + ending(r.outcome) + ": " + files_text(r.files) + count(r.objects.size(), "object");
  else if (r.settlement == proof::Settlement::committed)
    line += " committed: " + files_text(r.files) + count(r.objects.size(), "object");
  else if (r.outcome.success() && r.conflict.empty())
    line += " discarded by you, nothing changed";
  else if (!r.conflict.empty())
    line += " discarded: conflict (" + escape_for_terminal(r.conflict) + "), nothing changed";
  else
    line += " discarded: " + ending(r.outcome) + ", nothing changed";
  line += "; " + std::to_string(r.denied) + " denied; " + std::to_string(r.sent) + " sent.";
  std::string separator = " ";
  for (const std::string& step : next_steps(r)) line += std::exchange(separator, " | ") + step;
  return line;
}

Denials denials_of(const std::vector<effect::Entry>& journal, std::size_t most) {
  std::map<std::tuple<effect::Kind, std::string, effect::Refusal, std::string>, std::size_t> seen;
  std::vector<const effect::Entry*> order;
  std::vector<std::uint64_t> counts;
  for (const effect::Entry& e : journal) {
    if (e.refusal == effect::Refusal::none) continue;
    const auto [it, fresh] = seen.try_emplace({e.kind, e.resource, e.refusal, e.by}, order.size());
    if (fresh) {
      order.push_back(&e);
      counts.push_back(0);
    }
    counts[it->second] += e.count;
  }
  Denials found;
  for (std::size_t i = 0; i < order.size() && i < most; ++i) {
    const authority::Denial d = authority::explain(*order[i]);
    found.told.push_back({{"effect", d.effect},
                          {"resource", json_text(d.resource)},
                          {"by", json_text(d.by)},
                          {"reason", json_text(d.reason)},
                          {"grant", json_text(d.grant)},
                          {"grant_shell", json_text(d.grant_shell)},
                          {"sensitive", d.sensitive},
                          {"count", counts[i]}});
  }
  found.omitted = order.size() - found.told.size();
  return found;
}

Document object_change(const task::ObjectChange& c) {
  return {{"path", json_text(c.path)},
          {"before", c.before},
          {"after", c.after},
          {"removed", c.removed},
          {"sha256", c.sha256}};
}

Result<Document> run_document(const task::Report& r, const GuestOutput* captured) {
  Document d{{"schema", "writ.run/1"},
             {"task", r.id.hex()},
             {"name", r.name},
             {"outcome", guest::name(r.outcome.end)},
             {"state", task::state_names[static_cast<std::size_t>(r.state)]},
             {"committed", r.settlement == proof::Settlement::committed},
             {"exit_code", exit_status(r)},
             {"reason", json_text(r.outcome.reason)},
             {"function", json_text(r.outcome.function)},
             {"conflict", json_text(r.conflict)},
             {"truncated", false}};
  WRIT_CHECK(add_stream(d, "stdout", captured ? captured->held(guest::Stream::out) : std::string_view()));
  WRIT_CHECK(add_stream(d, "stderr", captured ? captured->held(guest::Stream::err) : std::string_view()));
  d["effects"] = {{"allowed", r.allowed}, {"denied", r.denied}, {"staged", r.staged}, {"sent", r.sent}};
  const Denials denials = denials_of(r.journal, most_denials);
  d["denials"] = denials.told;
  d["denials_omitted"] = denials.omitted;
  d["objects"] = Document::array();
  for (const auto& change : r.objects) d["objects"].push_back(object_change(change));
  d["changes"] = r.changes;
  d["workspace"] = {{"files", r.files.files}, {"added", r.files.added}, {"removed", r.files.removed}};
  d["outbound"] = {{"sent", r.sent}, {"pending", 0}};
  d["resources"] = {{"time_ns", r.resources.time.count()},
                    {"cpu_ns", r.resources.cpu.count()},
                    {"memory_bytes", r.resources.memory.value()},
                    {"host_calls", r.resources.host_calls}};
  d["fence"] = r.fence;
  d["deterministic"] = r.deterministic;
  d["receipt"] = json_text(r.receipt);
  d["state_root"] = {{"before", r.state_before}, {"after", r.state_after}};
  d["log"] = log_position(r);
  d["next"] = next_steps(r);
  return d;
}

Status tell_report(Output& output, const task::Report& report) {
  if (!output.text_wanted()) {
    WRIT_TRY(const Document d, run_document(report, nullptr));
    output.document(d);
  }
  for (const auto& warning : report.warnings) output.note("warning: " + warning);
  output.note(last_line(report));
  return exit_status(report);
}

}  // namespace writ::cli
