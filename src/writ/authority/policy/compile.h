// The compiler: from the text of a policy file to a Program, or everything that is wrong with it.
//
// What cannot be enforced is refused here: a rule that can never match or never refuses, a type of effect that is not in
// the vocabulary, a gauge that nothing on this machine bounds. Threads: pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/policy/diagnostic.h"
#include "writ/authority/policy/facts.h"
#include "writ/authority/policy/program.h"
#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::authority::policy {

inline constexpr ByteCount largest_policy = 4 * MiB;  // of a file: 2,000 long rules take 0.5 MB

// A case of a `test` in the file: an effect, and what must be decided about it.
struct CaseWord {
  std::string policy, test;
  std::uint32_t line = 0;
  enum class Wanted : std::uint8_t { allow, deny } wanted = Wanted::allow;
  effect::Effect effect;
  std::uint64_t effects = 0, denied = 0;
  std::vector<Grant> capabilities;  // none: one without limits that covers the effect
  ComponentFacts component;
  std::vector<std::string> by;  // rules that must be among those that refuse
};

struct Compiled {
  std::shared_ptr<const Program> program;  // none if anything is wrong
  std::vector<CaseWord> cases;
  std::vector<Diagnostic> diagnostics;
};
Compiled compile(std::string_view text, std::string_view file);

// The program, or one `invalid` error with the first diagnostic, its place and how many more there are.
Result<std::shared_ptr<const Program>> load(std::string_view text, std::string_view file);

// EFFECT[:RESOURCE], the resource written as in a grant and without patterns; of one's own with its fields.
Result<effect::Effect> parse_effect(std::string_view text, const effect::OwnKinds& = {});

}  // namespace writ::authority::policy
