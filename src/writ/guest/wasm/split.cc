#include "writ/guest/wasm/split.h"

#include <algorithm>
#include <optional>

namespace writ::guest::wasm {
namespace {

constexpr std::string_view static_word = "static ", first_behind_declarations = "static void init_globals(";

// "static u32 w2c_f12(Z_m_instance_t* instance, u32 w2c_p0) {" and its declaration, which ends with ";".
bool is_of_function(std::string_view line) {
  if (!line.starts_with(static_word)) return false;
  const auto name = line.find(" w2c_f");
  const auto digits = name + 6;
  return name != line.npos && digits < line.size() && line[digits] >= '0' && line[digits] <= '9' && line.find('(') != line.npos;
}

struct Texts {
  std::string declarations;            // what every unit begins with
  std::string rest;                    // and the first one goes on with
  std::vector<std::string> functions;  // in order
};

std::optional<Texts> take_apart(std::string_view text) {
  Texts t;
  bool declaring = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view line = text.substr(at, end - at);
    if (declaring && line.starts_with(first_behind_declarations)) declaring = false;
    if (!is_of_function(line)) {
      (declaring ? t.declarations : t.rest) += line;
      at = end;
      continue;
    }
    line.remove_prefix(static_word.size());
    if (line.ends_with(";\n")) {
      (declaring ? t.declarations : t.rest) += line;
      at = end;
      continue;
    }
    const auto close = text.find("\n}\n", at);
    if (declaring || !line.ends_with("{\n") || close == text.npos) return std::nullopt;
    t.functions.emplace_back(text.substr(at + static_word.size(), close + 3 - at - static_word.size()));
    at = close + 3;
  }
  if (declaring || t.functions.empty()) return std::nullopt;
  return t;
}

}  // namespace

std::vector<std::string> split_units(std::string_view settled, Cut cut) {
  const std::size_t count = std::min(settled.size() / cut.least, cut.most);
  std::optional<Texts> texts;
  if (count >= 2) texts = take_apart(settled);
  if (!texts) return {std::string(settled)};

  const std::size_t each = settled.size() / count;
  std::vector<std::string> units{texts->declarations};
  std::string first = std::move(texts->rest);
  for (std::string& f : texts->functions) {
    if (f.find("_segment_") != f.npos) {
      first += f;
      continue;
    }
    if (units.back().size() >= each && units.size() < count) units.push_back(texts->declarations);
    units.back() += f;
  }
  units.front() += first;
  return units;
}

}  // namespace writ::guest::wasm
