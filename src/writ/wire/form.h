// Forms: documents whose members are all known, read and written as canonical JSON (RFC 8785) from one description.
//
// A value with fixed members has exactly one canonical text, so reading it is demanding that text piece by piece: an
// unknown, missing or misplaced member, white space, or another spelling of a value cannot pass, and nothing has to be
// looked up or sorted. One function describes the members for both directions, so that they cannot drift apart:
//
//   template <class Form> void describe(Form& form, typename Form::template Value<Point>& p) {
//     form.object([&] { form("x", p.x); form("y", p.y); });          // in canonical order of their names
//   }
//   std::string text = write_form(point);      Result<Point> p = read_form<Point>(text);
//
// How values are spelled: text as a string, or {"base64": ...} if it is not UTF-8; every count as a decimal string, so
// that no reader rounds it; digests as lower-case hex; times in RFC 3339 with nine digits; what is not there as null.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/id.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/bytes.h"
#include "writ/wire/digest.h"

namespace writ {

class FormWriter {
 public:
  template <class T>
  using Value = const T;

  explicit FormWriter(std::string& out) : out_(out) {}

  template <class Members>
  void object(Members&& members) {
    out_ += '{';
    first_ = true;
    members();
    out_ += '}';
    first_ = false;
  }
  // A member that is an object of its own, described in place; or an array of exactly one such object.
  template <class Members>
  void object(std::string_view name, Members&& members) {
    key(name);
    object(members);
  }
  template <class Members>
  void array_of_one(std::string_view name, Members&& members) {
    key(name);
    out_ += '[';
    object(members);
    out_ += ']';
  }
  template <class T>
  void operator()(std::string_view name, const T& v) {
    key(name);
    value(v);
  }
  // A list that stands there only if there is something in it: for members that came later than the first documents.
  template <class T>
  void later(std::string_view name, const std::vector<T>& items) {
    if (!items.empty()) (*this)(name, items);
  }
  // A member whose value is always this text.
  void constant(std::string_view name, std::string_view text);
  // A member that is one of these names; the value is its position.
  template <class E>
  void choice(std::string_view name, const E& v, std::span<const std::string_view> names) {
    constant(name, names[static_cast<std::size_t>(v)]);
  }
  // A member that is bytes, in base64; an array has exactly its length.
  void encoded(std::string_view name, BytesView bytes) { constant(name, base64(bytes)); }
  // A member whose canonical JSON is at hand; the value itself is not written again.
  template <class T>
  void embedded(std::string_view name, const T&, std::string_view text) { raw(name, text); }

 private:
  void key(std::string_view name);
  void raw(std::string_view name, std::string_view json);
  void quoted(std::string_view plain);
  void hex_digits(BytesView);
  void value(const std::string&);
  void value(bool);
  void value(std::uint64_t);
  void value(std::int64_t);
  void value(const Sha256&);
  void value(const Sha3&);
  void value(const DigestPair&);
  void value(const TaskId&);
  void value(WallTime);
  void value(Nanoseconds v) { value(static_cast<std::int64_t>(v.count())); }
  template <class Tag>
  void value(Unit<Tag> v) { value(v.value()); }
  template <class T>
  void value(const std::optional<T>& v) {
    if (v) value(*v);
    else out_ += "null";
  }
  template <class T>
  void value(const std::vector<T>& items) {
    out_ += '[';
    bool first = true;
    for (const T& item : items) {
      if (!first) out_ += ',';
      first = false;
      value(item);
    }
    out_ += ']';
  }
  template <class T>
  void value(const T& v) { describe(*this, v); }
  template <class T>
  friend std::string write_form(const T& value);

  std::string& out_;
  bool first_ = true;
};

class FormReader {
 public:
  template <class T>
  using Value = T;

  explicit FormReader(std::string_view text) : text_(text) {}

  template <class Members>
  void object(Members&& members) {
    expect('{');
    first_ = true;
    members();
    expect('}');
    first_ = false;
  }
  template <class Members>
  void object(std::string_view name, Members&& members) {
    key(name);
    object(members);
  }
  template <class Members>
  void array_of_one(std::string_view name, Members&& members) {
    key(name);
    expect('[');
    object(members);
    expect(']');
  }
  template <class T>
  void operator()(std::string_view name, T& v) {
    key(name);
    value(v);
  }
  template <class T>
  void later(std::string_view name, std::vector<T>& items) {
    items.clear();
    if (!comes_next(name)) return;
    (*this)(name, items);
    if (items.empty()) refuse("an empty list, which has to be left out");
  }
  void constant(std::string_view name, std::string_view text);
  template <class E>
  void choice(std::string_view name, E& v, std::span<const std::string_view> names) {
    v = static_cast<E>(choose(name, names));
  }
  void encoded(std::string_view name, Bytes& bytes);
  template <std::size_t N>
  void encoded(std::string_view name, std::array<std::byte, N>& bytes) {
    Bytes any;
    encoded(name, any);
    if (any.size() == N) std::copy(any.begin(), any.end(), bytes.begin());
    else refuse("bytes of the wrong length");
  }
  // A member described by its own type; `text` becomes its canonical JSON, a view into what is read.
  template <class T>
  void embedded(std::string_view name, T& v, std::string_view& text) {
    key(name);
    const std::size_t begin = at_;
    value(v);
    text = error_ ? std::string_view() : text_.substr(begin, at_ - begin);
  }

  // Says that what was read last cannot be: the whole read fails.
  void refuse(std::string what);
  // The first thing that was wrong, with its position; also if anything follows the value.
  Result<void> finish();

 private:
  void key(std::string_view name);
  bool comes_next(std::string_view name) const;
  bool take(char c) {  // if it comes next
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse_instead_of(c);
  }
  void refuse_instead_of(char);
  bool take(std::string_view literal);
  std::size_t choose(std::string_view name, std::span<const std::string_view> names);
  std::string_view plain_string();  // a string without escapes, such as digits or hex
  void value(std::string&);
  void value(bool&);
  void value(std::uint64_t&);
  void value(std::int64_t&);
  void value(Sha256&);
  void value(Sha3&);
  void value(DigestPair&);
  void value(TaskId&);
  void value(WallTime&);
  void value(Nanoseconds& v) {
    std::int64_t count = 0;
    value(count);
    v = Nanoseconds(count);
  }
  template <class Tag>
  void value(Unit<Tag>& v) {
    std::uint64_t count = 0;
    value(count);
    v = Unit<Tag>(count);
  }
  template <class T>
  void value(std::optional<T>& v) {
    if (take("null")) v.reset();
    else value(v.emplace());
  }
  template <class T>
  void value(std::vector<T>& items) {
    expect('[');
    if (take(']')) return;
    do value(items.emplace_back());
    while (take(','));
    expect(']');
  }
  template <class T>
  void value(T& v) { describe(*this, v); }
  template <class T>
  friend Result<void> read_form_into(T& out, std::string_view text);

  std::string_view text_;       // emptied at the first error, so that nothing more is read
  std::size_t at_ = 0;
  bool first_ = true;
  std::optional<Error> error_;
};

template <class T>
std::string write_form(const T& value) {
  std::string out;
  FormWriter(out).value(value);
  return out;
}

// `invalid` with "byte N" as the place, unless the text is the canonical text of a T. On failure `out` is of no use.
template <class T>
Result<void> read_form_into(T& out, std::string_view text) {
  FormReader reader(text);
  reader.value(out);
  return reader.finish();
}
template <class T>
Result<T> read_form(std::string_view text) {
  T out{};
  WRIT_CHECK(read_form_into(out, text));
  return out;
}

}  // namespace writ
