// What the baseline translator needs of a module beyond module.h: initial values, segments, bodies.
#pragma once

#include <optional>
#include <vector>

#include "writ/guest/wasm/cursor.h"
#include "writ/guest/wasm/image/baseline.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// The value of a constant expression: bits, or a reference to a function.
struct Initial {
  std::uint64_t bits = 0;
  std::optional<std::uint32_t> function;
};
struct PartGlobal {
  Value type = Value::i32;
  bool is_mutable = false;
  Initial initial;
};
struct PartElements {
  BaselineMode mode = BASELINE_PASSIVE;
  std::uint32_t table = 0, offset = 0;
  std::vector<Initial> initial;
};
struct PartData {
  BaselineMode mode = BASELINE_PASSIVE;
  std::uint32_t offset = 0;
  BytesView bytes;
};
struct ModuleParts {
  std::uint32_t memory_maximum = 0;  // pages
  std::vector<PartGlobal> globals;
  std::vector<BaselineTable> tables;
  std::vector<PartElements> elements;
  std::vector<PartData> data;
  std::vector<Cursor> bodies;
};

// Views into `code`. `invalid` for what is malformed, and for indices of what does not exist.
Result<ModuleParts> read_parts(BytesView code, const Module&);

}  // namespace writ::guest::wasm
