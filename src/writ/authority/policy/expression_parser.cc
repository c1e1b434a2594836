#include "writ/authority/policy/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "writ/authority/policy/parser.h"
#include "writ/base/escape.h"

namespace writ::authority::policy {
namespace {

using namespace syntax;

constexpr std::array<std::string_view, 14> reserved{"true", "false",  "in",   "like",      "implies", "where", "forall",
                                                    "rule", "policy", "type", "predicate", "match",   "on",    "test"};
constexpr std::array<std::string_view, 8> comparisons{"==", "!=", "<", "<=", ">", ">=", "in", "like"};
constexpr std::array<std::string_view, 2> sums{"+", "-"};
constexpr std::array<std::string_view, 3> products{"*", "/", "%"};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenReader& in) : in_(in) {}

  bool implication(Node& out) {
    if (!deeper()) return false;
    if (!chain(out, "||", &ExpressionParser::conjunction)) return false;
    if (in_.is("implies")) {
      Node whole = begin(NodeKind::binary, out);
      whole.parts.push_back(std::move(out));
      in_.advance();
      if (!implication(whole.parts.emplace_back())) return false;
      out = finish(std::move(whole));
    }
    --depth_;
    return count();
  }

 private:
  using Level = bool (ExpressionParser::*)(Node&);

  bool deeper() {
    if (++depth_ <= max_nesting) return true;
    return in_.unexpected("an expression that is less deep",
                          fmt::format("at most {} levels; name a part as a predicate", max_nesting));
  }
  bool count() {
    if (++nodes_ <= max_nodes) return true;
    return in_.unexpected("a shorter expression", fmt::format("at most {} parts; split the rule", max_nodes));
  }
  Node begin(NodeKind kind, const Node& first) const { return {kind, first.at, in_.token().text, 0, {}}; }
  Node finish(Node n) const {
    const auto& last = in_.previous().at;
    n.at.length = last.offset + last.length - n.at.offset;
    return n;
  }

  bool conjunction(Node& out) { return chain(out, "&&", &ExpressionParser::comparison); }

  bool chain(Node& out, std::string_view mark, Level next) {
    if (!(this->*next)(out)) return false;
    if (!in_.is(mark)) return true;
    Node whole = begin(NodeKind::binary, out);
    whole.parts.push_back(std::move(out));
    while (in_.accept(mark))
      if (!(this->*next)(whole.parts.emplace_back()) || !count()) return false;
    out = finish(std::move(whole));
    return count();
  }

  bool comparison(Node& out) {
    if (!left_chain(out, sums, &ExpressionParser::product)) return false;
    if (std::ranges::none_of(comparisons, [&](auto m) { return in_.is(m); })) return true;
    Node whole = begin(NodeKind::binary, out);
    whole.parts.push_back(std::move(out));
    in_.advance();
    if (!left_chain(whole.parts.emplace_back(), sums, &ExpressionParser::product)) return false;
    if (std::ranges::any_of(comparisons, [&](auto m) { return in_.is(m); }))
      return in_.unexpected("&& or || between two comparisons", "a < b < c is written a < b && b < c");
    out = finish(std::move(whole));
    return count();
  }

  bool product(Node& out) { return left_chain(out, products, &ExpressionParser::sign); }

  template <std::size_t N>
  bool left_chain(Node& out, const std::array<std::string_view, N>& marks, Level next) {
    if (!(this->*next)(out)) return false;
    const auto depth = depth_;
    while (std::ranges::any_of(marks, [&](auto m) { return in_.is(m); })) {
      if (!deeper()) return false;
      Node whole = begin(NodeKind::binary, out);
      whole.parts.push_back(std::move(out));
      in_.advance();
      if (!(this->*next)(whole.parts.emplace_back()) || !count()) return false;
      out = finish(std::move(whole));
    }
    depth_ = depth;
    return true;
  }

