#include "writ/guest/wasm/module.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/guest/wasm/reader.h"
#include "writ/memory/layout.h"

namespace writ::guest::wasm {

std::string_view name(Value v) {
  switch (v) {
    case Value::i32: return "i32";
    case Value::i64: return "i64";
    case Value::f32: return "f32";
    case Value::f64: return "f64";
    case Value::v128: return "v128";
    case Value::funcref: return "funcref";
    case Value::externref: return "externref";
  }
  std::unreachable();
}

std::optional<Value> supported_value(std::uint8_t code) {
  for (const Value v : supported_values)
    if (code == static_cast<std::uint8_t>(v)) return v;
  return std::nullopt;
}

std::string Signature::text() const {
  std::string s;
  const auto list = [&s](std::string_view what, const std::vector<Value>& values) {
    if (values.empty()) return;
    if (!s.empty()) s += ' ';
    s += '(';
    s += what;
    for (const Value v : values) s += ' ', s += name(v);
    s += ')';
  };
  list("param", parameters);
  list("result", results);
  return s.empty() ? "()" : s;
}

std::uint32_t Module::type_index_of(std::uint32_t function) const {
  WRIT_ASSERT(function < function_count());
  return function < imports.size() ? imports[function].type : functions[function - imports.size()];
}

const Signature& Module::type_of(std::uint32_t function) const { return types[type_index_of(function)]; }

std::vector<std::uint32_t> Module::canonical_types() const {
  std::map<Signature, std::uint32_t> first;
  std::vector<std::uint32_t> numbers;
  for (const Signature& s : types)
    numbers.push_back(first.try_emplace(s, static_cast<std::uint32_t>(numbers.size())).first->second);
  return numbers;
}

std::string Module::describe(std::uint32_t function) const {
  const auto i = names.find(function);
  return i == names.end() || i->second.empty() ? fmt::format("#{}", function) : fmt::format("{} (#{})", i->second, function);
}

namespace {

// In the order in which sections must come (5.5.2); custom sections (0) may stand anywhere.
enum Id : std::uint8_t { custom, type, import, function, table, memory, global, exports, start, element, code, data, data_count };
constexpr std::array<int, 13> order = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};

Error refuse(const Reader& at, std::string what, std::string hint) {
  return invalid(std::move(what), fmt::format("byte {:#x}", at.position()), std::move(hint));
}

Result<Value> read_value(Reader& r) {
  const Error wrong = r.malformed("unknown value type");
  WRIT_TRY(const std::uint8_t b, r.byte());
  for (const Value v : {Value::i32, Value::i64, Value::f32, Value::f64, Value::v128, Value::funcref, Value::externref})
    if (b == static_cast<std::uint8_t>(v)) return v;
  return wrong;
}

Result<std::vector<Value>> read_values(Reader& r) {
  WRIT_TRY(const std::uint32_t n, r.count(1));
  if (n > signature_size_max) return r.malformed("a function type of more than 1000 values");
  std::vector<Value> values;
  for (std::uint32_t i = 0; i < n; ++i) {
    WRIT_TRY(const Value v, read_value(r));
    values.push_back(v);
  }
  return values;
}

Result<void> read_types(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(3));
  for (std::uint32_t i = 0; i < n; ++i) {
    WRIT_TRY(const std::uint8_t form, r.byte());
    if (form != 0x60) return r.malformed("unknown form of type");
    Signature s;
    WRIT_TRY(s.parameters, read_values(r));
    WRIT_TRY(s.results, read_values(r));
    m.types.push_back(std::move(s));
  }
  return {};
}

Result<std::uint32_t> read_type_index(Reader& r, const Module& m) {
  WRIT_TRY(const std::uint32_t index, r.number());
  if (index >= m.types.size()) return r.malformed("a type that does not exist");
  return index;
}

