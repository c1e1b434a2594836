// The members of a recipe, in canonical order (wire/form.h).
#pragma once

#include "writ/task/recipe.h"
#include "writ/wire/form.h"

namespace writ::task {

inline constexpr std::array<std::string_view, 2> on_denial_names{"refuse", "end_task"};

template <class F>
void describe(F& form, typename F::template Value<Recipe>& v) {
  form.object([&] {
    form("changes", v.changes);
    form("environment", v.environment);
    form.choice("on_denial", v.on_denial, on_denial_names);
    form.encoded("seed", v.seed);
    form("sequence", v.sequence);
  });
}

}  // namespace writ::task
