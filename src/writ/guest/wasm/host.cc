#include "writ/guest/wasm/host.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/memory/layout.h"

namespace writ::guest::wasm {
namespace {

Value value_of(char letter) {
  switch (letter) {
    case 'i': return Value::i32;
    case 'I': return Value::i64;
    case 'f': return Value::f32;
    default: WRIT_ASSERT(letter == 'F'); return Value::f64;
  }
}

Signature signature_of(const HostFunction& f) {
  WRIT_ASSERT(f.results.size() <= 1 && f.parameters.size() <= CALL_ARGUMENTS_MAX);
  Signature s;
  for (const char c : f.parameters) s.parameters.push_back(value_of(c));
  for (const char c : f.results) s.results.push_back(value_of(c));
  return s;
}

Error unknown_module(const std::string& full, const Import& import, std::span<const HostModule> tables) {
  std::vector<std::string_view> known;
  for (const HostModule& t : tables) known.push_back(t.name);
  const auto near = nearest(import.module, known);
  return invalid(fmt::format("the import `{}` is of a module that is not here", full), full,
                 near ? fmt::format("did you mean `{}`?", *near) : fmt::format("what can be imported: {}", fmt::join(known, ", ")));
}

Error unknown_function(const std::string& full, const Import& import, const HostModule& table) {
  std::vector<std::string_view> known;
  for (const HostFunction& f : table.functions) known.push_back(f.name);
  const auto near = nearest(import.name, known);
  return invalid(fmt::format("the import `{}` does not exist", full), full,
                 near ? fmt::format("did you mean `{}.{}`?", table.name, *near) : "");
}

}  // namespace

Result<std::vector<Linked>> link_imports(const Module& m, std::span<const HostModule> tables) {
  std::vector<Linked> linked;
  for (const Import& import : m.imports) {
    const std::string full = escape_for_terminal(import.module + "." + import.name);
    const auto table = std::ranges::find(tables, import.module, &HostModule::name);
    if (table == tables.end()) return unknown_module(full, import, tables);
    const auto function = std::ranges::find(table->functions, import.name, &HostFunction::name);
    if (function == table->functions.end()) return unknown_function(full, import, *table);
    const Signature offered = signature_of(*function), &wanted = m.types[import.type];
    if (offered != wanted)
      return invalid(fmt::format("the import `{}` is declared as {}, and here it is {}", full, wanted.text(), offered.text()),
                     full, "rebuild the module against the current interface");
    const auto table_at = static_cast<std::size_t>(table - tables.begin());
    linked.push_back({table_at, static_cast<std::size_t>(function - table->functions.begin()), offered.parameters.size()});
  }
  return linked;
}

}  // namespace writ::guest::wasm
