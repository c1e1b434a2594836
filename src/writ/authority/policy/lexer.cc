#include "writ/authority/policy/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "writ/authority/policy/compile.h"
#include "writ/base/escape.h"

namespace writ::authority::policy {
namespace {

constexpr std::array<std::string_view, 11> two_letter_marks{"=>", "==", "!=", "<=", ">=", "&&", "||", "::", "->", "..", "=~"};
constexpr std::string_view one_letter_marks = "{}()[]:;,.=<>!+-*/%_|";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// U+202A-202E, U+2066-2069, U+200E, U+200F, U+061C: the shown order of characters is not the order of the bytes.
bool turns_text_around(std::string_view sequence) {
  static constexpr std::array<std::string_view, 12> all{"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",
                                                        "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u061c"};
  return std::ranges::find(all, sequence) != all.end();
}

class Lexer {
 public:
  Lexer(std::string_view text, Diagnostics& diagnostics) : text_(text), diagnostics_(diagnostics) {}

  std::optional<std::vector<Token>> run() {
    if (text_.size() > largest_policy.value()) {
      diagnostics_.add({0, 1, 1, 1}, fmt::format("the file is longer than {} bytes", largest_policy.value()), "split it");
      return std::nullopt;
    }
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    while (true) {
      if (!skip_blanks()) return std::nullopt;
      if (at_ == text_.size()) break;
      if (!next()) return std::nullopt;
    }
    tokens_.push_back({TokenKind::end, "end of file", 0, here(0)});
    return std::move(tokens_);
  }

 private:
  Span here(std::size_t length) const { return {at_, length, line_, column_}; }
  bool fail(std::size_t length, std::string what, std::string hint = {}) {
    diagnostics_.add(here(length), std::move(what), std::move(hint));
    return false;
  }
  char peek(std::size_t n = 0) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }

  // Over one character that may stand in a policy, or says why it may not.
  bool step() {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      column_ = 1;
      ++at_;
      return true;
    }
    const auto n = utf8_sequence(text_.substr(at_));
    if (n == 0) return fail(1, "the file is not UTF-8 here", "save it as UTF-8");
    const auto sequence = text_.substr(at_, n);
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
      return fail(1, fmt::format("a control character (byte {}) does not belong in a policy", static_cast<unsigned char>(c)));
    if (turns_text_around(sequence)) return fail(n, "an invisible character that changes the order in which text is shown");
    at_ += n;
    ++column_;
    return true;
  }

  bool skip_blanks() {
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        step();
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < text_.size() && peek() != '\n')
          if (!step()) return false;
      } else if (c == '/' && peek(1) == '*') {
        const Span begin = here(2);
        at_ += 2, column_ += 2;
        while (!(peek() == '*' && peek(1) == '/')) {
          if (at_ >= text_.size()) return diagnostics_.add(begin, "this comment has no end", "close it with */"), false;
          if (!step()) return false;
        }
        at_ += 2, column_ += 2;
      } else {
        return true;
      }
    }
    return true;
  }

  void push(TokenKind kind, std::size_t length, std::string text, std::int64_t number = 0) {
    tokens_.push_back({kind, std::move(text), number, here(length)});
    at_ += length, column_ += static_cast<std::uint32_t>(length);
  }

  bool next() {
    const char c = peek();
    if (is_letter(c)) {
      std::size_t n = 1;
      while (is_letter(peek(n)) || is_digit(peek(n))) ++n;
      if (n > 128) return fail(n, "a name of more than 128 characters");
      push(TokenKind::word, n, std::string(text_.substr(at_, n)));
      return true;
    }
    if (is_digit(c)) return number();
    if (c == '"') return quoted();
    for (const auto mark : two_letter_marks)
      if (text_.substr(at_).starts_with(mark)) return push(TokenKind::mark, 2, std::string(mark)), true;
    if (one_letter_marks.find(c) != one_letter_marks.npos) return push(TokenKind::mark, 1, std::string(1, c)), true;
    const auto before = at_;
    const auto begin = here(1);
    if (!step()) return false;
    diagnostics_.add(begin,
                     fmt::format("`{}` has no meaning in a policy", escape_for_terminal(text_.substr(before, at_ - before))),
                     c == '\''  ? "texts stand between double quotes"
                     : c == '&' ? "and is written &&"
                                : "");
    return false;
  }

  // 100, 100.00; `100.MB` is the number 100, a point and a word.
  bool number() {
    std::size_t n = 1;
    while (is_digit(peek(n)) || peek(n) == '_') ++n;
    std::string digits(text_.substr(at_, n));
    std::erase(digits, '_');
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc()) return fail(n, "a number above 9223372036854775807");
    if (peek(n) != '.' || !is_digit(peek(n + 1))) {
      if (is_letter(peek(n))) return fail(n + 1, "a word stands right behind a number", "units are written like 100.MB");
      return push(TokenKind::number, n, std::move(digits), value), true;
    }
    std::size_t m = n + 1;
    std::int64_t part = 0, scale = amount_scale;
    for (; is_digit(peek(m)); ++m) {
      if (scale == 1) return fail(m + 1, "more than six digits after the point");
      scale /= 10;
      part += scale * (peek(m) - '0');
    }
    std::int64_t scaled = 0;
    if (__builtin_mul_overflow(value, amount_scale, &scaled) || __builtin_add_overflow(scaled, part, &scaled))
      return fail(m, "a number with a point above 9223372036854.775807");
    return push(TokenKind::decimal, m, std::string(text_.substr(at_, m)), scaled), true;
  }

  bool quoted() {
    Token token{TokenKind::text, {}, 0, here(1)};
    step();
    while (true) {
      if (at_ >= text_.size() || peek() == '\n') {
        diagnostics_.add(token.at, "this text has no end", "a text ends with a double quote on the same line");
        return false;
      }
      if (peek() == '"') break;
      const auto before = at_;
      if (peek() != '\\') {
        if (!step()) return false;
        token.text += text_.substr(before, at_ - before);
        continue;
      }
      static constexpr std::string_view escapes = "\"\\nt", meanings = "\"\\\n\t";
      const auto which = escapes.find(peek(1));
      if (which == escapes.npos || peek(1) == '\0') return fail(2, "an unknown escape in a text", "known are \\\" \\\\ \\n \\t");
      token.text += meanings[which];
      at_ += 2, column_ += 2;
    }
    step();
    token.at.length = at_ - token.at.offset;
    tokens_.push_back(std::move(token));
    return true;
  }

  std::string_view text_;
  Diagnostics& diagnostics_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
};

}  // namespace

std::optional<std::vector<Token>> tokens_of(std::string_view text, Diagnostics& diagnostics) {
  return Lexer(text, diagnostics).run();
}

}  // namespace writ::authority::policy
