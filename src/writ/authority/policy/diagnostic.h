// Diagnostic: what is wrong with a policy file and where, as a person reads it (a caret below the line) and as an editor
// wants it (ranges counted from 0 in UTF-16, as the Language Server Protocol has it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace writ::authority::policy {

// A piece of the file. Bytes; the line and the column (in characters) are counted from 1.
struct Span {
  std::size_t offset = 0, length = 0;
  std::uint32_t line = 1, column = 1;
  friend bool operator==(const Span&, const Span&) = default;
};

struct Diagnostic {
  Span at;
  std::string what;  // one sentence without a full stop
  std::string hint;  // what would be right; may be empty
};

// "pay.policy:12:5: what; hint", the line, and a caret below the piece. Safe for a terminal.
std::string render(const Diagnostic&, std::string_view text, std::string_view file);

struct Position {
  std::uint32_t line = 0, character = 0;  // from 0; UTF-16 code units
};
struct Range {
  Position start, end;
};
Range range_of(const Span&, std::string_view text);

// Collects what is wrong; more than `most` would only follow from the first ones.
class Diagnostics {
 public:
  static constexpr std::size_t most = 50;
  void add(Span at, std::string what, std::string hint = {}) {
    if (found_.size() < most) found_.push_back({at, std::move(what), std::move(hint)});
  }
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size(); }
  std::vector<Diagnostic> take() { return std::move(found_); }

 private:
  std::vector<Diagnostic> found_;
};

}  // namespace writ::authority::policy
