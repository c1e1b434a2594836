// How the compiler names a word of the file, and the word that was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "writ/base/escape.h"
#include "writ/base/nearest.h"

namespace writ::authority::policy {

inline std::string quote(std::string_view word) {
  constexpr std::size_t longest = 60;
  return "`" + escape_for_terminal(word.substr(0, longest)) + "`";
}

inline std::string hint_of(std::string_view word, std::span<const std::string_view> known, std::string fallback = {}) {
  const auto near = nearest(word, known);
  return near ? "did you mean " + quote(*near) + "?" : fallback;
}

}  // namespace writ::authority::policy
