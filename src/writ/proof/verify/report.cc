#include "writ/proof/verify/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "writ/base/escape.h"

namespace writ::proof {
namespace {

std::string told(const Verification& v) {
  const OutputManifest& out = v.output;
  std::string text = fmt::format("task {} {}", v.input.task.brief(), out.outcome.end);
  if (out.outcome.end == "completed") text += fmt::format(" with {}", out.outcome.exit);
  if (out.settlement == Settlement::committed) {
    text += fmt::format(", committed {} {}", out.writes.size(), out.writes.size() == 1 ? "write" : "writes");
  } else {
    text += ", discarded";
  }
  if (v.form == Form::batch) text += "; in a batch";
  return text + fmt::format("; {} denied; log index {}", out.effects.denied, v.index);
}

// JSON holds only UTF-8; what a guest named may be any bytes.
std::string json_text(std::string_view text) { return is_utf8(text) ? std::string(text) : escape_for_terminal(text); }

}  // namespace

std::string report_line(std::string_view file, const Verification& v) {
  std::string text;
  const auto why = [&] { return v.where.empty() ? v.what : fmt::format("{} ({})", v.what, v.where); };
  switch (v.verdict) {
    case Verdict::verified: text = fmt::format("verified: {}; signed by {}", told(v), v.signer.text()); break;
    case Verdict::intact: text = fmt::format("intact, signer unknown: {}; claims to be signed by {}", told(v), v.signer.text()); break;
    case Verdict::untrusted: text = fmt::format("untrusted: {}; if you know that key, name it with --key", v.what); break;
    case Verdict::mismatched: text = fmt::format("mismatched: {}", why()); break;
    case Verdict::malformed: text = fmt::format("malformed: {}", why()); break;
  }
  return escape_for_terminal(fmt::format("{}: {}", file, text));
}

Json report_json(std::string_view file, const Verification& v) {
  Json out = {{"file", json_text(file)}, {"verdict", name(v.verdict)}};
  if (!v.what.empty()) out["what"] = json_text(v.what);
  if (!v.where.empty()) out["where"] = json_text(v.where);
  if (v.verdict == Verdict::malformed) return out;
  out["task"] = v.input.task.hex();
  out["name"] = json_text(v.input.name);
  out["outcome"] = json_text(v.output.outcome.end);
  out["exit_code"] = std::to_string(v.output.outcome.exit);
  out["committed"] = v.output.settlement == Settlement::committed;
  out["fence"] = json_text(v.input.fence);
  out["deterministic"] = v.output.nondeterminism.empty();
  out["started"] = rfc3339(v.input.started.real);
  out["finished"] = rfc3339(v.output.finished.real);
  out["state_root"] = {{"before", v.input.state.hex()}, {"after", v.output.state.hex()}};
  out["signed"] = v.form == Form::statement ? "statement" : "checkpoint";
  out["statement"] = v.statement.hex();
  out["signer"] = v.signer.text();
  out["key_id"] = envelope_key_id(v.signer.key);
  out["log"] = {{"origin", json_text(v.checkpoint.origin)}, {"index", std::to_string(v.index)}, {"size", std::to_string(v.checkpoint.size)},
                {"root", v.checkpoint.root.hex()}};
  return out;
}

}  // namespace writ::proof