  bool sign(Node& out) {
    if (!in_.is("!") && !in_.is("-")) return postfix(out);
    if (!deeper()) return false;
    Node whole{NodeKind::unary, in_.token().at, in_.token().text, 0, {}};
    in_.advance();
    if (!sign(whole.parts.emplace_back()) || !count()) return false;
    --depth_;
    out = finish(std::move(whole));
    return true;
  }

  bool postfix(Node& out) {
    if (!primary(out)) return false;
    for (std::size_t n = 0; in_.accept("."); ++n) {
      if (n == max_nesting) return in_.unexpected("fewer members");
      if (in_.token().kind != TokenKind::word) return in_.unexpected("a member, a predicate or a unit");
      const Word word = in_.take_word();
      if (out.kind == NodeKind::number || out.kind == NodeKind::decimal) {
        if (out.kind == NodeKind::decimal)
          return in_.diagnostics().add(out.at, "a number with a point has no unit", "write 1500.MB"), false;
        out.kind = NodeKind::quantity;
        out.word = word.text;
        if (in_.accept("(") && !in_.expect(")")) return false;
        out = finish(std::move(out));
        continue;
      }
      Node whole{NodeKind::member, out.at, word.text, 0, {}};
      whole.parts.push_back(std::move(out));
      if (in_.accept("(")) {
        whole.kind = NodeKind::call;
        if (!arguments(whole)) return false;
      }
      out = finish(std::move(whole));
      if (!count()) return false;
    }
    return true;
  }

  bool arguments(Node& call) {
    if (in_.accept(")")) return true;
    do {
      if (!implication(call.parts.emplace_back())) return false;
    } while (in_.accept(","));
    return in_.expect(")");
  }

  bool primary(Node& out) {
    if (!count()) return false;
    const Token token = in_.token();
    out = {NodeKind::boolean, token.at, token.text, token.number, {}};
    switch (token.kind) {
      case TokenKind::number: out.kind = NodeKind::number; break;
      case TokenKind::decimal: out.kind = NodeKind::decimal; break;
      case TokenKind::text: out.kind = NodeKind::text; break;
      case TokenKind::word:
        if (token.text == "true" || token.text == "false") {
          out.number = token.text == "true" ? 1 : 0;
          break;
        }
        if (std::ranges::find(reserved, token.text) != reserved.end()) return in_.unexpected("a value");
        out.kind = NodeKind::name;
        in_.advance();
        if (!in_.accept("(")) return true;
        out.kind = NodeKind::call;
        if (!arguments(out)) return false;
        out = finish(std::move(out));
        return true;
      case TokenKind::mark:
        if (in_.accept("(")) return implication(out) && in_.expect(")");
        if (in_.accept("[")) return set(out);
        return in_.unexpected("a value");
      case TokenKind::end: return in_.unexpected("a value");
    }
    in_.advance();
    return true;
  }

  bool set(Node& out) {
    out.kind = NodeKind::set;
    out.word.clear();
    if (!deeper()) return false;
    while (!in_.is("]")) {
      if (!implication(out.parts.emplace_back())) return false;
      if (!in_.accept(",")) break;
    }
    if (!in_.expect("]")) return false;
    --depth_;
    out = finish(std::move(out));
    return true;
  }

  TokenReader& in_;
  std::size_t depth_ = 0, nodes_ = 0;
};

}  // namespace

bool TokenReader::expect(std::string_view word_or_mark) {
  if (accept(word_or_mark)) return true;
  return unexpected(fmt::format("`{}`", word_or_mark));
}

bool TokenReader::unexpected(std::string_view wanted, std::string hint) {
  constexpr std::size_t longest = 40;
  std::string found = escape_for_terminal(token().text.substr(0, longest));
  if (token().kind == TokenKind::text)
    found = "\"" + found + "\"";
  else if (!ended())
    found = "`" + found + "`";
  diagnostics_.add(token().at, fmt::format("found {} where {} was expected", found, wanted), std::move(hint));
  return false;
}

bool parse_expression(TokenReader& in, Node& out) { return ExpressionParser(in).implication(out); }

}  // namespace writ::authority::policy
