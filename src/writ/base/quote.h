// Names as git writes them in patches and lists (core.quotePath): as they are, or between double quotes with C's escapes and
// octal numbers where a byte is a control character, a quote, a backslash or not ASCII. So what is printed is one line, plain
// ASCII, and can be read back.
#pragma once

#include <string>
#include <string_view>

namespace writ {
std::string quote_as_git(std::string_view name);
}  // namespace writ