Result<void> read_imports(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(4));
  for (std::uint32_t i = 0; i < n; ++i) {
    Import import;
    WRIT_TRY(import.module, r.name());
    WRIT_TRY(import.name, r.name());
    WRIT_TRY(const std::uint8_t kind, r.byte());
    constexpr std::array<std::string_view, 5> kinds{"function", "table", "memory", "global", "tag"};
    if (kind >= kinds.size()) return r.malformed("unknown kind of import");
    const std::string full = escape_for_terminal(import.module + "." + import.name);
    if (kind != 0)
      return refuse(r, fmt::format("the import `{}` is a {}, and only functions can be imported", full, kinds[kind]),
                    "rebuild it as a self-contained module (no dynamic linking, own memory)");
    WRIT_TRY(import.type, read_type_index(r, m));
    for (const auto* values : {&m.types[import.type].parameters, &m.types[import.type].results})
      for (const Value v : *values)
        if (!is_number(v))
          return refuse(r, fmt::format("the import `{}` passes a {}, and host functions take numbers", full, name(v)), {});
    m.imports.push_back(std::move(import));
  }
  return {};
}

struct Size {
  std::uint32_t minimum = 0;
};

Result<Size> read_limits(Reader& r) {
  WRIT_TRY(const std::uint8_t flags, r.byte());
  if (flags & 2) return refuse(r, "shared memory (threads) is not supported", "rebuild without -pthread and -matomics");
  if (flags & 4) return refuse(r, "64-bit memory is not supported", "rebuild for wasm32");
  if (flags > 1) return r.malformed("unknown kind of limits");
  Size s;
  WRIT_TRY(s.minimum, r.number());
  if (flags & 1) { WRIT_CHECK(r.skip_number64()); }
  return s;
}

Result<void> read_tables(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(3));
  for (std::uint32_t i = 0; i < n; ++i) {
    Table t;
    WRIT_TRY(t.element, read_value(r));
    if (is_number(t.element) || t.element == Value::v128) return r.malformed("a table of something that is no reference");
    WRIT_TRY(const Size size, read_limits(r));
    t.minimum = size.minimum;
    m.tables.push_back(t);
  }
  return {};
}

Result<void> read_memories(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(2));
  if (n > 1) return refuse(r, fmt::format("{} memories, and only one is supported", n), "rebuild without multiple memories");
  if (n == 0) return {};
  WRIT_TRY(const Size size, read_limits(r));
  m.has_memory = true;
  m.memory_minimum = WasmPageCount(size.minimum);
  if (size.minimum > ARENA_MEMORY_PAGES_MAX)
    return refuse(r, fmt::format("a memory of at least {} pages, and {} is the most", size.minimum, ARENA_MEMORY_PAGES_MAX), {});
  return {};
}

Result<void> read_exports(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(3));
  for (std::uint32_t i = 0; i < n; ++i) {
    WRIT_TRY(std::string export_name, r.name());
    WRIT_TRY(const std::uint8_t kind, r.byte());
    WRIT_TRY(const std::uint32_t index, r.number());
    if (kind > 4) return r.malformed("unknown kind of export");
    if (kind != 0) continue;
    if (index >= m.function_count()) return r.malformed("an export of a function that does not exist");
    if (!m.exports.try_emplace(std::move(export_name), index).second) return r.malformed("two exports of one name");
  }
  return {};
}

Result<void> read_functions(Reader& r, Module& m) {
  WRIT_TRY(const std::uint32_t n, r.count(1));
  for (std::uint32_t i = 0; i < n; ++i) {
    WRIT_TRY(const std::uint32_t index, read_type_index(r, m));
    m.functions.push_back(index);
  }
  return {};
}

// The name section (appendix 7.4.1) is a custom section: what is wrong in it is ignored, as the specification says.
void read_names(Reader r, Module& m) {
  while (!r.done()) {
    const auto id = r.byte();
    const auto size = id ? r.number() : Result<std::uint32_t>(id.error());
    auto part = size ? r.part(*size) : Result<Reader>(size.error());
    if (!part) return;
    if (*id != 1) continue;  // 1: functions
    const auto n = part->count(2);
    for (std::uint32_t i = 0; n && i < *n; ++i) {
      const auto index = part->number();
      if (!index || *index >= m.function_count()) return;
      auto text = part->name();
      if (!text) return;
      m.names.emplace(*index, std::move(*text));
    }
  }
}

