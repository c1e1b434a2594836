// `writ completion SHELL`: the words of words.cc and the vocabulary of effects, for bash, zsh or fish. To use it:
//   source <(writ completion bash)        writ completion fish | source
#include <array>
#include <fmt/format.h>

#include "commands.h"
#include "words.h"
#include "writ/effect/vocabulary.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 3> shells{"bash", "zsh", "fish"};

std::string joined(std::vector<std::string_view> words) { return fmt::format("{}", fmt::join(words, " ")); }

bool is_here(std::string_view name) {
  for (const auto& c : commands())
    if (c.availability == Availability::now && (c.name == name || (c.name.starts_with(name) && c.name[name.size()] == ' '))) return true;
  return false;
}

std::vector<std::string_view> first_words() {
  auto names = command_names();
  std::erase_if(names, [](std::string_view n) { return !is_here(n); });
  return names;
}

std::vector<std::string_view> second_words(std::string_view group) {
  std::vector<std::string_view> out;
  for (const auto w : subcommands(group))
    if (find_command(std::string(group) + " " + std::string(w))->availability == Availability::now) out.push_back(w);
  return out;
}

std::vector<std::string_view> options_of(std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& c : commands())
    if (c.name.substr(0, c.name.find(' ')) == name)
      for (const auto& o : c.options)
        if (o.availability == Availability::now) out.push_back(o.name);
  for (const auto& o : global_options()) out.push_back(o.name);
  return out;
}

std::string effects() {
  std::string out;
  for (const auto& w : effect::vocabulary)
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", w.name, w.resource == effect::ResourceForm::none ? "" : ":");
  return out;
}

// For zsh too, which runs the completions of bash.
std::string bash() {
  std::string out =
      "_writ() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word=${COMP_WORDS[1]}\n  case $prev in\n"
      "    --grant|--deny) COMPREPLY=($(compgen -W '" + effects() + "' -- \"$cur\")); return;;\n  esac\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '" + joined(first_words()) + "' -- \"$cur\")); return; fi\n"
      "  case $word in\n";
  for (const auto w : first_words()) {
    const auto below = second_words(w);
    out += fmt::format("    {}) ", w);
    if (!below.empty()) out += "if [ \"$COMP_CWORD\" = 2 ]; then COMPREPLY=($(compgen -W '" + joined(below) + "' -- \"$cur\")); return; fi; ";
    out += "[[ $cur == -* ]] && COMPREPLY=($(compgen -W '" + joined(options_of(w)) + "' -- \"$cur\"));;\n";
  }
  return out + "  esac\n}\ncomplete -o default -o nospace -F _writ writ\n";
}

std::string fish() {
  std::string out = fmt::format("complete -c writ -n __fish_use_subcommand -a '{}'\n", joined(first_words()));
  for (const auto w : first_words()) {
    if (const auto below = second_words(w); !below.empty())
      out += fmt::format("complete -c writ -n '__fish_seen_subcommand_from {}' -a '{}'\n", w, joined(below));
    for (const auto o : options_of(w))
      if (o.starts_with("--"))
        out += fmt::format("complete -c writ -n '__fish_seen_subcommand_from {}' -l {}{}\n", w, o.substr(2),
                           o == "--grant" || o == "--deny" ? " -x -a '" + effects() + "'" : "");
  }
  return out;
}

}  // namespace

Status completion(Invocation& i) {
  const auto& shell = i.arguments.operands[0];
  if (shell == "bash") i.output.bytes(bash());
  else if (shell == "zsh") i.output.bytes("autoload -U +X bashcompinit && bashcompinit\n" + bash());
  else if (shell == "fish") i.output.bytes(fish());
  else return {invalid("no completion for this shell", shell, suggestion(shell, shells, "bash, zsh or fish")), exit_usage};
  return exit_holds;
}

}  // namespace writ::cli
