#include "writ/authority/policy/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "writ/authority/policy/compiler.h"
#include "writ/authority/policy/lowering.h"
#include "writ/authority/policy/parser.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/wire/bytes.h"

namespace writ::authority::policy {
namespace {

struct ActionWord {
  std::string_view name;
  Response response;
};
constexpr std::array<ActionWord, 8> actions{{{"log_and_continue", Response::log},
                                             {"restrict_capabilities", Response::restrict},
                                             {"isolate_component", Response::isolate},
                                             {"terminate_immediately", Response::terminate},
                                             {"log", Response::log},
                                             {"restrict", Response::restrict},
                                             {"isolate", Response::isolate},
                                             {"terminate", Response::terminate}}};

class PolicyCompiler {
 public:
  PolicyCompiler(const syntax::Policy& policy, std::string_view file, Program& program, Diagnostics& diagnostics)
      : policy_(policy), file_(file), program_(program), diagnostics_(diagnostics), declarations_(declare(policy, diagnostics)) {}

  void run() {
    const auto first = program_.words.size();
    for (const auto& kind : declarations_.own.declared())
      if (auto added = program_.own.add(kind); !added) diagnostics_.add(policy_.name.at, added.error().what, added.error().hint);
    if (policy_.rules.empty()) diagnostics_.add(policy_.name.at, fmt::format("the policy `{}` has no rule", policy_.name.text));
    for (const auto& rule : policy_.rules) {
      if (!names_.insert(rule.name.text).second)
        diagnostics_.add(rule.name.at, fmt::format("a second rule `{}`", rule.name.text));
      if (const auto* o = std::get_if<syntax::OnViolation>(&rule.body))
        on_violation(rule, *o);
      else
        forall(rule, std::get<syntax::Forall>(rule.body));
    }
    for (auto i = first; i < program_.words.size(); ++i) program_.words[i].responses = responses_;
  }

 private:
  std::optional<Severity> severity(const syntax::Word& word) {
    for (std::size_t i = 0; i < severity_names.size(); ++i)
      if (severity_names[i] == word.text) return static_cast<Severity>(i);
    const auto near = nearest(word.text, severity_names);
    diagnostics_.add(word.at, fmt::format("unknown severity `{}`", word.text),
                     near ? fmt::format("did you mean `{}`?", *near) : "Low, Medium, High or Critical");
    return std::nullopt;
  }

