#include "writ/effect/own_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "writ/base/escape.h"
#include "writ/effect/vocabulary.h"

namespace writ::effect {
namespace {

constexpr std::uint64_t one = 1'000'000;
constexpr std::size_t places = 6, longest_word = 64, longest_resource = 4096;

bool is_word(std::string_view w) {
  return !w.empty() && w.size() <= longest_word && w[0] >= 'a' && w[0] <= 'z' &&
         std::ranges::all_of(w, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(at, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The bytes that %XX stands for. A wildcard is none: an effect has one resource.
std::optional<std::string> literal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') return std::nullopt;
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

// No kind of one's own begins with these words: effects of Writ do, or will. `file.readx` is a slip, and `net.connect` would
// mean something else one day.
constexpr std::array<std::string_view, 14> reserved{"clock",   "component", "env", "file",    "http",   "memory", "message",
                                                    "net",     "own",       "process", "random", "secret", "sql",    "state"};
constexpr bool is_reserved(std::string_view first_word) { return std::ranges::find(reserved, first_word) != reserved.end(); }
static_assert(std::ranges::all_of(vocabulary, [](const Word& w) { return is_reserved(w.name.substr(0, w.name.find('.'))); }));

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) {
  const auto bad = [&] {
    return invalid(fmt::format("`{}` is not a number from 0 with up to six decimal places", escape_for_terminal(text)), {},
                   "write for example 100.00");
  };
  const auto dot = std::min(text.find('.'), text.size());
  auto fraction = std::string(text.substr(std::min(dot + 1, text.size())));
  if (dot == 0 || (dot < text.size() && fraction.empty()) || fraction.size() > places) return bad();
  fraction.resize(places, '0');
  std::uint64_t whole = 0, part = 0;
  const auto take = [](std::string_view from, std::uint64_t& out) {
    if (from.find_first_not_of("0123456789") != from.npos) return false;
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), out);
    return error == std::errc() && end == from.data() + from.size();
  };
  Decimal out;
  if (!take(text.substr(0, dot), whole) || !take(fraction, part) || __builtin_mul_overflow(whole, one, &out.millionths) ||
      __builtin_add_overflow(out.millionths, part, &out.millionths) || out > largest_decimal)
    return bad();
  return out;
}

std::string text(Decimal d) {
  std::string out = fmt::format("{}.{:06}", d.millionths / one, d.millionths % one);
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out;
}

const Decimal* find(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &found->value;
}

bool is_own_name(std::string_view name) {
  const auto words = split(name, '.');
  return words.size() >= 2 && std::ranges::all_of(words, is_word) && !is_reserved(words[0]);
}

bool is_field_name(std::string_view name) { return is_word(name); }

Result<OwnKind> declare_kind(std::string name, std::vector<std::string> fields) {
  if (const auto first = name.substr(0, name.find('.')); is_reserved(first))
    return invalid(fmt::format("`{}` is a word of Writ itself", first), escape_for_terminal(name), "begin the name with another word");
  if (!is_own_name(name))
    return invalid(fmt::format("`{}` is not a name for an effect", escape_for_terminal(name)), {},
                   "write lower-case words with a dot between, such as payments.charge");
  for (const auto& f : fields)
    if (!is_word(f))
      return invalid(fmt::format("`{}` is not a name for a field", escape_for_terminal(f)), name, "write a lower-case word");
  for (const auto& f : fields)
    if (f == "within" || std::ranges::find(limit_names, f) != limit_names.end())
      return invalid(fmt::format("`{}` is a limit that every grant may carry", f), name, "choose another name for the field");
  std::ranges::sort(fields);
  if (const auto twice = std::ranges::adjacent_find(fields); twice != fields.end())
    return invalid(fmt::format("the field `{}` is declared twice", *twice), name);
  if (fields.size() > max_fields) return invalid(fmt::format("more than {} fields", max_fields), name, "put them into several kinds");
  return OwnKind{std::move(name), std::move(fields)};
}

Result<OwnKind> parse_kind(std::string_view text) {
  const auto colon = text.find(':');
  std::vector<std::string> fields;
  if (colon != text.npos)
    for (const auto f : split(text.substr(colon + 1), ',')) fields.emplace_back(f);
  return declare_kind(std::string(text.substr(0, colon)), std::move(fields));
}

OwnKinds OwnKinds::any() {
  OwnKinds out;
  out.any_ = true;
  return out;
}

const OwnKind* OwnKinds::find(std::string_view name) const {
  const auto found = std::ranges::find(declared_, name, &OwnKind::name);
  return found == declared_.end() ? nullptr : &*found;
}

Result<void> OwnKinds::add(const OwnKind& kind) {
  const auto found = std::ranges::find(declared_, kind.name, &OwnKind::name);
  if (found == declared_.end()) {
    declared_.push_back(kind);
    return {};
  }
  auto fields = found->fields;
  for (const auto& f : kind.fields)
    if (std::ranges::find(fields, f) == fields.end()) fields.push_back(f);
  WRIT_TRY(*found, declare_kind(kind.name, std::move(fields)));
  return {};
}

std::string text(const Fields& fields) {
  std::string out;
  for (const auto& f : fields) out += (out.empty() ? "" : ",") + f.name + "=" + text(f.value);
  return out;
}

Result<Fields> parse_fields(std::string_view text) {
  Fields fields;
  if (text.empty()) return fields;
  for (const auto part : split(text, ',')) {
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    if (equals == part.npos || !is_word(name))
      return invalid(fmt::format("`{}` is not FIELD=NUMBER", escape_for_terminal(part)), {}, "write for example amount=99.95");
    WRIT_TRY(const auto value, parse_decimal(part.substr(equals + 1)));
    fields.push_back({std::string(name), value});
  }
  std::ranges::sort(fields, {}, &Field::name);
  if (std::ranges::adjacent_find(fields, {}, &Field::name) != fields.end()) return invalid("a field is given twice", {}, "give it once");
  if (fields.size() > max_fields) return invalid(fmt::format("more than {} fields", max_fields));
  return fields;
}

Result<OwnEffect> parse_own_effect(std::string_view text) {
  const auto head = text.substr(0, text.find(','));
  const auto colon = head.find(':');
  if (colon == head.npos || !is_own_name(head.substr(0, colon)))
    return invalid(fmt::format("`{}` is no effect of one's own", escape_for_terminal(head)), {}, "write for example payments.charge:acme");
  const auto resource = literal(head.substr(colon + 1));
  if (!resource || resource->empty() || resource->size() > longest_resource || resource->find('\0') != resource->npos)
    return invalid(fmt::format("`{}` does not name one resource", escape_for_terminal(head)), {}, "write for example payments.charge:acme");
  OwnEffect out{std::string(head.substr(0, colon + 1)) + *resource, {}};
  if (head.size() == text.size()) return out;
  if (head.size() + 1 == text.size()) return invalid("nothing follows the comma", {}, "write FIELD=NUMBER after it");
  WRIT_TRY(out.fields, parse_fields(text.substr(head.size() + 1)));
  return out;
}

}  // namespace writ::effect
