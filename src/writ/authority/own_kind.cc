#include "writ/authority/own_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "writ/authority/inclusion.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {
namespace {

constexpr std::int64_t one = 1'000'000;
constexpr std::size_t places = 6, longest_word = 64;

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

std::string hint(std::string_view word, const std::vector<std::string_view>& known) {
  if (const auto near = nearest(word, known)) return fmt::format("did you mean `{}`?", *near);
  return known.empty() ? "none was declared" : fmt::format("declared are {}", fmt::join(known, ", "));
}

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) {
  const auto bad = [&] {
    return invalid(fmt::format("`{}` is not a number with up to six decimal places", escape_for_terminal(text)), {}, "write for example 100.00");
  };
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative ? 1 : 0);
  const auto dot = std::min(digits.find('.'), digits.size());
  auto fraction = std::string(digits.substr(std::min(dot + 1, digits.size())));
  if (dot == 0 || (dot < digits.size() && fraction.empty()) || fraction.size() > places) return bad();
  fraction.resize(places, '0');
  std::int64_t whole = 0, part = 0;
  const auto take = [](std::string_view from, std::int64_t& out) {
    if (from.find_first_not_of("0123456789") != from.npos) return false;
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), out);
    return error == std::errc() && end == from.data() + from.size();
  };
  Decimal out;
  if (!take(digits.substr(0, dot), whole) || !take(fraction, part) || __builtin_mul_overflow(whole, one, &out.millionths) ||
      __builtin_add_overflow(out.millionths, part, &out.millionths))
    return bad();
  if (negative) out.millionths = -out.millionths;
  return out;
}

std::string text(Decimal d) {
  const auto size = d.millionths < 0 ? 0 - static_cast<std::uint64_t>(d.millionths) : static_cast<std::uint64_t>(d.millionths);
  std::string out = fmt::format("{}{}.{:06}", d.millionths < 0 ? "-" : "", size / one, size % one);
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out;
}

Result<OwnKind> declare_kind(std::string name, std::vector<std::string> fields) {
  const auto words = split(name, '.');
  if (words.size() < 2 || !std::ranges::all_of(words, is_word))
    return invalid(fmt::format("`{}` is not a name for an effect", escape_for_terminal(name)), {},
                   "write lower-case words with a dot between, such as payment.charge");
  if (effect::find_kind(name)) return invalid(fmt::format("`{}` is an effect of Writ itself", name), {}, "take another name");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!is_word(fields[i]))
      return invalid(fmt::format("`{}` is not a name for a field", escape_for_terminal(fields[i])), name, "write a lower-case word");
    if (std::find(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), fields[i]) != fields.begin() + static_cast<std::ptrdiff_t>(i))
      return invalid(fmt::format("the field `{}` is declared twice", fields[i]), name);
  }
  return OwnKind{std::move(name), std::move(fields)};
}

Result<OwnGrant> parse_own_grant(std::string_view text, std::span<const OwnKind> declared) {
  const auto parts = split(text, ',');
  const auto colon = std::min(parts[0].find(':'), parts[0].size());
  OwnGrant grant;
  grant.kind = parts[0].substr(0, colon);
  const auto kind = std::ranges::find(declared, grant.kind, &OwnKind::name);
  if (kind == declared.end()) {
    std::vector<std::string_view> known;
    for (const auto& k : declared) known.push_back(k.name);
    return invalid(fmt::format("unknown effect `{}`", escape_for_terminal(grant.kind)), {}, hint(grant.kind, known));
  }
  if (colon + 1 >= parts[0].size())
    return invalid(fmt::format("`{}` needs a resource", grant.kind), {}, fmt::format("write for example {}:acme", grant.kind));
  WRIT_TRY(grant.resource, Pattern::parse(parts[0].substr(colon + 1), effect::ResourceForm::name, "/"));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = std::min(parts[i].find('='), parts[i].size());
    const std::string field(parts[i].substr(0, equals));
    if (std::ranges::find(kind->fields, field) == kind->fields.end())
      return invalid(fmt::format("`{}` has no field `{}`", grant.kind, escape_for_terminal(field)), {},
                     hint(field, std::vector<std::string_view>(kind->fields.begin(), kind->fields.end())));
    WRIT_TRY(const auto bound, parse_decimal(parts[i].substr(std::min(equals + 1, parts[i].size()))));
    if (!grant.at_most.emplace(field, bound).second) return invalid(fmt::format("the field `{}` is given twice", field), {}, "give it once");
  }
  return grant;
}

bool OwnGrant::covers(const OwnKind& declared, const OwnEffect& e) const {
  if (declared.name != kind || e.kind != kind || !resource || !resource->covers(e.resource)) return false;
  for (const auto& [name, value] : e.fields)
    if (std::ranges::find(declared.fields, name) == declared.fields.end()) return false;
  return std::ranges::all_of(at_most, [&](const auto& bound) {
    const auto said = e.fields.find(bound.first);
    return said != e.fields.end() && said->second <= bound.second;
  });
}

std::string OwnGrant::text() const {
  std::string out = kind + ":" + (resource ? resource->text() : "");
  for (const auto& [name, bound] : at_most) out += "," + name + "=" + authority::text(bound);
  return out;
}

bool covers(const OwnGrant& wide, const OwnGrant& narrow) {
  if (wide.kind != narrow.kind || !wide.resource || !narrow.resource || !includes(*wide.resource, std::span(&*narrow.resource, 1))) return false;
  return std::ranges::all_of(wide.at_most, [&](const auto& bound) {
    const auto other = narrow.at_most.find(bound.first);
    return other != narrow.at_most.end() && other->second <= bound.second;
  });
}

}  // namespace writ::authority
