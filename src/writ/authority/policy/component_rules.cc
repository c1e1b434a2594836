// Rules about components: gauges become ceilings, which the machine enforces; the rest is looked at when the task is
// admitted. Whatever is neither is refused.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "writ/authority/policy/compiler.h"

namespace writ::authority::policy {
namespace {

using syntax::Node;
using syntax::NodeKind;

const GaugeWord* gauge_of(const Node& n, std::string_view variable) {
  if (n.kind != NodeKind::member || n.parts[0].kind != NodeKind::name) return nullptr;
  if (n.parts[0].word != variable && n.parts[0].word != "component") return nullptr;
  for (const auto& g : gauges())
    if (g.name == n.word) return &g;
  return nullptr;
}

// `gauge <= constant`, also written from the other side.
void ceiling(const GaugeWord& gauge, std::string_view mark, const Node& whole, const Node& constant,
             const Declarations& declarations, ComponentRule& out, Diagnostics& diagnostics) {
  if (!gauge.gauge)
    return diagnostics.add(whole.at, fmt::format("`{}` cannot be enforced here", gauge.name), std::string(gauge.enforced_by));
  if (mark != "<" && mark != "<=")
    return diagnostics.add(whole.at, fmt::format("`{}` can only be bounded from above", gauge.name),
                           fmt::format("write {} <= ...", gauge.name));
  auto bound = Checker(declarations, no_kinds, diagnostics).check(constant, {}, {gauge.base, false});
  if (!bound) return;
  if (bound->op != Op::constant)
    return diagnostics.add(constant.at, fmt::format("`{}` is bounded by a constant, set before the task begins", gauge.name));
  const std::int64_t most = bound->number - (mark == "<" ? 1 : 0);
  if (most < 1) return diagnostics.add(whole.at, fmt::format("with this bound on `{}` no task could run at all", gauge.name));
  out.ceilings.push_back({*gauge.gauge, most});
}

}  // namespace

std::optional<ComponentRule> compile_component_rule(const syntax::Forall& rule, const Declarations::ComponentType& type,
                                                    const Declarations& declarations, Diagnostics& diagnostics) {
  ComponentRule out;
  const auto before = diagnostics.size();
  const Scope scope = component_scope(rule.variable.text);
  const auto fixed = [&](const Node& node) -> std::optional<Expression> {
    auto e = Checker(declarations, no_kinds, diagnostics).check(node, scope, {Base::boolean, false});
    if (e && e->depends_on(Varies::each_effect)) {
      diagnostics.add(node.at, "a component is judged when it is admitted, before it has tried anything",
                      "bound it in a rule about effects");
      return std::nullopt;
    }
    return e;
  };
  const auto conjoin = [](std::optional<Expression>& to, std::optional<Expression> more) {
    if (!more) return;
    if (!to) {
      to = std::move(more);
      return;
    }
    Expression both;
    both.op = Op::all;
    both.at = to->at;
    both.parts.push_back(std::move(*to));
    both.parts.push_back(std::move(*more));
    to = std::move(both);
  };
  out.where = type.where;
  if (rule.where) conjoin(out.where, fixed(*rule.where));
  const bool chain = rule.body.kind == NodeKind::binary && rule.body.word == "&&";
  for (const auto& part : chain ? rule.body.parts : std::vector{rule.body}) {
    if (part.kind == NodeKind::binary && part.parts.size() == 2) {
      static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> turned{
          {{"<", ">"}, {"<=", ">="}, {">", "<"}, {">=", "<="}, {"==", "=="}, {"!=", "!="}}};
      const auto mark = std::ranges::find(turned, part.word, &std::pair<std::string_view, std::string_view>::first);
      if (mark != turned.end()) {
        if (const auto* g = gauge_of(part.parts[0], rule.variable.text)) {
          ceiling(*g, part.word, part, part.parts[1], declarations, out, diagnostics);
          continue;
        }
        if (const auto* g = gauge_of(part.parts[1], rule.variable.text)) {
          ceiling(*g, mark->second, part, part.parts[0], declarations, out, diagnostics);
          continue;
        }
      }
    }
    conjoin(out.check, fixed(part));
  }
  if (diagnostics.size() != before) return std::nullopt;
  return out;
}

}  // namespace writ::authority::policy
