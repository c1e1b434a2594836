#include "writ/authority/policy/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "writ/authority/policy/expression_parser.h"
#include "writ/base/nearest.h"

namespace writ::authority::policy {
namespace {

using namespace syntax;

class Parser {
 public:
  Parser(std::vector<Token> tokens, Diagnostics& diagnostics) : in_{std::move(tokens), diagnostics} {}

  File run() {
    File file;
    while (!in_.ended()) {
      if (!in_.is("policy")) {
        in_.unexpected("`policy NAME {`");
        skip_to_item(Depth::file);
        continue;
      }
      in_.advance();
      Policy policy;
      if (!name(policy.name) || !in_.expect("{")) {
        skip_to_item(Depth::file);
        continue;
      }
      while (!in_.ended() && !in_.is("}") && !in_.is("policy"))
        if (!item(policy)) skip_to_item(Depth::policy);
      if (!in_.expect("}")) skip_to_item(Depth::file);
      file.push_back(std::move(policy));
    }
    return file;
  }

 private:
  enum class Depth : std::uint8_t { file, policy };

  // To where the next item begins. Always goes on by at least a word.
  void skip_to_item(Depth depth) {
    static constexpr std::array<std::string_view, 4> begins{"rule", "test", "predicate", "policy"};
    for (bool first = true; !in_.ended(); first = false, in_.advance()) {
      if (first && !in_.is("policy")) continue;
      if (depth == Depth::file ? in_.is("policy") : std::ranges::any_of(begins, [&](auto w) { return in_.is(w); })) return;
    }
  }

  bool name(Word& out) {
    if (in_.token().kind != TokenKind::word) return in_.unexpected("a name");
    out = in_.take_word();
    return true;
  }
  bool text(Word& out) {
    if (in_.token().kind != TokenKind::text) return in_.unexpected("a text in double quotes");
    out = in_.take_word();
    return true;
  }
  // state.read
  bool dotted(Word& out) {
    if (!name(out)) return false;
    while (in_.is(".")) {
      in_.advance();
      Word more;
      if (!name(more)) return false;
      out.text += "." + more.text;
      out.at.length = more.at.offset + more.at.length - out.at.offset;
    }
    return true;
  }
  bool expression(Node& out) { return parse_expression(in_, out); }

  bool item(Policy& policy) {
    static constexpr std::array<std::string_view, 7> items{"rule", "effect", "type", "set", "capability", "predicate", "test"};
    if (in_.accept("rule")) return rule(policy);
    if (in_.accept("effect")) return effect(policy);
    if (in_.accept("type")) return type(policy);
    if (in_.accept("set")) return set(policy);
    if (in_.accept("capability")) return capability(policy);
    if (in_.accept("predicate")) return predicate(policy);
    if (in_.accept("test")) return test(policy);
    const auto near = nearest(in_.token().text, items);
    return in_.unexpected("rule, effect, type, set, capability, predicate or test", near ? fmt::format("did you mean `{}`?", *near) : "");
  }

  bool effect(Policy& policy) {
    EffectDeclaration d;
    if (!dotted(d.name)) return false;
    if (in_.accept("(")) {
      do {
        if (!name(d.fields.emplace_back())) return false;
      } while (in_.accept(","));
      if (!in_.expect(")")) return false;
    }
    if (!in_.expect(";")) return false;
    policy.effects.push_back(std::move(d));
    return true;
  }

  bool type(Policy& policy) {
    TypeDeclaration d;
    if (!name(d.name) || !in_.expect("=")) return false;
    do {
      if (!dotted(d.bases.emplace_back())) return false;
    } while (in_.accept("|"));
    if (in_.accept("where") && !expression(d.where.emplace())) return false;
    if (!in_.expect(";")) return false;
    policy.types.push_back(std::move(d));
    return true;
  }

  bool set(Policy& policy) {
    SetDeclaration d;
    if (!name(d.name) || !in_.expect("=") || !expression(d.values) || !in_.expect(";")) return false;
    policy.sets.push_back(std::move(d));
    return true;
  }

