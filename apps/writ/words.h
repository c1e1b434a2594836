// Every word of the command line, in one table: commands, their operands, their options. The parser, `writ help` and
// the spelling hints read it, so that a word exists in all of them or in none. Source: interface.md "The command".
//
// Words that belong to a later version stand here too (Availability::later): they are answered with one line and exit
// status 69, never ignored and never taken for a misspelling.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace writ::cli {

enum class Availability : unsigned char { now, later };
enum class Takes : unsigned char { nothing, one_value, many_values, optional_value };  // optional: only as --x=VALUE
enum class Tail : unsigned char { operands, guest };  // guest: whatever follows the first operand is not ours

struct OptionWord {
  std::string_view name;  // "--grant", "-q"
  Takes takes = Takes::nothing;
  std::string_view value;  // what the value is called in the help
  std::string_view meaning;
  Availability availability = Availability::now;
};

struct CommandWord {
  std::string_view name;      // "run", "state get"
  std::string_view operands;  // as the help shows them
  std::size_t least = 0, most = 0;
  std::string_view meaning;
  std::span<const OptionWord> options = {};
  Tail tail = Tail::operands;
  Availability availability = Availability::now;
};

inline constexpr std::size_t any_number = static_cast<std::size_t>(-1);

std::span<const CommandWord> commands();
std::span<const OptionWord> global_options();

const CommandWord* find_command(std::string_view name);
// "state" has the words "ls", "get", ...; "run" has none.
std::vector<std::string_view> subcommands(std::string_view group);
// The first word of every command, each once.
std::vector<std::string_view> command_names();
// The command's own option or a global one; nullptr if there is none.
const OptionWord* find_option(const CommandWord&, std::string_view name);
// "; did you mean X?" or, when nothing is near, the fallback.
std::string suggestion(std::string_view word, std::span<const std::string_view> known, std::string_view fallback);

}  // namespace writ::cli
