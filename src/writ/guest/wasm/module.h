// Module: what we must know of a WebAssembly module besides its code: types, imports, exports, sizes, names.
//
// Parsing is strict about what it reads and does not validate code: that is the validator's part (validator.h),
// and nothing is translated that did not pass there. Only what a guest of ours can be is accepted: imports are functions of numbers,
// there is at most one memory, nothing is shared. Names are the guest's: escape them before they reach a terminal.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

enum class Value : std::uint8_t { i32 = 0x7f, i64 = 0x7e, f32 = 0x7d, f64 = 0x7c, v128 = 0x7b, funcref = 0x70, externref = 0x6f };
std::string_view name(Value);
constexpr bool is_number(Value v) { return v >= Value::f64; }
// What can be translated, and so what a valid module may have: all but vectors.
inline constexpr std::array supported_values{Value::i32, Value::i64, Value::f32, Value::f64, Value::funcref, Value::externref};
std::optional<Value> supported_value(std::uint8_t code);

struct Signature {
  std::vector<Value> parameters, results;
  std::string text() const;  // "(param i32 i64) (result i32)", "()" if empty
  friend auto operator<=>(const Signature&, const Signature&) = default;
};

struct Import {
  std::string module, name;
  std::uint32_t type = 0;
};

struct Table {
  Value element = Value::funcref;
  std::uint32_t minimum = 0;
};

struct Section {
  std::uint8_t id = 0;
  std::size_t begin = 0, end = 0;  // of the content, in the file
};

struct Module {
  std::vector<Signature> types;
  std::vector<Import> imports;              // functions; they come first in the index space
  std::vector<std::uint32_t> functions;     // types of the module's own functions
  std::vector<Table> tables;
  bool has_memory = false;
  WasmPageCount memory_minimum;
  std::uint32_t globals = 0, element_segments = 0, data_segments = 0;
  std::map<std::string, std::uint32_t, std::less<>> exports;  // of functions: name -> function index
  std::map<std::uint32_t, std::string> names;                 // of functions, from the name section
  std::optional<std::uint32_t> start;                         // function
  std::vector<Section> sections;

  std::uint32_t function_count() const { return static_cast<std::uint32_t>(imports.size() + functions.size()); }
  const Signature& type_of(std::uint32_t function) const;
  std::uint32_t type_index_of(std::uint32_t function) const;
  // The first type with the same shape, so that equal types have one number.
  std::vector<std::uint32_t> canonical_types() const;
  // "fill (#12)", or "#12" without a name.
  std::string describe(std::uint32_t function) const;
};

inline constexpr ByteCount module_size_max = 64 * MiB;    // a compiler takes minutes for a tenth of it
inline constexpr std::size_t sections_max = 100'000;       // custom ones may come in any number
inline constexpr std::uint32_t signature_size_max = 1000;  // parameters and results; the limit of browsers

// `invalid`, with the byte, for what is malformed; `invalid` too for what no guest may be, saying what would be right.
Result<Module> parse_module(BytesView);

}  // namespace writ::guest::wasm
