#include "language.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "code.h"

namespace writ::cli {
namespace {

namespace fs = std::filesystem;

struct Language {
  std::string_view name;      // in receipts
  std::string_view word;      // of --lang, and the end of a file's name
  std::string_view program;   // that runs it
};
constexpr std::array languages{Language{"python", "py", "python3"}, Language{"shell", "sh", "sh"}};
constexpr std::array<std::string_view, 5> shells{"sh", "bash", "dash", "ksh", "zsh"};
constexpr std::array<std::string_view, 5> later_ends{".js", ".mjs", ".cjs", ".ts", ".mts"};
constexpr std::array<std::string_view, 2> later_words{"js", "ts"};
constexpr std::string_view code_folder = "/run/";  // inside, of code that has no path

const Language* find_language(std::string_view word) {
  const auto it = std::ranges::find_if(languages, [&](const Language& l) { return l.word == word || l.name == word; });
  return it == languages.end() ? nullptr : &*it;
}

// "#!/usr/bin/env NAME ..." and "#!/path/NAME ...".
std::optional<std::string> interpreter_of(std::string_view code) {
  if (!code.starts_with("#!")) return std::nullopt;
  auto line = code.substr(2, std::min(code.find('\n'), code.size()) - 2);
  std::string first, second;
  for (std::string* word : {&first, &second}) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto end = std::min(line.find_first_of(" \t\r"), line.size());
    *word = line.substr(0, end);
    line.remove_prefix(end);
  }
  if (fs::path(first).filename() == "env" && !second.empty() && second[0] != '-') return second;
  return first.empty() ? std::nullopt : std::optional(first);
}

std::string language_of(const std::string& interpreter) {
  const std::string name = fs::path(interpreter).filename();
  if (name.starts_with("python")) return "python";
  return std::ranges::find(shells, name) != shells.end() ? "shell" : name;
}

class Reader {
 public:
  Reader(const Invocation& i, RunRequest& out) : i_(i), spec_(out.spec), out_(out) {}

  Status run() {
    if (const auto word = i_.arguments.value("--lang"); word && std::ranges::find(later_words, *word) != later_words.end())
      return {Error{Code::unsupported, "not in this version", "--lang " + *word, "py or sh"}, exit_not_available};
    if (i_.arguments.after_mark) return use_executable(spec_.code_name);
    if (const auto text = i_.arguments.value("-e")) return read_text(*text);
    if (Status s = read_code(spec_.code_name, spec_.code); s.failed()) return s;
    return judge();
  }

 private:
  Result<std::string> find(const std::string& command) const {
    std::string path;
    for (const auto& v : spec_.environment)
      if (v.starts_with("PATH=") && std::ranges::any_of(spec_.grants, [](const auto& g) { return g.covers(effect::Kind::env, "PATH"); }))
        path = v.substr(5);
    return runtime::find_program(command, path, i_.surroundings.working_folder);
  }

  static Status not_there(Error e) {
    const int exit = e.code == Code::unavailable ? exit_not_found : e.code == Code::denied ? exit_not_executable : exit_usage;
    return {std::move(e), exit};
  }

  // Where the guest sees what lies at this path of the host.
  std::string inside(const std::string& host) const {
    for (const auto& m : spec_.mounts)
      if (host == m.host || host.starts_with(m.host == "/" ? "/" : m.host + "/"))
        return (m.at == "/" ? "" : m.at) + (m.host == "/" ? host : host.substr(m.host.size()));
    return host;
  }

  void begin_process(std::string language) {
    spec_.language = std::move(language);
    spec_.folder = inside(i_.surroundings.working_folder);
    spec_.limits = out_.process_limits;
  }

  Status use_executable(const std::string& command) {
    auto program = find(command);
    if (!program) return not_there(std::move(program).error());
    spec_.engine = *std::move(program);
    spec_.code.clear();
    begin_process("executable");
    return exit_holds;
  }

  Status use_script(const std::string& language, const std::string& program, std::string end) {
    auto found = find(program);
    if (!found) return not_there(std::move(found).error());
    spec_.engine = *std::move(found);
    begin_process(language);
    const bool is_file = spec_.code_name != "-" && !i_.arguments.has("-e");
    spec_.code_at = is_file ? inside(i_.surroundings.absolute(spec_.code_name)) : std::string(code_folder) + "code." + std::move(end);
    return exit_holds;
  }

  Status read_text(const std::string& text) {
    const auto word = i_.arguments.value("--lang");
    if (!word) return {invalid("the language of the text is missing", "-e", "-e TEXT --lang py, or sh"), exit_usage};
    spec_.code = to_bytes(text);
    if (text.empty()) return {invalid("the code is empty", "-e", "-e TEXT --lang py, or sh"), exit_bad_input};
    return by_word(*word);
  }

  Status by_word(const std::string& word) {
    const auto* language = find_language(word);
    if (language == nullptr) {
      static constexpr std::array<std::string_view, 2> words{"py", "sh"};
      return {invalid("unknown language \"" + word + "\"", "--lang", suggestion(word, words, "py or sh")), exit_usage};
    }
    return use_script(std::string(language->name), std::string(language->program), std::string(language->word));
  }

  Status judge() {
    const std::string_view text = as_text(spec_.code);
    const std::string& name = spec_.code_name;
    if (text.starts_with(std::string_view("\0asm", 4))) return exit_holds;
    if (const auto word = i_.arguments.value("--lang")) return by_word(*word);
    if (text.starts_with("\177ELF")) {
      if (name == "-") return {invalid("an executable cannot be read from standard input", "-", "name its file"), exit_usage};
      return use_executable(name.find('/') == name.npos ? "./" + name : name);
    }
    for (const auto end : later_ends)
      if (name.ends_with(end))
        return {Error{Code::unsupported, "programs of this language do not run in this version", name, "compile it to WebAssembly (.wasm)"},
                exit_not_available};
    const auto dot = name.rfind('.');
    const auto end = dot == name.npos ? std::string() : name.substr(dot + 1);
    if (const auto interpreter = interpreter_of(text)) return use_script(language_of(*interpreter), *interpreter, end.empty() ? "sh" : end);
    if (!end.empty() && !text.empty() && find_language(end) != nullptr) return by_word(end);
    return check_module(name, spec_.code);
  }

  const Invocation& i_;
  task::Spec& spec_;
  RunRequest& out_;
};

Status check_fence(const Invocation& i, const task::Spec& spec) {
  const auto fence = i.arguments.value("--fence");
  const bool process = spec.language != "wasm";
  if (fence == "process" && !process)
    return {invalid("a WebAssembly module is fenced in memory", "--fence process", "auto, key or page"), exit_usage};
  if (process && (fence == "key" || fence == "page"))
    return {invalid("this fence is for WebAssembly", "--fence " + *fence, "auto or process"), exit_usage};
  if (process && i.arguments.has("--entry")) return {invalid("a process has no functions to call", "--entry", "leave it out"), exit_usage};
  if (process && spec.inputs == task::Spec::Inputs::keep)
    return {invalid("a process is not replayed, so its inputs are not kept", "--keep-inputs", "leave it out"), exit_usage};
  return exit_holds;
}

}  // namespace

Status read_guest(const Invocation& i, RunRequest& out) {
  if (Status s = Reader(i, out).run(); s.failed()) return s;
  if (Status s = check_fence(i, out.spec); s.failed()) return s;
  return check_limits(i, out.spec);
}

}  // namespace writ::cli
