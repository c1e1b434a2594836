#include "arguments.h"

#include <algorithm>
#include <charconv>

namespace writ::cli {
namespace {

constexpr std::string_view how_to_learn = "see `writ help`";

Error not_in_this_version(std::string_view word) {
  return {Code::unsupported, "not in this version", std::string(word), std::string(how_to_learn)};
}

class Parser {
 public:
  explicit Parser(std::span<const std::string> words) : words_(words) {}

  Result<Arguments> parse() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_];
      if (word.size() > 1 && word[0] == '-' && word != "--") {
        WRIT_CHECK(take_option(word));
      } else if (!read_.command) {
        WRIT_CHECK(take_command(word));
      } else if (word == "--") {
        ++next_;
        read_.after_mark = true;
        take_rest();
      } else if (read_.command->tail == Tail::guest) {
        take_rest();
      } else {
        read_.operands.push_back(word);
        ++next_;
      }
    }
    if (read_.command && !read_.has("--help") && !read_.has("-h")) WRIT_CHECK(check_operands());
    return std::move(read_);
  }

 private:
  void take_rest() {
    read_.operands.insert(read_.operands.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    next_ = words_.size();
  }

  Result<void> take_command(const std::string& word) {
    ++next_;
    if (word == "--") return invalid("a command is missing before --", {}, std::string(how_to_learn));
    std::string name = word;
    const auto below = subcommands(word);
    if (!below.empty()) {
      WRIT_TRY(const std::string second, take_subcommand(word, below));
      if (second.empty()) return {};  // only --help followed
      name += " " + second;
    }
    const CommandWord* found = find_command(name);
    if (!found) {
      return below.empty()
                 ? invalid("unknown command", word, suggestion(word, command_names(), how_to_learn))
                 : invalid("unknown command", name, suggestion(name.substr(word.size() + 1), below, how_to_learn));
    }
    if (found->availability == Availability::later) return not_in_this_version("writ " + name);
    read_.command = found;
    return {};
  }

  // Options may stand between the two words of a command: `writ state --json ls`.
  Result<std::string> take_subcommand(const std::string& group, std::span<const std::string_view> below) {
    while (next_ < words_.size() && words_[next_].starts_with('-')) WRIT_CHECK(take_option(words_[next_]));
    if (next_ < words_.size()) return words_[next_++];
    if (read_.has("--help") || read_.has("-h")) {
      read_.operands.push_back(group);
      return std::string();
    }
    std::string choices;
    for (const auto w : below)
      if (find_command(group + " " + std::string(w))->availability == Availability::now)
        choices += " " + std::string(w);
    return invalid("a word is missing after", "writ " + group, "one of:" + choices);
  }

  const OptionWord* find(std::string_view name) const {
    static constexpr CommandWord no_command{};
    return find_option(read_.command ? *read_.command : no_command, name);
  }

  Error unknown_option(const std::string& name) const {
    std::vector<std::string_view> known;
    if (read_.command)
      for (const OptionWord& o : read_.command->options) known.push_back(o.name);
    for (const OptionWord& o : global_options()) known.push_back(o.name);
    if (!read_.command)
      for (const CommandWord& c : commands())
        for (const OptionWord& o : c.options)
          if (o.name == name)
            return invalid("an option of `" + std::string(c.name) + "` stands before the command", name,
                           "writ " + std::string(c.name) + " " + name + " ...");
    const std::string command = read_.command ? "writ help " + std::string(read_.command->name) : "writ help";
    return invalid("unknown option", name, suggestion(name, known, "see `" + command + "`"));
  }

  Result<void> take_option(const std::string& word) {
    ++next_;
    const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    const OptionWord* option = find(name);
    if (!option) return unknown_option(name);
    if (option->availability == Availability::later) return not_in_this_version(name);
    auto& values = read_.options[name];
    if (option->takes == Takes::nothing) {
      if (equals != std::string::npos) return invalid("this option takes no value", word, name);
      values.emplace_back();
      return {};
    }
    if (!values.empty() && option->takes != Takes::many_values) return invalid("given twice", name, "give it once");
    if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (option->takes == Takes::optional_value) {
      values.emplace_back();
    } else if (next_ < words_.size()) {
      values.push_back(words_[next_++]);
    } else {
      return invalid("a value is missing", name, name + " " + std::string(option->value));
    }
    return name == "--json" ? take_form(word, values.back()) : Result<void>();
  }

  Result<void> take_form(const std::string& word, const std::string& value) {
    if (word != "--json" && value != "lines") return invalid("unknown form of output", word, "--json or --json=lines");
    read_.form = value.empty() ? Form::document : Form::lines;
    return {};
  }

  Result<void> check_operands() {
    const CommandWord& c = *read_.command;
    const std::string usage = "writ " + std::string(c.name) + (c.operands.empty() ? "" : " ") + std::string(c.operands);
    if (read_.operands.size() < c.least) return invalid("an operand is missing", "writ " + std::string(c.name), usage);
    if (read_.operands.size() > c.most) return invalid("too many operands", read_.operands[c.most], usage);
    return {};
  }

  std::span<const std::string> words_;
  std::size_t next_ = 0;
  Arguments read_;
};

}  // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto it = options.find(option);
  return it == options.end() ? std::nullopt : std::optional(it->second.back());
}

std::span<const std::string> Arguments::values(std::string_view option) const {
  const auto it = options.find(option);
  return it == options.end() ? std::span<const std::string>() : std::span<const std::string>(it->second);
}

Result<Arguments> parse_arguments(std::span<const std::string> words) { return Parser(words).parse(); }

Form form_of(std::span<const std::string> words) {
  for (const std::string& w : words) {
    if (w == "--") break;
    if (w == "--json=lines") return Form::lines;
    if (w.starts_with("--json")) return Form::document;
  }
  return Form::text;
}

Result<std::uint64_t> parse_number(std::string_view text, std::string_view where, std::uint64_t least,
                                   std::uint64_t most) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || n < least || n > most)
    return invalid("\"" + std::string(text) + "\" is not a whole number from " + std::to_string(least) + " to " +
                       std::to_string(most),
                   std::string(where), {});
  return n;
}

}  // namespace writ::cli
