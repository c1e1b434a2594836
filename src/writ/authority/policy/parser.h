// The parser: words to the tree of syntax.h. Recursive descent with a bound on its depth; after a mistake in one item it
// goes on with the next, so that an editor sees all of them.
#pragma once

#include <optional>

#include "writ/authority/policy/lexer.h"
#include "writ/authority/policy/syntax.h"

namespace writ::authority::policy {

inline constexpr std::size_t max_nesting = 64;    // of parentheses, sets, signs and calls in one expression
inline constexpr std::size_t max_nodes = 32'768;  // of one expression: what an evaluation may cost stays bounded

// Whatever could be read. The file is right only if there are no diagnostics.
syntax::File parse(std::string_view text, Diagnostics&);

}  // namespace writ::authority::policy
