// The slow reference: what a policy file decides, read from the syntax tree, one node after the other, with nothing of the
// checker, the tables, the bytecode, what is remembered, or the patterns of `authority`. Values carry their kind at run
// time; anything that has no value fails.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "writ/authority/policy/syntax.h"

namespace writ::policy_model {

struct Case {
  std::string kind, resource;
  std::uint64_t bytes = 0, size = 0, effects = 0, denied = 0;
  std::optional<std::uint64_t> max_size, max_uses;  // of the capability
  std::optional<std::uint64_t> amount, max_amount;  // of the one kind of one's own, a.pay, in millionths
  std::string component;                            // its name
  std::set<std::string> labels;
};

struct Refused {
  std::string rule;
  bool failed = false;
  friend bool operator==(const Refused&, const Refused&) = default;
  friend void PrintTo(const Refused& r, std::ostream* out) { *out << r.rule << (r.failed ? " (failed)" : ""); }
};

// The rules that refuse it, in the order of the file.
std::vector<Refused> decide(const authority::policy::syntax::Policy&, const Case&);

}  // namespace writ::policy_model
