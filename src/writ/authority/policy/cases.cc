// Cases that are written in the file: read here, run by `writ policy test` (trial.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "writ/authority/policy/compiler.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"

namespace writ::authority::policy {
namespace {

// The bytes that %XX stands for; `*` as a wildcard is none.
Result<std::string> literal_resource(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*')
      return invalid("an effect has one resource, not a pattern", escape_for_terminal(text), "a literal star is written %2A");
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return invalid("% without two hex digits", escape_for_terminal(text));
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

class CaseCompiler {
 public:
  CaseCompiler(const syntax::Policy& policy, const effect::OwnKinds& own, Diagnostics& diagnostics)
      : policy_(policy), own_(own), diagnostics_(diagnostics) {}

  std::vector<CaseWord> run() {
    for (const auto& test : policy_.tests) {
      CaseWord given;
      given.policy = policy_.name.text;
      given.test = test.name.text;
      for (const auto& g : test.givens) add(g, given);
      if (test.cases.empty()) diagnostics_.add(test.name.at, "a test without a case", "write allow or deny \"EFFECT:RESOURCE\";");
      for (const auto& c : test.cases) add(c, given);
    }
    return std::move(out_);
  }

 private:
  void add(const syntax::Given& g, CaseWord& to) {
    const std::array<std::pair<std::string_view, std::string*>, 4> members{{{"name", &to.component.name},
                                                                            {"code", &to.component.code},
                                                                            {"digest", &to.component.digest},
                                                                            {"fence", &to.component.fence}}};
    if (g.name.text == "capability") {
      auto grant = parse_grant(g.value.text, "/", WallTime{}, own_);
      if (!grant) return diagnostics_.add(g.value.at, "not a grant: " + grant.error().what, grant.error().hint);
      to.capabilities.push_back(std::move(*grant));
      return;
    }
    if (g.name.text == "label") return to.component.labels.push_back(g.value.text);
    for (const auto& [name, member] : members)
      if (name == g.name.text) {
        *member = g.value.text;
        return;
      }
    diagnostics_.add(g.name.at, fmt::format("a component has no `{}` that a test could give it", g.name.text),
                     "name, code, digest, fence or label");
  }

  void add(const syntax::Case& c, CaseWord given) {
    given.line = c.verdict.at.line;
    given.wanted = c.verdict.text == "allow" ? CaseWord::Wanted::allow : CaseWord::Wanted::deny;
    auto effect = parse_effect(c.effect.text, own_);
    if (!effect) return diagnostics_.add(c.effect.at, effect.error().what, effect.error().hint);
    given.effect = std::move(*effect);
    for (const auto& [name, node] : c.values) value(name, node, given);
    for (const auto& rule : c.by) {
      if (given.wanted == CaseWord::Wanted::allow)
        diagnostics_.add(rule.at, "what is allowed is refused by no rule", "leave `by` out");
      const auto known = std::ranges::any_of(policy_.rules, [&](const auto& r) { return r.name.text == rule.text; }) ||
                         rule.text == "capability";
      if (!known) diagnostics_.add(rule.at, fmt::format("this policy has no rule `{}`", rule.text));
      given.by.push_back(rule.text);
    }
    out_.push_back(std::move(given));
  }

  void value(const syntax::Word& name, const syntax::Node& node, CaseWord& to) {
    struct Member {
      std::string_view name;
      Base base;
      std::uint64_t* value;
    };
    const std::array<Member, 4> members{{{"bytes", Base::size, &to.effect.bytes},
                                         {"size", Base::size, &to.effect.size},
                                         {"effect_count", Base::number, &to.effects},
                                         {"denied_count", Base::number, &to.denied}}};
    for (const auto& m : members) {
      if (m.name != name.text) continue;
      const Declarations none;
      const auto e = Checker(none, no_kinds, diagnostics_).check(node, {}, {m.base, false});
      if (!e) return;
      if (e->op != Op::constant || e->number < 0) return diagnostics_.add(node.at, "a constant that is not below zero is wanted");
      *m.value = static_cast<std::uint64_t>(e->number);
      return;
    }
    const auto* kind = to.effect.kind == effect::Kind::own ? own_.find(effect::named(to.effect).effect) : nullptr;
    if (kind != nullptr && std::ranges::find(kind->fields, name.text) != kind->fields.end()) return field(name, node, to);
    diagnostics_.add(name.at, fmt::format("an effect of a test has no `{}`", name.text),
                     "bytes, size, effect_count or denied_count");
  }

  void field(const syntax::Word& name, const syntax::Node& node, CaseWord& to) {
    const Declarations none;
    const auto e = Checker(none, no_kinds, diagnostics_).check(node, {}, {Base::amount, false});
    if (!e) return;
    if (e->op != Op::constant || e->number < 0) return diagnostics_.add(node.at, "a constant that is not below zero is wanted");
    auto& fields = to.effect.fields;
    std::erase_if(fields, [&](const effect::Field& f) { return f.name == name.text; });
    fields.insert(std::ranges::lower_bound(fields, name.text, {}, &effect::Field::name), {name.text, {static_cast<std::uint64_t>(e->number)}});
  }

  const syntax::Policy& policy_;
  const effect::OwnKinds& own_;
  Diagnostics& diagnostics_;
  std::vector<CaseWord> out_;
};

}  // namespace

Result<effect::Effect> parse_effect(std::string_view text, const effect::OwnKinds& own) {
  const auto colon = text.find(':');
  const auto word = text.substr(0, colon);
  if (const auto* kind = own.find(word)) {
    WRIT_TRY(auto parsed, effect::parse_own_effect(text));
    for (const auto& f : parsed.fields)
      if (std::ranges::find(kind->fields, f.name) == kind->fields.end())
        return invalid(fmt::format("`{}` has no field `{}`", word, f.name), {}, fmt::format("it has {}", fmt::join(kind->fields, ", ")));
    return effect::Effect{.kind = effect::Kind::own, .resource = std::move(parsed.resource), .fields = std::move(parsed.fields)};
  }
  const auto kind = effect::find_kind(word);
  if (!kind) {
    std::vector<std::string_view> known;
    for (const auto& w : effect::vocabulary) known.push_back(w.name);
    for (const auto& k : own.declared()) known.push_back(k.name);
    const auto near = nearest(word, known);
    return invalid(fmt::format("unknown effect `{}`", escape_for_terminal(word)), {},
                   near ? fmt::format("did you mean `{}`?", *near) : "writ help effects lists them");
  }
  effect::Effect e{*kind, {}, 0, 0};
  const auto form = effect::word(*kind).resource;
  if (form == effect::ResourceForm::none) {
    if (colon != text.npos) return invalid(fmt::format("`{}` has no resource", word));
    return e;
  }
  if (colon == text.npos || colon + 1 == text.size())
    return invalid(fmt::format("`{}` needs a resource", word), {}, fmt::format("write {}:RESOURCE", word));
  WRIT_TRY(e.resource, literal_resource(text.substr(colon + 1)));
  if (form == effect::ResourceForm::host_path && !e.resource.starts_with('/'))
    return invalid("a host path begins with /", escape_for_terminal(e.resource));
  WRIT_CHECK(Pattern::literal(e.resource, form));
  return e;
}

std::vector<CaseWord> compile_cases(const syntax::Policy& policy, const effect::OwnKinds& own, Diagnostics& diagnostics) {
  return CaseCompiler(policy, own, diagnostics).run();
}

}  // namespace writ::authority::policy
