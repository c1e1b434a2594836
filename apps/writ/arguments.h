// Arguments: the command line, taken apart by the table of words.h and by nothing else.
//
// --name VALUE and --name=VALUE mean the same, an empty value is a value, an option of one value is given once, and the
// three global options stand before or after the command. What follows the first operand of `run`, or `--`, belongs to
// the guest and is not looked at, except to warn. Why not CLI11:
// docs/decisions/0008-own-argument-table.md.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "words.h"
#include "writ/base/result.h"

namespace writ::cli {

enum class Form : unsigned char { text, document, lines };

struct Arguments {
  const CommandWord* command = nullptr;  // none: only global options were given
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  std::vector<std::string> operands;
  bool after_mark = false;  // the operands came after `--`
  Form form = Form::text;

  bool has(std::string_view option) const { return options.contains(option); }
  std::optional<std::string> value(std::string_view option) const;
  std::span<const std::string> values(std::string_view option) const;
};

// Every failure is one of usage (64), except `unsupported`, which is a word of a later version (69).
Result<Arguments> parse_arguments(std::span<const std::string> words);

// --json asked for anywhere before the guest's part: how an error is to be told when the rest could not be read.
Form form_of(std::span<const std::string> words);

// A whole number that an option was given, within [least, most].
Result<std::uint64_t> parse_number(std::string_view text, std::string_view where, std::uint64_t least,
                                   std::uint64_t most);

}  // namespace writ::cli
