#include "writ/wire/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace writ {
namespace {

// Reads the text for the library's lexer and remembers how far it went, so that every error has a position.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  bool operator==(const Cursor& o) const { return at_ == o.at_; }
  bool operator!=(const Cursor& o) const { return at_ != o.at_; }

 private:
  const char* at_;
  const char** reached_;
};

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t start = before.find_last_of('\n');  // npos + 1 == 0
  return fmt::format("{}:{}", lines + 1, before.size() - (start + 1) + 1);
}

// The library's sentence without its own prefix "[json.exception.parse_error.101] parse error at line 1, column 2: ".
std::string reason(std::string_view what) {
  const std::size_t end = what.find("column ");
  const std::size_t colon = end == std::string_view::npos ? end : what.find(": ", end);
  if (colon != std::string_view::npos) return std::string(what.substr(colon + 2));
  const std::size_t bracket = what.find("] ");
  return std::string(bracket == std::string_view::npos ? what : what.substr(bracket + 2));
}

// Builds the value from the parser's events. Every event returns whether to go on.
class Builder {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Builder(std::string_view text, const char** reached, std::size_t depth)
      : text_(text), reached_(reached), depth_(depth) {}

  bool null() { return add(Json(nullptr)); }
  bool boolean(bool v) { return add(Json(v)); }
  bool number_integer(number_integer_t v) {
    return v < -largest_json_integer ? add(Json(static_cast<double>(v))) : add(Json(v));
  }
  bool number_unsigned(number_unsigned_t v) {
    return v > static_cast<number_unsigned_t>(largest_json_integer) ? add(Json(static_cast<double>(v))) : add(Json(v));
  }
  bool number_float(number_float_t v, const string_t&) { return add(Json(v)); }
  bool string(string_t& v) { return add(Json(std::move(v))); }
  bool binary(binary_t&) { return fail(Code::invalid, "binary value", ""); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    auto [member, fresh] = open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name));
    if (!fresh) return fail(Code::invalid, fmt::format("duplicate key \"{}\"", member->first), "each key once");
    member_ = &member->second;
    return true;
  }
  bool parse_error(std::size_t offset, const std::string&, const nlohmann::detail::exception& e) {
    error_ = invalid("not JSON: " + reason(e.what()), position(text_, offset == 0 ? 0 : offset - 1));
    return false;
  }

  Json root;
  const std::optional<Error>& error() const { return error_; }

 private:
  Json* place(Json&& value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    if (open_.back()->is_array()) {
      auto& array = open_.back()->get_ref<Json::array_t&>();
      array.push_back(std::move(value));
      return &array.back();
    }
    *member_ = std::move(value);
    return member_;
  }
  bool add(Json&& value) {
    place(std::move(value));
    return true;
  }
  bool open(Json&& empty) {
    if (open_.size() >= depth_) {
      return fail(Code::exhausted, "JSON nested too deeply", fmt::format("at most {} levels", depth_));
    }
    open_.push_back(place(std::move(empty)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool fail(Code code, std::string what, std::string hint) {
    const auto offset = static_cast<std::size_t>(*reached_ - text_.data());
    error_ = Error{code, std::move(what), position(text_, offset == 0 ? 0 : offset - 1), std::move(hint)};
    return false;
  }

  std::string_view text_;
  const char** reached_;
  std::size_t depth_;
  std::vector<Json*> open_;  // the containers we are inside; a container never moves while one inside it is open
  Json* member_ = nullptr;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.size.value()) {
    return Error{Code::exhausted, "JSON text too large", fmt::format("{} bytes", text.size()),
                 fmt::format("at most {} bytes", limits.size.value())};
  }
  if (text.starts_with("\xef\xbb\xbf")) return invalid("JSON starts with a byte order mark", "1:1", "UTF-8 without one");
  // The library's lexer takes a NUL for the end of the text and would not look at what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return invalid("not JSON: control character U+0000", position(text, nul), "escape it as \\u0000");
  }
  const char* reached = text.data();
  Builder builder(text, &reached, limits.depth);
  const Cursor begin(text.data(), &reached), end(text.data() + text.size(), &reached);
  // Without the last argument the parser stops quietly after the first value.
  const bool good = Json::sax_parse(begin, end, &builder, Json::input_format_t::json, true);
  if (!good) return builder.error() ? *builder.error() : invalid("not JSON", "1:1");
  return std::move(builder.root);
}

}  // namespace writ
