#include "tidy.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <regex>

namespace writ::rooms {
namespace {

// Words are written in two halves, so that this file passes its own check.
const std::regex& unfinished() {
  static const std::regex form(R"(\b(TO)" R"(DO|FIX)" R"(ME|XX)" R"(X|HA)" R"(CK)\b|\b[Ss]tu)" R"(b(s|bed|bing)?\b|\b[Pp]lace)"
                               R"(holder|\b[Ff]or no)" R"(w\b|\b[Nn]ot (yet )?imple)" R"(mented)");
  return form;
}

struct Banned {
  const char* what;
  std::regex call;                     // over code without comments and literals
  std::vector<std::string> allowed;    // path prefixes where it is at home
};

const std::vector<Banned>& banned() {
  static const std::vector<Banned> calls = [] {
    std::vector<Banned> list;
    const auto add = [&](const char* what, const char* form, std::vector<std::string> at_home) {
      list.push_back({what, std::regex(form), std::move(at_home)});
    };
    add("a shell is never started from code", R"((^|[^\w.>])(system|popen)\s*\()", {});
    add("the environment is read by programs and the runtime alone", R"(\b(secure_)?getenv\s*\()",
        {"apps/", "src/writ/runtime/", "examples/"});
    add("randomness comes from base/random.h", R"((^|[^\w.>])s?rand\s*\()", {});
    add("time comes from base/clock.h",
        R"(\bgettimeofday\s*\(|(^|[^\w.>])time\s*\(\s*(NULL|nullptr|0|&\w+)\s*\)|\bsystem_clock::now\b)",
        {"src/writ/base/"});
    add("memory is mapped in fence, memory and supervise alone",
        R"(\b(mmap|mmap64|mprotect|munmap|mremap|pkey_mprotect|pkey_alloc|pkey_free)\s*\()",
        {"src/writ/fence/", "src/writ/memory/", "src/writ/supervise/", "src/writ/base/sealed_heap.cc"});
    add("protection-key rights are written in fence alone", R"(\b_?(wrpkru|pkey_set)\w*\s*\()", {"src/writ/fence/"});
    add("processes are started by supervise alone", R"((^|[^\w.>])(v?fork|clone3?|posix_spawnp?|exec(ve|vp|v|l|lp|le|vpe)|fexecve)\s*\()",
        {"src/writ/supervise/", "examples/"});
    add("images are loaded by Writ's own loader, libraries by the linker", R"(\bdlm?open\s*\()", {});
    add("nothing jumps over destructors", R"(\b_?(sig)?(set|long)jmp\s*\()", {});
    add("text is formatted by fmt into bounded strings", R"((^|[^\w.>])v?sprintf\s*\(|(^|[^\w.>])str(cpy|cat)\s*\()", {});
    return list;
  }();
  return calls;
}

bool is_test(std::string_view path) {
  return path.starts_with("tests/") || path.starts_with("cmake/") || path.starts_with("bench/") ||
         path.ends_with("_test.cc") || path.ends_with("_bench.cc") ||
         path.ends_with("_fuzz.cc");
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void check_words(const Source& source, std::vector<Finding>& findings) {
  std::size_t number = 0;
  for (const auto line : lines_of(source.text)) {
    ++number;
    std::cmatch match;
    if (std::regex_search(line.data(), line.data() + line.size(), match, unfinished()))
      findings.push_back({source.path, number, "unfinished: \"" + match.str() + "\""});
    if (columns(line) > kLongestLine)
      findings.push_back({source.path, number, "a line of more than " + std::to_string(kLongestLine) + " columns"});
  }
  if (number > kLongestFile)
    findings.push_back({source.path, number, "a file of more than " + std::to_string(kLongestFile) + " lines; is it one idea?"});
}

void check_calls(const Source& source, std::vector<Finding>& findings) {
  if (is_test(source.path)) return;  // tests play the outside world: shells, other processes, bare memory
  const std::string code = without_comments_and_literals(source.text);
  std::size_t number = 0;
  for (const auto line : lines_of(code)) {
    ++number;
    for (const auto& rule : banned()) {
      if (std::any_of(rule.allowed.begin(), rule.allowed.end(), [&](const auto& p) { return source.path.starts_with(p); })) continue;
      if (std::regex_search(line.data(), line.data() + line.size(), rule.call)) findings.push_back({source.path, number, rule.what});
    }
  }
}

void check_header(const Source& source, std::vector<Finding>& findings) {
  if (!source.path.ends_with(".h")) return;
  const auto lines = lines_of(source.text);
  const bool comment = !lines.empty() && (lines[0].starts_with("//") || lines[0].starts_with("/*"));
  if (!comment || lines[0].size() < 30)
    findings.push_back({source.path, 1, "a header opens with its idea, in a comment on the first line"});
  const bool once = source.text.find("#pragma once") != std::string::npos || source.text.find("\n#ifndef WRIT_") != std::string::npos;
  if (source.path.starts_with("src/") && !once)
    findings.push_back({source.path, 1, "a header is read once: #pragma once, or a WRIT_ guard where it is plain C"});
}

void check_name(const Source& source, std::vector<Finding>& findings) {
  static const std::regex form(R"((^|[/_-])(utils?|commons?|helpers?|managers?|contexts?|misc)([/_.-]))");
  if (std::regex_search(source.path, form)) findings.push_back({source.path, 0, "a name that says nothing: name the idea"});
}

}  // namespace

std::vector<Finding> check_tidy(const Source& source) {
  std::vector<Finding> findings;
  check_name(source, findings);
  check_words(source, findings);
  check_calls(source, findings);
  check_header(source, findings);
  return findings;
}

std::vector<Finding> check_paths(const Source& source, std::string_view root) {
  static const std::regex machine(R"((^|[^\w.])/(wor)" R"(k|build|workspace)/(main|wt|shared|tools|src)\b|/hom)"
                                  R"(e/(?!user\b|me\b|alice\b)\w+/)");
  std::vector<Finding> findings;
  std::size_t number = 0;
  const bool telling = std::count(root.begin(), root.end(), '/') >= 2;  // "/src" would be found everywhere
  const auto in_path = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("_-.}/", c) != nullptr; };
  const auto names_root = [&](std::string_view line) {
    for (std::size_t at = line.find(root); at != line.npos; at = line.find(root, at + 1)) {
      const std::size_t end = at + root.size();
      const bool starts = at == 0 || !in_path(line[at - 1]);
      const bool ends = end == line.size() || line[end] == '/' || !in_path(line[end]);
      if (starts && ends) return true;
    }
    return false;
  };
  for (const auto line : lines_of(source.text)) {
    ++number;
    if ((telling && names_root(line)) || std::regex_search(line.data(), line.data() + line.size(), machine))
      findings.push_back({source.path, number, "a path of one machine"});
  }
  return findings;
}

}  // namespace writ::rooms
