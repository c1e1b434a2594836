#include "writ/guest/wasm/glue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "writ/memory/layout.h"

namespace writ::guest::wasm {
namespace {

constexpr std::size_t arguments_max = 16;  // IMAGE_ARGUMENTS
constexpr std::size_t function_reference_size = 24, external_reference_size = 8;

std::string_view c_type(Value v) {
  switch (v) {
    case Value::i32: return "u32";
    case Value::i64: return "u64";
    case Value::f32: return "f32";
    case Value::f64: return "f64";
    default: std::unreachable();  // checked by parse_module and is_callable
  }
}

std::string result_type(const Signature& s) { return s.results.empty() ? "void" : std::string(c_type(s.results[0])); }

void import_function(std::string& out, const Module& m, std::size_t i) {
  const Signature& s = m.types[m.imports[i].type];
  auto o = std::back_inserter(out);
  fmt::format_to(o, "{} Z_hZ_f{}(struct Z_h_instance_t* self", result_type(s), i);
  for (std::size_t p = 0; p < s.parameters.size(); ++p) fmt::format_to(o, ", {} a{}", c_type(s.parameters[p]), p);
  fmt::format_to(o, ") {{\n  ArenaWord v[{}];\n", std::max<std::size_t>(1, s.parameters.size()));
  for (std::size_t p = 0; p < s.parameters.size(); ++p)
    fmt::format_to(o, "  v[{0}] = word_of_{1}(a{0});\n", p, c_type(s.parameters[p]));
  const std::string call = fmt::format("image_call(CALL_FIRST_IMPORT + {}, v)", i);
  if (s.results.empty()) fmt::format_to(o, "  {};\n}}\n", call);
  else fmt::format_to(o, "  return {}_of_word({});\n}}\n", c_type(s.results[0]), call);
}

void export_function(std::string& out, const Module& m, std::uint32_t index) {
  const Signature& s = m.type_of(index);
  std::string call = fmt::format("Z_mZ_f{}(&s->module", index);
  for (std::size_t p = 0; p < s.parameters.size(); ++p)
    call += fmt::format(", {}_of_word(s->image.arguments[{}])", c_type(s.parameters[p]), p);
  call += ")";
  if (!s.results.empty()) call = fmt::format("s->image.result = word_of_{}({})", c_type(s.results[0]), call);
  fmt::format_to(std::back_inserter(out), "SHOWN void {}(State* s) {{ {}; }}\n", export_symbol(index), call);
}

std::string include(std::string_view file) { return fmt::format("#include \"{}\"\n", file); }

constexpr std::string_view before_module = R"(#define SHOWN __attribute__((visibility("default")))
/* Constants that must not stand in the code as they are (forbidden.h). */
static inline u32 image_hidden_u32(u32 x, u32 mask) { __asm__ volatile("" : "+r"(x)); return x ^ mask; }
static inline u64 image_hidden_u64(u64 x, u64 mask) { __asm__ volatile("" : "+r"(x)); return x ^ mask; }
/* Floating-point loads: the translator's own would move each value through an integer register. */
#define DEFINE_LOAD_FLOAT(name, type)                                   \
  static inline type name(wasm_rt_memory_t* memory, u64 address) {     \
    type result;                                                        \
    __builtin_memcpy(&result, &memory->data[address], sizeof result);   \
    __asm__("" : : "x"(result));                                        \
    return result;                                                      \
  }
)";
constexpr std::string_view after_module = R"(typedef struct { struct ImageState image; Z_m_instance_t module; } State;
static inline ArenaWord word_of_u32(u32 x) { return x; }
static inline ArenaWord word_of_u64(u64 x) { return x; }
static inline ArenaWord word_of_f32(f32 x) { u32 w; __builtin_memcpy(&w, &x, 4); return w; }
static inline ArenaWord word_of_f64(f64 x) { ArenaWord w; __builtin_memcpy(&w, &x, 8); return w; }
static inline u32 u32_of_word(ArenaWord w) { return (u32)w; }
static inline u64 u64_of_word(ArenaWord w) { return w; }
static inline f32 f32_of_word(ArenaWord w) { u32 n = (u32)w; f32 x; __builtin_memcpy(&x, &n, 4); return x; }
static inline f64 f64_of_word(ArenaWord w) { f64 x; __builtin_memcpy(&x, &w, 8); return x; }
)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> replacements{{
    {"DEFINE_LOAD(f32_load, f32, f32, f32)\n", "DEFINE_LOAD_FLOAT(f32_load, f32)\n"},
    {"DEFINE_LOAD(f64_load, f64, f64, f64)\n", "DEFINE_LOAD_FLOAT(f64_load, f64)\n"},
    {"size_t n) {\n  memcpy(dest, src, n);\n", "size_t n) {\n  __asm__(\"\" : \"+r\"(src));\n  memcpy(dest, src, n);\n"},
}};

}  // namespace

