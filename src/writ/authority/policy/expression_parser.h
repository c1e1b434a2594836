// Expressions of the policy language, loosest first: implies, ||, &&, comparison (once), + -, * / %, ! -, then members
// and calls. Chains of && and || are one node with many parts, so that a tree is never deeper than max_nesting allows.
#pragma once

#include "writ/authority/policy/lexer.h"
#include "writ/authority/policy/syntax.h"

namespace writ::authority::policy {

// The words yet to be read; what is wrong is said once, at the word where it is seen.
class TokenReader {
 public:
  TokenReader(std::vector<Token> tokens, Diagnostics& diagnostics) : tokens_(std::move(tokens)), diagnostics_(diagnostics) {}

  const Token& token() const { return tokens_[at_]; }
  const Token& previous() const { return tokens_[at_ == 0 ? 0 : at_ - 1]; }
  bool ended() const { return token().kind == TokenKind::end; }
  bool is(std::string_view word_or_mark) const {
    return (token().kind == TokenKind::word || token().kind == TokenKind::mark) && token().text == word_or_mark;
  }
  void advance() {
    if (!ended()) ++at_;
  }
  bool accept(std::string_view word_or_mark) {
    if (!is(word_or_mark)) return false;
    advance();
    return true;
  }
  bool expect(std::string_view word_or_mark);
  bool unexpected(std::string_view wanted, std::string hint = {});  // always false
  syntax::Word take_word() {
    syntax::Word w{token().text, token().at};
    advance();
    return w;
  }
  Diagnostics& diagnostics() { return diagnostics_; }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Diagnostics& diagnostics_;
};

bool parse_expression(TokenReader&, syntax::Node& out);

}  // namespace writ::authority::policy
