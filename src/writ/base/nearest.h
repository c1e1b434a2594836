// The nearest word that exists, for "unknown X; did you mean Y?". Damerau-Levenshtein distance of at most a third of
// the word (at least 1); nothing if none is near.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace writ {
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);
}
