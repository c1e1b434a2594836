#include "tests/models/policy/random_policy.h"

#include <fmt/format.h>

namespace writ::policy_model {
namespace {

std::size_t below(Random& r, std::size_t n) { return r() % n; }

template <std::size_t N>
std::string one_of(Random& r, const char* const (&all)[N]) {
  return all[below(r, N)];
}

std::string resource(Random& r) {
  return one_of(r, {"a", "a/b", "a/b/c", "orders/1", "orders/2/x", "/etc/passwd", "/etc/x/y", "/usr", "HOME", "AWS_KEY"});
}
std::string pattern(Random& r) {
  return one_of(r, {"a", "a/", "a/**", "a/*", "**/c", "orders/*", "orders/", "orders/*/x", "/etc/", "/etc/*", "/**/y",
                    "/etc/pass*d", "HOME", "AWS_*", "*", "**"});
}

std::string size_of(Random& r, int depth) {
  switch (below(r, depth > 0 ? 8 : 4)) {
    case 0:
    case 1: return one_of(r, {"effect.size", "operation.bytes", "e.size", "e.bytes"});
    case 2: return fmt::format("{}.{}", below(r, 5), one_of(r, {"B", "KB", "KiB"}));
    case 3: return one_of(r, {"capability.max_size", "9223372036854775807.B"});
    case 4: return fmt::format("({} {} {})", size_of(r, depth - 1), one_of(r, {"+", "-", "%"}), size_of(r, depth - 1));
    case 5: return fmt::format("{} * {}", size_of(r, 0), below(r, 4));
    case 6: return fmt::format("({}) / {}", size_of(r, depth - 1), below(r, 3));
    default: return fmt::format("-{}", size_of(r, 0));
  }
}

std::string number_of(Random& r) {
  return one_of(r, {"component.effect_count", "component.denied_count", "capability.max_uses", "3", "0", "e.bytes / e.size", "-1",
                    "component.effect_count % 3", "component.effect_count * component.denied_count"});
}

std::string truth(Random& r, int depth) {
  const auto sub = [&] { return truth(r, depth - 1); };
  if (below(r, 12) == 0)
    return fmt::format("{} {} {}", one_of(r, {"e.amount", "effect.amount", "capability.max_amount", "e.amount * 2", "2.00"}),
                       one_of(r, {"<", "<=", ">", ">=", "==", "!="}), one_of(r, {"1.50", "capability.max_amount", "0.00", "e.amount + 1.00"}));
  switch (below(r, depth > 0 ? 17 : 11)) {
    case 0:
    case 1: return fmt::format("{} {} {}", size_of(r, depth), one_of(r, {"<", "<=", ">", ">=", "==", "!="}), size_of(r, depth));
    case 2: return fmt::format("{} {} {}", number_of(r), one_of(r, {"<", "<=", ">", ">=", "==", "!="}), number_of(r));
    case 3: return fmt::format("e.resource like \"{}\"", pattern(r));
    case 4: return fmt::format("effect.resource {} \"{}\"", one_of(r, {"==", "!="}), resource(r));
    case 5: return fmt::format("e.resource in [\"{}\", \"{}\"]", resource(r), resource(r));
    case 6:
      return fmt::format("e.kind {} \"{}\"", one_of(r, {"==", "!="}),
                         one_of(r, {"state.read", "state.write", "env", "file.read", "a.pay"}));
    case 7: return fmt::format("capability.bounds(\"{}\")", one_of(r, {"max_size", "uses"}));
    case 8: return fmt::format("component.has_label(\"{}\")", one_of(r, {"team=a", "team=b"}));
    case 9: return fmt::format("component.name {} \"{}\"", one_of(r, {"==", "like"}), one_of(r, {"job", "other"}));
    case 10:
      return one_of(r, {"e.resource.starts_with(\"a\")", "e.resource.contains(\"/\")", "e.resource.is_known()", "small(e.size)",
                        "e.kind in kinds"});
    case 11: return fmt::format("({} && {})", sub(), sub());
    case 12: return fmt::format("({} || {})", sub(), sub());
    case 13: return fmt::format("({} && {} && {})", sub(), sub(), sub());
    case 14: return fmt::format("!({})", sub());
    case 15: return fmt::format("({} implies {})", sub(), sub());
    default: return fmt::format("({} || {} || {})", sub(), sub(), sub());
  }
}

}  // namespace

std::string random_policy(Random& r) {
  std::string text =
      "policy P {\n effect a.pay(amount);\n type Paid = a.pay | env;\n set kinds = [\"state.read\", \"env\"];\n"
      " predicate is_known(x: Text) = x == \"a\" || x like \"H*\";\n"
      " predicate small(s: Size) = s < 2.KB || s / 0 > 1.B;\n";
  const auto rules = 1 + below(r, 4);
  for (std::size_t i = 0; i < rules; ++i) {
    const auto type = one_of(r, {"Effect", "StateEffect", "StateWrite", "FileRead", "env", "state.read", "a.pay", "OwnEffect", "Paid"});
    const auto where = below(r, 2) == 0 ? std::string() : " where " + truth(r, 2);
    text += fmt::format(" rule r{} {{ forall e: {}{} {{ {} }} }}\n", i, type, where, truth(r, 3));
  }
  return text + "}\n";
}

Case random_case(Random& r) {
  Case c;
  c.kind = one_of(r, {"state.read", "state.write", "file.read", "env", "clock.real", "a.pay"});
  if (c.kind.starts_with("state.")) c.resource = one_of(r, {"a", "a/b", "a/b/c", "orders/1", "orders/2/x", "orders/", "b"});
  if (c.kind == "file.read") c.resource = one_of(r, {"/etc/passwd", "/etc/x/y", "/etc/", "/usr", "/home/y"});
  if (c.kind == "a.pay") c.resource = one_of(r, {"HOME", "a", "AWS_KEY"});
  if (c.kind == "a.pay" && below(r, 4) != 0) c.amount = below(r, 4) * 500'000;
  if (c.kind == "a.pay" && below(r, 2) == 0) c.max_amount = below(r, 4) * 500'000;
  if (c.kind == "env") c.resource = one_of(r, {"HOME", "AWS_KEY", "a"});
  const auto size = [&] { return below(r, 8) == 0 ? r() : below(r, 4) * 1000 + below(r, 3) * 12; };
  c.bytes = size() >> 1;
  c.size = size() >> 1;
  c.effects = below(r, 5);
  c.denied = below(r, 3);
  if (below(r, 2) == 0) c.max_size = below(r, 4000);
  if (below(r, 2) == 0) c.max_uses = below(r, 5);
  c.component = one_of(r, {"job", "other", "third"});
  if (below(r, 2) == 0) c.labels.insert("team=a");
  return c;
}

}  // namespace writ::policy_model
