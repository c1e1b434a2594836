// The steps of the compiler, each in a file of its own. A step says what is wrong in the diagnostics and goes on.
#pragma once

#include "writ/authority/policy/checker.h"
#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/syntax.h"

namespace writ::authority::policy {

// The kinds of one's own that the policy declares.
effect::OwnKinds own_kinds(const syntax::Policy&, Diagnostics&);
Declarations declare(const syntax::Policy&, Diagnostics&);

// The scope of a rule about effects whose variable has this name.
Scope effect_scope(std::string_view variable);
Scope component_scope(std::string_view variable);

// A rule that can never match, never refuses or always fails: adds a diagnostic.
void probe(const EffectRule&, const syntax::Rule&, const effect::OwnKinds&, Diagnostics&);

std::optional<ComponentRule> compile_component_rule(const syntax::Forall&, const Declarations::ComponentType&,
                                                    const Declarations&, Diagnostics&);

std::vector<CaseWord> compile_cases(const syntax::Policy&, const effect::OwnKinds&, Diagnostics&);

}  // namespace writ::authority::policy
