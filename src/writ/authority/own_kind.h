// Effect kinds of one's own: what a component does that Writ has no word for, such as `payment.charge`. A kind is declared
// with named fields; a grant of it bounds them; an effect says them.
//
//   declared   payment.charge   amount: number
//   granted    payment.charge:acme,amount=100.00      of each effect: not more than that
//   effect     payment.charge of acme, amount 99.95
//
// The resource is a name, as in pattern.h. Numbers are decimal and exact, with up to six places. A field that the grant
// bounds must be in the effect; an effect with a field that was not declared is covered by nothing.
// No gate enforces such a kind yet: components will. Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/pattern.h"
#include "writ/base/result.h"

namespace writ::authority {

// A number with six decimal places.
struct Decimal {
  std::int64_t millionths = 0;
  friend auto operator<=>(Decimal, Decimal) = default;
};
Result<Decimal> parse_decimal(std::string_view);  // "100.00", "-3"; `invalid` if not exact
std::string text(Decimal);                        // without zeros at the end: "100", "99.95"

struct OwnKind {
  std::string name;                 // two or more lower-case words with dots between; none of Writ's own
  std::vector<std::string> fields;  // lower-case words
  friend bool operator==(const OwnKind&, const OwnKind&) = default;
};
Result<OwnKind> declare_kind(std::string name, std::vector<std::string> fields);

struct OwnEffect {
  std::string kind, resource;
  std::map<std::string, Decimal, std::less<>> fields;
};

struct OwnGrant {
  std::string kind;
  std::optional<Pattern> resource;
  std::map<std::string, Decimal, std::less<>> at_most;

  bool covers(const OwnKind& declared, const OwnEffect&) const;
  std::string text() const;  // parses back to an equal grant
  friend bool operator==(const OwnGrant&, const OwnGrant&) = default;
};

// Errors name the word and the nearest that was declared.
Result<OwnGrant> parse_own_grant(std::string_view text, std::span<const OwnKind> declared);
// Everything that `narrow` allows, `wide` allows.
bool covers(const OwnGrant& wide, const OwnGrant& narrow);

}  // namespace writ::authority