Result<void> read_section(std::uint8_t id, Reader& r, Module& m) {
  const auto only_count = [&r](std::uint32_t& into) -> Result<void> {
    WRIT_TRY(into, r.count(1));
    WRIT_TRY([[maybe_unused]] const BytesView rest, r.take(r.left()));
    return {};
  };
  std::uint32_t bodies = 0;
  switch (id) {
    case type: WRIT_CHECK(read_types(r, m)); break;
    case import: WRIT_CHECK(read_imports(r, m)); break;
    case function: WRIT_CHECK(read_functions(r, m)); break;
    case table: WRIT_CHECK(read_tables(r, m)); break;
    case memory: WRIT_CHECK(read_memories(r, m)); break;
    case global: WRIT_CHECK(only_count(m.globals)); break;
    case exports: WRIT_CHECK(read_exports(r, m)); break;
    case start: {
      WRIT_TRY(const std::uint32_t index, r.number());
      if (index >= m.function_count()) return r.malformed("a start function that does not exist");
      m.start = index;
      break;
    }
    case element: WRIT_CHECK(only_count(m.element_segments)); break;
    case code:
      WRIT_CHECK(only_count(bodies));
      if (bodies != m.functions.size()) return r.malformed("functions and their bodies differ in number");
      break;
    case data: WRIT_CHECK(only_count(m.data_segments)); break;
    default: WRIT_TRY([[maybe_unused]] const std::uint32_t data_count, r.number());
  }
  if (!r.done()) return r.malformed("a section is longer than what is in it");
  return {};
}

Result<void> check_magic(BytesView bytes) {
  constexpr std::string_view magic("\0asm", 4), core("\1\0\0\0", 4), component("\x0d\0\1\0", 4);
  const std::string_view text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 8)));
  if (!text.starts_with(magic)) {
    const bool looks_like_text = text.starts_with("(module") || text.starts_with("(");
    return invalid("this is not WebAssembly: it does not begin with \"\\0asm\"", "byte 0x0",
                   looks_like_text ? "this looks like the text format: compile it with wat2wasm" : "");
  }
  if (text.size() < 8) return invalid("malformed WebAssembly: unexpected end", "byte 0x4");
  if (text.substr(4) == component)
    return invalid("this is a WebAssembly component, and only core modules run here", "byte 0x4",
                   "build for wasm32-wasip1 (wasi preview 1)");
  if (text.substr(4) != core) return invalid("unknown version of WebAssembly", "byte 0x4", "version 1 is known");
  return {};
}

}  // namespace

Result<Module> parse_module(BytesView bytes) {
  if (bytes.size() > module_size_max.value())
    return invalid(fmt::format("the module has {} bytes, and {} is the most", bytes.size(), module_size_max.value()));
  WRIT_CHECK(check_magic(bytes));
  Module m;
  Reader r(bytes.subspan(8), 8);
  std::optional<Reader> names;  // read at the end, when the functions are known
  int last = 0;
  while (!r.done()) {
    WRIT_TRY(const std::uint8_t id, r.byte());
    WRIT_TRY(const std::uint32_t size, r.number());
    const std::size_t begin = r.position();
    WRIT_TRY(Reader content, r.part(size));
    if (m.sections.size() == sections_max) return invalid(fmt::format("the module has more than {} sections", sections_max));
    m.sections.push_back({id, begin, begin + size});
    if (id == custom) {
      WRIT_TRY(const std::string section_name, content.name());
      if (section_name == "name") names = content;
      continue;
    }
    if (id == 13) return refuse(content, "exception handling is not supported",
                                 "rebuild with -fno-exceptions, or without -fwasm-exceptions");
    if (id >= order.size()) return content.malformed("unknown section");
    if (order[id] <= last) return content.malformed("a section out of order");
    last = order[id];
    WRIT_CHECK(read_section(id, content, m));
  }
  if (names) read_names(*names, m);
  return m;
}

}  // namespace writ::guest::wasm