  void on_violation(const syntax::Rule& rule, const syntax::OnViolation& o) {
    if (rule.severity) diagnostics_.add(rule.severity->at, "a rule that answers violations has no severity of its own");
    if (o.type.text != "SecurityViolation")
      diagnostics_.add(o.type.at, fmt::format("unknown type `{}`", o.type.text), "violations are of type SecurityViolation");
    if (std::exchange(answered_, true))
      return diagnostics_.add(rule.name.at, "a second rule that answers violations", "one policy has one answer");
    std::array<bool, severity_names.size()> seen{};
    for (const auto& arm : o.arms) {
      const auto found = std::ranges::find(actions, arm.action.text, &ActionWord::name);
      if (found == actions.end()) {
        std::vector<std::string_view> known;
        for (const auto& a : actions) known.push_back(a.name);
        const auto near = nearest(arm.action.text, known);
        diagnostics_.add(arm.action.at, fmt::format("unknown response `{}`", arm.action.text),
                         near ? fmt::format("did you mean `{}`?", *near)
                              : "log_and_continue, restrict_capabilities, isolate_component or terminate_immediately");
        if (arm.severity.text == "_")
          seen.fill(true);
        else if (const auto s = severity(arm.severity))
          seen[static_cast<std::size_t>(*s)] = true;
        continue;
      }
      if (arm.severity.text == "_") {
        for (std::size_t i = 0; i < seen.size(); ++i)
          if (!std::exchange(seen[i], true)) responses_[i] = found->response;
        continue;
      }
      const auto s = severity(arm.severity);
      if (!s) continue;
      if (std::exchange(seen[static_cast<std::size_t>(*s)], true))
        diagnostics_.add(arm.severity.at, fmt::format("`{}` is matched twice", arm.severity.text));
      else
        responses_[static_cast<std::size_t>(*s)] = found->response;
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (!seen[i])
        diagnostics_.add(rule.name.at, fmt::format("`{}` is not answered", severity_names[i]),
                         "name all four, or `_ =>` for the rest");
  }

  std::uint32_t add_word(const syntax::Rule& rule) {
    RuleWord w{policy_.name.text, rule.name.text, std::string(file_), rule.name.at.line};
    if (rule.severity) w.severity = severity(*rule.severity).value_or(usual_severity);
    program_.words.push_back(std::move(w));
    return static_cast<std::uint32_t>(program_.words.size() - 1);
  }

  void forall(const syntax::Rule& rule, const syntax::Forall& f) {
    const auto word = add_word(rule);
    if (f.variable.text == "capability" || (f.variable.text == "component" && !is_component(f.type.text)))
      return diagnostics_.add(f.variable.at, fmt::format("`{}` already means something else here", f.variable.text));
    if (f.type.text == "Component") return component_rule(word, rule, f, {});
    if (const auto c = declarations_.components.find(f.type.text); c != declarations_.components.end())
      return component_rule(word, rule, f, c->second);
    if (const auto e = declarations_.effects.find(f.type.text); e != declarations_.effects.end())
      return effect_rule(word, rule, f, e->second.kinds, e->second.where);
    if (const auto kinds = find_effect_type(f.type.text)) return effect_rule(word, rule, f, *kinds, std::nullopt);
    auto names = effect_type_names();
    names.push_back("Component");
    for (const auto& [name, type] : declarations_.effects) names.push_back(name);
    for (const auto& [name, type] : declarations_.components) names.push_back(name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(f.type.text, known);
    diagnostics_.add(
        f.type.at,
        fmt::format("no gate here enforces `{}`: it is neither declared nor in the vocabulary of effects", f.type.text),
        near ? fmt::format("did you mean `{}`?", *near) : fmt::format("effects are {}", names_of(all_kinds())));
  }

  bool is_component(std::string_view type) const { return type == "Component" || declarations_.components.contains(type); }

  void component_rule(std::uint32_t word, const syntax::Rule& rule, const syntax::Forall& f,
                      const Declarations::ComponentType& type) {
    auto compiled = compile_component_rule(f, type, declarations_, diagnostics_);
    if (!compiled) return;
    if (rule.severity && !compiled->check &&
        std::ranges::none_of(compiled->ceilings, [](const Ceiling& c) { return c.gauge >= Gauge::bandwidth; }))
      diagnostics_.add(rule.severity->at, "this rule is never violated: its gauges are limits of the task",
                       "leave the severity out");
    program_.component_rules.push_back({word, std::make_shared<const ComponentRule>(std::move(*compiled))});
  }

  void effect_rule(std::uint32_t word, const syntax::Rule& rule, const syntax::Forall& f, Kinds kinds,
                   std::optional<Expression> where) {
    const Scope scope = effect_scope(f.variable.text);
    Checker checker(declarations_, kinds, diagnostics_);
    constexpr Type boolean{Base::boolean, false};
    if (f.where) {
      auto more = checker.check(*f.where, scope, boolean);
      if (!more) return;
      if (where) more = join(Op::all, std::move(*where), std::move(*more));
      where = std::move(more);
    }
    auto body = checker.check(f.body, scope, boolean);
    if (!body) return;
    auto out = std::make_shared<EffectRule>();
    out->kinds = kinds;
    out->where = where;
    out->check = where ? join(Op::implies, std::move(*where), std::move(*body)) : std::move(*body);
    out->code = lower(out->check);
    probe(*out, rule, declarations_.own, diagnostics_);
    program_.effect_rules.push_back({word, std::move(out)});
  }

  static Expression join(Op op, Expression a, Expression b) {
    Expression e;
    e.op = op;
    e.at = b.at;
    e.parts.push_back(std::move(a));
    e.parts.push_back(std::move(b));
    return e;
  }

  const syntax::Policy& policy_;
  std::string_view file_;
  Program& program_;
  Diagnostics& diagnostics_;
  Declarations declarations_;
  std::set<std::string> names_;
  Responses responses_ = usual_responses;
  bool answered_ = false;
};

}  // namespace

Compiled compile(std::string_view text, std::string_view file) {
  Diagnostics diagnostics;
  Compiled out;
  const auto parsed = parse(text, diagnostics);
  auto program = std::make_shared<Program>();
  program->digest = digest(as_bytes(text));
  std::set<std::string> names;
  for (const auto& policy : parsed) {
    if (!names.insert(policy.name.text).second)
      diagnostics.add(policy.name.at, fmt::format("a second policy `{}`", policy.name.text));
    PolicyCompiler(policy, file, *program, diagnostics).run();
    Diagnostics said;  // once already
    auto cases = compile_cases(policy, own_kinds(policy, said), diagnostics);
    out.cases.insert(out.cases.end(), std::make_move_iterator(cases.begin()), std::make_move_iterator(cases.end()));
  }
  if (parsed.empty() && diagnostics.empty())
    diagnostics.add({0, 0, 1, 1}, "the file holds no policy", "write policy NAME { rule NAME { ... } }");
  if (diagnostics.empty()) {
    fill_tables(*program);
    out.program = std::move(program);
  }
  out.diagnostics = diagnostics.take();
  std::ranges::stable_sort(out.diagnostics, {}, [](const Diagnostic& d) { return d.at.offset; });
  return out;
}

Result<std::shared_ptr<const Program>> load(std::string_view text, std::string_view file) {
  auto compiled = compile(text, file);
  if (compiled.program) return std::move(compiled.program);
  const auto& first = compiled.diagnostics.front();
  const auto more = compiled.diagnostics.size() - 1;
  Error e = invalid(first.what, fmt::format("{}:{}:{}", escape_for_terminal(file), first.at.line, first.at.column), first.hint);
  if (more > 0) e.hint += fmt::format("{}{} more: writ policy check", e.hint.empty() ? "" : "; ", more);
  return e;
}

}  // namespace writ::authority::policy
