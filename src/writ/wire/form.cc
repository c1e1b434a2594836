#include "writ/wire/form.h"

#include <fmt/format.h>

#include <charconv>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/base/rfc3339.h"
#include "writ/wire/canonical.h"

namespace writ {
namespace {

// The character that a canonical escape stands for, and the length of the escape; length 0 if it is not canonical.
std::pair<char, std::size_t> canonical_escape(std::string_view text) {
  constexpr std::string_view letters = "\"\\btnfr", meanings = "\"\\\b\t\n\f\r";
  if (text.size() < 2) return {};
  if (const std::size_t i = letters.find(text[1]); i != std::string_view::npos) return {meanings[i], 2};
  std::byte low{};
  if (!text.starts_with("\\u00") || text.size() < 6 || !parse_hex_into(text.substr(4, 2), {&low, 1})) return {};
  const char c = static_cast<char>(low);
  if (static_cast<unsigned char>(c) >= 0x20 || meanings.find(c) != std::string_view::npos) return {};
  return {c, 6};
}

template <class T>
std::optional<T> parse_decimal(std::string_view text) {
  T v{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.starts_with('0') && text != "0") return std::nullopt;
  return v;
}

}  // namespace

void FormWriter::key(std::string_view name) {
  out_ += first_ ? "\"" : ",\"";
  out_ += name;
  out_ += "\":";
  first_ = false;
}
void FormWriter::constant(std::string_view name, std::string_view text) {
  key(name);
  WRIT_ASSERT(append_canonical_string(out_, text));
}
void FormWriter::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
}
void FormWriter::value(const std::string& text) {
  if (!append_canonical_string(out_, text)) out_ += fmt::format(R"({{"base64":"{}"}})", base64(as_bytes(text)));
}
void FormWriter::value(bool v) { out_ += v ? "true" : "false"; }
void FormWriter::value(std::uint64_t v) { quoted(fmt::format_int(v).c_str()); }
void FormWriter::value(std::int64_t v) { quoted(fmt::format_int(v).c_str()); }
void FormWriter::value(const Sha256& v) { hex_digits(v.bytes); }
void FormWriter::value(const Sha3& v) { hex_digits(v.bytes); }
void FormWriter::value(const TaskId& v) { hex_digits(v.bytes); }
void FormWriter::value(WallTime v) { quoted(rfc3339(v)); }
void FormWriter::quoted(std::string_view plain) {
  out_ += '"';
  out_ += plain;
  out_ += '"';
}
void FormWriter::hex_digits(BytesView bytes) {
  out_ += '"';
  append_hex(out_, bytes);
  out_ += '"';
}
void FormWriter::value(const DigestPair& v) {
  object([&] {
    (*this)("sha256", v.sha256);
    (*this)("sha3_256", v.sha3_256);
  });
}

void FormReader::refuse(std::string what) {
  if (!error_) error_ = invalid(std::move(what), fmt::format("byte {}", at_ + 1));
  text_ = {};
  at_ = 0;
}
Result<void> FormReader::finish() {
  if (!error_ && at_ != text_.size()) refuse("something follows the end of the document");
  if (error_) return *error_;
  return {};
}
bool FormReader::take(std::string_view literal) {
  if (!text_.substr(at_).starts_with(literal)) return false;
  at_ += literal.size();
  return true;
}
void FormReader::refuse_instead_of(char c) { refuse(fmt::format("expected {}", c)); }
bool FormReader::comes_next(std::string_view name) const {
  auto rest = text_.substr(std::min(at_, text_.size()));
  for (const std::string_view part : {std::string_view(first_ ? "" : ","), std::string_view("\""), name, std::string_view("\":")}) {
    if (!rest.starts_with(part)) return false;
    rest.remove_prefix(part.size());
  }
  return true;
}

void FormReader::key(std::string_view name) {
  if (!first_) expect(',');
  first_ = false;
  if (take('"') && take(name) && take('"') && take(':')) return;
  refuse(fmt::format("expected the member \"{}\": another is unknown or out of order, or this one is missing", name));
}
void FormReader::constant(std::string_view name, std::string_view text) {
  key(name);
  std::string found;
  value(found);
  if (!error_ && found != text) refuse(fmt::format("\"{}\" is not \"{}\"", name, text));
}
void FormReader::encoded(std::string_view name, Bytes& bytes) {
  key(name);
  auto decoded = parse_base64(plain_string());
  if (!decoded) return refuse(decoded.error().what);
  bytes = std::move(*decoded);
}
std::size_t FormReader::choose(std::string_view name, std::span<const std::string_view> names) {
  key(name);
  std::string found;
  value(found);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == found) return i;
  }
  refuse(fmt::format("\"{}\" is none of {}", name, fmt::join(names, ", ")));
  return 0;
}

std::string_view FormReader::plain_string() {
  expect('"');
  const std::size_t end = text_.find('"', at_);
  if (end == std::string_view::npos) {
    refuse("a string has no end");
    return {};
  }
  const std::string_view out = text_.substr(at_, end - at_);
  at_ = end + 1;
  return out;
}

void FormReader::value(std::string& out) {
  if (take(R"({"base64":)")) {
    const auto bytes = parse_base64(plain_string());
    expect('}');
    if (!bytes || is_utf8(as_text(*bytes))) return refuse("base64 stands only for what is not UTF-8, in canonical form");
    out = as_text(*bytes);
    return;
  }
  expect('"');
  out.clear();
  bool ascii = true;
  std::size_t plain = at_;
  for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte < 0x20) return refuse("a control character in a string");
    ascii &= byte < 0x80;
    if (byte != '\\') continue;
    out += text_.substr(plain, at_ - plain);
    const auto [character, length] = canonical_escape(text_.substr(at_));
    if (length == 0) return refuse("an escape that is not canonical");
    out += character;
    at_ += length - 1;
    plain = at_ + 1;
  }
  if (at_ >= text_.size()) return refuse("a string has no end");
  out += text_.substr(plain, at_ - plain);
  ++at_;
  if (!ascii && !is_utf8(out)) refuse("a string is not UTF-8");
}

void FormReader::value(bool& v) {
  v = take("true");
  if (!v && !take("false")) refuse("expected true or false");
}
void FormReader::value(std::uint64_t& v) {
  const auto parsed = parse_decimal<std::uint64_t>(plain_string());
  if (!parsed) return refuse("not a decimal count");
  v = *parsed;
}
void FormReader::value(std::int64_t& v) {
  const auto parsed = parse_decimal<std::int64_t>(plain_string());
  if (!parsed) return refuse("not a decimal number");
  v = *parsed;
}
void FormReader::value(Sha256& v) {
  if (!parse_hex_into(plain_string(), v.bytes)) refuse("not a digest");
}
void FormReader::value(Sha3& v) {
  if (!parse_hex_into(plain_string(), v.bytes)) refuse("not a digest");
}
void FormReader::value(TaskId& v) {
  if (!parse_hex_into(plain_string(), v.bytes)) refuse("not a task id");
}
void FormReader::value(WallTime& v) {
  const auto parsed = parse_rfc3339(plain_string());
  if (!parsed) return refuse("not a time");
  v = *parsed;
}
void FormReader::value(DigestPair& v) {
  object([&] {
    (*this)("sha256", v.sha256);
    (*this)("sha3_256", v.sha3_256);
  });
}

}  // namespace writ