std::string export_symbol(std::uint32_t function) { return fmt::format("image_export_{}", function); }

bool is_callable(const Module& m, std::uint32_t function) {
  if (function < m.imports.size()) return false;
  const Signature& s = m.type_of(function);
  return s.parameters.size() <= arguments_max && s.results.size() <= 1 &&
         std::ranges::all_of(s.parameters, is_number) && std::ranges::all_of(s.results, is_number);
}

ByteCount state_size(const Module& m) {
  constexpr std::uint64_t per_entry = 32;  // more than a memory, a table, a global or a flag takes in the structure
  std::uint64_t size = 4096 + per_entry * (m.globals + m.element_segments + m.data_segments + m.tables.size());
  for (const Table& t : m.tables) {
    constexpr std::uint64_t alignment = 16;
    size += std::uint64_t{t.minimum} * (t.element == Value::funcref ? function_reference_size : external_reference_size) + alignment;
  }
  return ByteCount(size);
}

std::string make_unit(const std::string& settled_file) {
  return include("runtime.h") + include("m.h") + std::string(before_module) + include(settled_file);
}

std::string make_glue(const Module& m) {
  std::string out = include("runtime.h") + include("m.h");
  out += before_module;
  out += include("settled.c");
  out += after_module;
  for (std::size_t i = 0; i < m.imports.size(); ++i) import_function(out, m, i);
  std::set<std::uint32_t> functions;
  for (const auto& [name, index] : m.exports)
    if (is_callable(m, index)) functions.insert(index);
  for (const std::uint32_t index : functions) export_function(out, m, index);
  fmt::format_to(std::back_inserter(out),
                 "SHOWN void {}(State* s, ArenaWord limit) {{\n"
                 "  s->image.end = ((ArenaWord)(s + 1) + 15) & ~15ull;\n"
                 "  s->image.limit = limit;\n"
                 "  Z_m_instantiate(&s->module{});\n}}\n",
                 instantiate_symbol, m.imports.empty() ? "" : ", (struct Z_h_instance_t*)s");
  return out;
}

Result<std::string> settle(std::string text, const Module& m) {
  const Error strange{Code::unsupported, "the translator's output is not what wasm2c 1.0.32 writes", "wasm2c",
                      "install wabt 1.0.32 (Debian 12)"};
  for (const auto& [before, after] : replacements) {
    const auto at = text.find(before);
    if (at == text.npos) return strange;
    text.replace(at, before.size(), after);
  }
  if (m.types.empty()) return text;  // then there is no such table
  const std::string_view head = "static bool s_module_initialized = false;\n\n";
  const auto begin = text.find(head);
  if (begin == text.npos) return strange;
  const auto from = begin + head.size();
  const std::string expected = fmt::format("static u32 func_types[{}];\n\nstatic void init_func_types(void) {{\n", m.types.size());
  if (text.compare(from, expected.size(), expected) != 0) return strange;
  const auto end = text.find("\n}\n", from);
  if (end == text.npos) return strange;
  // Equal types have equal numbers, and 0 is nobody's: it marks a table's empty entries.
  std::string numbers;
  for (const std::uint32_t n : m.canonical_types()) numbers += fmt::format("{}, ", n + 1);
  text.replace(from, end + 3 - from, fmt::format("static const u32 func_types[{}] = {{{}}};\nstatic inline void init_func_types(void) {{}}\n",
                                                 m.types.size(), numbers));
  return text;
}

std::string glue_fingerprint() {
  Module sample;
  sample.types = {{{Value::i32, Value::i64, Value::f32, Value::f64}, {Value::f64}}, {}};
  sample.imports = {{"m", "f", 0}};
  sample.functions = {0, 1};
  sample.exports = {{"a", 1}, {"b", 2}};
  std::string all = make_glue(sample);
  for (const auto& [before, after] : replacements) (all += before) += after;
  all += make_unit("settled1.c");
  return all;
}

}  // namespace writ::guest::wasm
