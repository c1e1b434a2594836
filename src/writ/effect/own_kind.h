// Effect kinds of one's own: what a program does that Writ has no word for, such as `payments.charge`. An operator declares
// a kind with named fields; a grant of it bounds them; an effect says them.
//
//   declared   payments.charge:amount,fee
//   granted    payments.charge:acme,amount=100,amount.total=500      of each effect at most 100, of all together 500
//   performed  payments.charge:acme,amount=99.95
//
// Writ carries none of them out. An effect that was allowed stands in the journal of its task, is staged like a write, and
// becomes true with the commit; who declared the kind reads it there and acts.
//
// Inside, an effect of one's own is of Kind::own, and its resource is `payments.charge:acme`: so two kinds are two resources,
// which patterns, journals and policies keep apart as they do others. Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"

namespace writ::effect {

// A number with six decimal places, not below zero.
struct Decimal {
  std::uint64_t millionths = 0;
  friend auto operator<=>(Decimal, Decimal) = default;
};
inline constexpr Decimal largest_decimal{INT64_MAX};  // what a policy's Amount holds
Result<Decimal> parse_decimal(std::string_view);      // "100.00"; `invalid` if not exact
std::string text(Decimal);                            // without zeros at the end: "100", "99.95"

// What an effect says of itself.
struct Field {
  std::string name;
  Decimal value;
  friend bool operator==(const Field&, const Field&) = default;
};
using Fields = std::vector<Field>;  // in the order of their names, each once
const Decimal* find(const Fields&, std::string_view name);  // null: it is not said

inline constexpr std::size_t max_fields = 4;  // of a kind: a capability has as many words for what is used up

struct OwnKind {
  std::string name;                 // two or more lower-case words with dots between; none of Writ's own
  std::vector<std::string> fields;  // lower-case words, in order
  friend bool operator==(const OwnKind&, const OwnKind&) = default;
};
Result<OwnKind> declare_kind(std::string name, std::vector<std::string> fields);
Result<OwnKind> parse_kind(std::string_view text);  // "payments.charge:amount,fee", "door.open"
bool is_own_name(std::string_view);                 // whether a kind could be called so
bool is_field_name(std::string_view);

// The kinds that a text may name. A record names kinds that were known when it was written: any.
class OwnKinds {
 public:
  OwnKinds() = default;  // none
  static OwnKinds any();
  // Fields of a kind that is declared again are added to it.
  Result<void> add(const OwnKind&);
  bool are_any() const { return any_; }
  const std::vector<OwnKind>& declared() const { return declared_; }
  const OwnKind* find(std::string_view name) const;

 private:
  std::vector<OwnKind> declared_;
  bool any_ = false;
};

// What a guest asks for: "payments.charge:acme,amount=99.95", bytes that are not plain as %XX.
struct OwnEffect {
  std::string resource;  // as Kind::own has it: "payments.charge:acme"
  Fields fields;
};
Result<OwnEffect> parse_own_effect(std::string_view text);

// "amount=99.95,fee=1", and back.
std::string text(const Fields&);
Result<Fields> parse_fields(std::string_view text);

}  // namespace writ::effect