  bool capability(Policy& policy) {
    CapabilityDeclaration d;
    if (!name(d.name) || !in_.expect("=") || !text(d.grant) || !in_.expect(";")) return false;
    policy.capabilities.push_back(std::move(d));
    return true;
  }

  bool predicate(Policy& policy) {
    PredicateDeclaration d;
    if (!name(d.name) || !in_.expect("(")) return false;
    do {
      auto& p = d.parameters.emplace_back();
      if (!name(p.name) || !in_.expect(":") || !dotted(p.type)) return false;
    } while (in_.accept(","));
    if (!in_.expect(")") || !in_.expect("=") || !expression(d.body) || !in_.expect(";")) return false;
    policy.predicates.push_back(std::move(d));
    return true;
  }

  bool rule(Policy& policy) {
    Rule r;
    if (!name(r.name)) return false;
    if (in_.accept("severity") && !name(r.severity.emplace())) return false;
    if (!in_.expect("{")) return false;
    if (in_.accept("forall")) {
      Forall f;
      if (!name(f.variable) || !in_.expect(":") || !dotted(f.type)) return false;
      if (in_.accept("where") && !expression(f.where.emplace())) return false;
      if (!in_.expect("{") || !expression(f.body) || !in_.expect("}")) return false;
      r.body = std::move(f);
    } else if (in_.accept("on")) {
      OnViolation o;
      if (!name(o.variable) || !in_.expect(":") || !name(o.type) || !in_.expect("{") || !arms(o) || !in_.expect("}"))
        return false;
      r.body = std::move(o);
    } else {
      return in_.unexpected("`forall NAME: TYPE { ... }` or `on NAME: SecurityViolation { ... }`");
    }
    if (!in_.expect("}")) return false;
    policy.rules.push_back(std::move(r));
    return true;
  }

  // match violation.severity { Low => log_and_continue(), ... }
  bool arms(OnViolation& o) {
    Word of, member;
    if (!in_.expect("match") || !name(of) || !in_.expect(".") || !name(member) || !in_.expect("{")) return false;
    if (of.text != o.variable.text || member.text != "severity") {
      in_.diagnostics().add(of.at, "only the severity of the violation can be matched",
                            fmt::format("write match {}.severity", o.variable.text));
      return false;
    }
    while (!in_.is("}")) {
      auto& arm = o.arms.emplace_back();
      if (!name(arm.severity) || !in_.expect("=>") || !name(arm.action)) return false;
      if (in_.accept("(") && !in_.expect(")")) return false;
      if (!in_.accept(",")) break;
    }
    return in_.expect("}");
  }

  bool test(Policy& policy) {
    Test t;
    if (!text(t.name) || !in_.expect("{")) return false;
    while (!in_.is("}")) {
      if (in_.is("capability") || in_.is("component")) {
        Given g;
        const bool is_component = in_.is("component");
        g.name = in_.take_word();
        if (is_component && (!name(g.name) || !in_.expect("="))) return false;
        if (!text(g.value) || !in_.expect(";")) return false;
        t.givens.push_back(std::move(g));
        continue;
      }
      if (!in_.is("allow") && !in_.is("deny")) return in_.unexpected("capability, component, allow, deny or }");
      Case c;
      c.verdict = in_.take_word();
      if (!text(c.effect)) return false;
      if (in_.accept("with")) {
        do {
          auto& [field, value] = c.values.emplace_back();
          if (!name(field) || !in_.expect("=") || !expression(value)) return false;
        } while (in_.accept(","));
      }
      if (in_.accept("by")) {
        do {
          if (!name(c.by.emplace_back())) return false;
        } while (in_.accept(","));
      }
      if (!in_.expect(";")) return false;
      t.cases.push_back(std::move(c));
    }
    if (!in_.expect("}")) return false;
    policy.tests.push_back(std::move(t));
    return true;
  }

  TokenReader in_;
};

}  // namespace

syntax::File parse(std::string_view text, Diagnostics& diagnostics) {
  auto tokens = tokens_of(text, diagnostics);
  if (!tokens) return {};
  return Parser(std::move(*tokens), diagnostics).run();
}

}  // namespace writ::authority::policy
