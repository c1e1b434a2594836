// `writ policy check|explain|test`: a policy file looked at without a task.
#include <unistd.h>

#include "commands.h"
#include "policy_commands.h"
#include "terminal.h"
#include "writ/authority/policy/trial.h"
#include "writ/base/clock.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

namespace policy_of = authority::policy;

Document position(const policy_of::Position& p) { return {{"line", p.line}, {"character", p.character}}; }

// As the Language Server Protocol has it, so that an editor shows it without a translation.
Document editor_diagnostic(const policy_of::Diagnostic& d, std::string_view text) {
  const auto range = policy_of::range_of(d.at, text);
  return {{"range", {{"start", position(range.start)}, {"end", position(range.end)}}},
          {"severity", 1},
          {"source", "writ"},
          {"message", json_text(d.hint.empty() ? d.what : d.what + "; " + d.hint)}};
}

std::string count(std::size_t n, std::string_view thing) {
  return std::to_string(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

Status check(Invocation& i) {
  const std::string& path = i.arguments.operands[0];
  WRIT_TRY(const std::string text, read_policy(path));
  const auto compiled = policy_of::compile(text, path);
  const Status status = compiled.program ? exit_holds : exit_bad_input;
  if (i.output.text_wanted()) {
    for (const auto& d : compiled.diagnostics) i.output.line(policy_of::render(d, text, path));
    if (compiled.program)
      i.output.line(escape_for_terminal(path) + ": " + count(compiled.program->words.size(), "rule") + ", " +
                    count(compiled.cases.size(), "case") + ", sha256 " + compiled.program->digest.sha256.hex());
    return status;
  }
  Document d{{"schema", "writ.policy-check/1"}, {"file", json_text(path)}, {"valid", compiled.program != nullptr}};
  d["rules"] = compiled.program ? compiled.program->words.size() : 0;
  d["cases"] = compiled.cases.size();
  d["sha256"] = compiled.program ? compiled.program->digest.sha256.hex() : "";
  d["diagnostics"] = Document::array();
  for (const auto& each : compiled.diagnostics) d["diagnostics"].push_back(editor_diagnostic(each, text));
  i.output.document(d);
  return status;
}

Status explain(Invocation& i) {
  if (!i.arguments.has("--policy"))
    return {invalid("which policy?", "writ policy explain", "writ policy explain --policy FILE EFFECT"), exit_usage};
  std::shared_ptr<const policy_of::Program> program;
  if (Status s = read_policies_of(i, program); s.failed()) return s;
  std::vector<authority::Grant> grants;
  for (const auto& text : i.arguments.values("--grant")) {
    auto grant = authority::parse_grant(text, i.surroundings.working_folder, system_clock().wall(), program->own);
    if (!grant) return {grant.error(), exit_usage};
    grants.push_back(std::move(*grant));
  }
  auto effect = policy_of::parse_effect(i.arguments.operands[0], program->own);
  if (!effect) return {effect.error(), exit_usage};
  for (const auto& [option, member] : {std::pair("--bytes", &effect->bytes), std::pair("--size", &effect->size)})
    if (const auto v = i.arguments.value(option)) {
      const auto size = parse_size(*v);
      if (!size) return {size.error(), exit_usage};
      *member = size->value();
    }
  policy_of::ComponentFacts component;
  for (const auto& label : i.arguments.values("--label")) component.labels.push_back(label);
  const auto trial = policy_of::try_effect(program, *effect, grants, component, {});
  const auto capability = trial.capability ? trial.capability->text() : "";
  if (!i.output.text_wanted()) {
    Document d{{"schema", "writ.policy-explain/1"},
               {"effect", effect::named(*effect).effect},
               {"resource", json_text(std::string(effect::named(*effect).resource))},
               {"allowed", trial.allowed},
               {"capability", capability}};
    d["response"] = trial.allowed || !trial.capability ? "" : std::string(policy_of::name(trial.response));
    d["refusing"] = d["asked"] = Document::array();
    for (const auto& r : trial.reasons) d["refusing"].push_back(json_text(r));
    for (const auto& r : trial.asked) d["asked"].push_back(json_text(r));
    i.output.document(d);
    return exit_holds;
  }
  i.output.line(emphasised(trial.allowed ? "allowed" : "denied", STDOUT_FILENO));
  i.output.line(capability.empty() ? "  no capability covers it" : "  capability: " + escape_for_terminal(capability));
  for (const auto& r : trial.reasons) i.output.line("  refused by: " + escape_for_terminal(r));
  if (!trial.reasons.empty()) i.output.line("  response:   " + std::string(policy_of::name(trial.response)));
  for (const auto& r : trial.asked) i.output.line("  asked:      " + escape_for_terminal(r));
  if (trial.capability && trial.asked.empty()) i.output.line("  no rule is about it");
  return exit_holds;
}

Status test(Invocation& i) {
  const std::string& path = i.arguments.operands[0];
  WRIT_TRY(const std::string text, read_policy(path));
  auto compiled = policy_of::compile(text, path);
  if (!compiled.program) return policy_of::load(text, path).error();
  Document cases = Document::array();
  std::size_t failed = 0;
  for (const auto& c : compiled.cases) {
    const auto result = policy_of::run_case(compiled.program, c);
    const std::string wanted = c.wanted == policy_of::CaseWord::Wanted::allow ? "allow" : "deny";
    if (!result.holds) ++failed;
    if (i.output.text_wanted() && !result.holds)
      i.output.line(escape_for_terminal(path) + ":" + std::to_string(c.line) + ": " + escape_for_terminal(c.test) + ": " +
                    wanted + " " + std::string(effect::named(c.effect).effect) + " " + escape_for_terminal(effect::named(c.effect).resource) +
                    ", but it is " + result.got);
    cases.push_back({{"test", json_text(c.test)},
                     {"line", c.line},
                     {"wanted", wanted},
                     {"got", json_text(result.got)},
                     {"holds", result.holds}});
  }
  if (i.output.text_wanted()) {
    i.output.line(compiled.cases.empty()
                      ? "no cases"
                      : count(compiled.cases.size() - failed, "case") + " of " + std::to_string(compiled.cases.size()) + " hold");
  } else {
    i.output.document({{"schema", "writ.policy-test/1"},
                       {"file", json_text(path)},
                       {"total", compiled.cases.size()},
                       {"failed", failed},
                       {"cases", cases}});
  }
  return failed == 0 ? exit_holds : exit_does_not_hold;
}

}  // namespace

Result<std::string> read_policy(const std::string& path) {
  auto text = read_file(path == "-" ? "/dev/stdin" : path, policy_of::largest_policy);
  if (!text && text.error().code != Code::exhausted && text.error().code != Code::denied)
    return invalid("cannot read the policy: " + text.error().what, path, text.error().hint);
  return text;
}

Result<std::shared_ptr<const policy_of::Program>> load_policy(const std::string& path) {
  WRIT_TRY(const auto text, read_policy(path));
  return policy_of::load(text, path);
}

Status read_policies_of(const Invocation& i, std::shared_ptr<const policy_of::Program>& out) {
  for (const auto& path : i.arguments.values("--policy")) {
    auto one = load_policy(path);
    if (!one) return {one.error(), exit_bad_input};
    out = out ? both(*out, **one) : std::move(*one);
  }
  return exit_holds;
}

Status policy(Invocation& i) {
  const auto& name = i.arguments.command->name;
  if (name == "policy check") return check(i);
  if (name == "policy explain") return explain(i);
  if (name == "policy test") return test(i);
  return policy_replay(i);
}

}  // namespace writ::cli
