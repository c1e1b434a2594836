#include "writ/guest/wasm/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "writ/fence/scan.h"
#include "writ/guest/wasm/baseline_function.h"
#include "writ/guest/wasm/baseline_parts.h"
#include "writ/guest/wasm/elf_writer.h"
#include "writ/guest/wasm/embedded.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/image/baseline.h"
#include "writ/guest/wasm/opcodes.h"
#include "writ/memory/layout.h"
#include "writ/wire/digest.h"

namespace writ::guest::wasm {
namespace {

constexpr std::uint64_t page = fence::page_size.value();
constexpr std::uint64_t up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

// In the order of Helper.
constexpr std::array<std::string_view, helper_count> helper_names{
    "wasm_rt_trap", "image_call", "baseline_memory_grow", "baseline_memory_copy", "baseline_memory_fill", "baseline_memory_init",
    "baseline_data_drop", "baseline_table_get", "baseline_table_set", "baseline_table_grow", "baseline_table_size", "baseline_table_fill",
    "baseline_table_copy", "baseline_table_init", "baseline_element_drop", "baseline_instantiate", "baseline_f32_of_u64",
    "baseline_f64_of_u64", "baseline_i32_of_f32", "baseline_u32_of_f32", "baseline_i32_of_f64", "baseline_u32_of_f64",
    "baseline_i64_of_f32", "baseline_u64_of_f32", "baseline_i64_of_f64", "baseline_u64_of_f64", "baseline_i32_of_f32_sat",
    "baseline_u32_of_f32_sat", "baseline_i32_of_f64_sat", "baseline_u32_of_f64_sat", "baseline_i64_of_f32_sat",
    "baseline_u64_of_f32_sat", "baseline_i64_of_f64_sat", "baseline_u64_of_f64_sat"};

// The runtime that every image begins with, as it was linked when this library was made.
struct Runtime {
  Elf elf;
  std::array<std::uint64_t, helper_count> helpers{};  // offsets
};

Result<Runtime> read_runtime() {
  Runtime r;
  WRIT_TRY(r.elf, read_elf(baseline_runtime()));
  if (!r.elf.relocations.empty()) return Error{Code::corrupt, "the runtime of images has something to relocate", {}, {}};
  for (std::size_t i = 0; i < helper_count; ++i) {
    const auto f = std::ranges::find(r.elf.functions, helper_names[i], &ElfSymbol::name);
    if (f == r.elf.functions.end()) return Error{Code::corrupt, fmt::format("the runtime of images lacks {}", helper_names[i]), {}, {}};
    r.helpers[i] = f->offset;
  }
  return r;
}

// How a try differs from the one before, if chance made what no image may hold (forbidden.h).
struct Layout {
  Constants constants;
  std::uint32_t alignment;  // of functions
};
constexpr std::array<Layout, 5> layouts{{{Constants::plain, 16},
                                         {Constants::hidden, 16},
                                         {Constants::hidden, 32},
                                         {Constants::hidden, 64},
                                         {Constants::hidden, 128}}};

// The image state as it begins (runtime.h).
constexpr std::int32_t result_at = 16, arguments_at = 24;
constexpr std::int32_t memory_from_state = ARENA_MEMORY - ARENA_STATE;

class ModuleTranslator {
 public:
  ModuleTranslator(BytesView code, const Module& m, const Runtime& runtime, Layout layout)
      : code_(code), module_(m), runtime_(runtime), layout_(layout) {}

  Result<void> translate() {
    WRIT_TRY(parts_, read_parts(code_, module_));
    types_.canonical = module_.canonical_types();
    for (std::uint32_t& n : types_.canonical) ++n;
    for (const PartGlobal& g : parts_.globals) types_.globals.push_back({g.type, g.is_mutable});
    places_.resize(module_.function_count());
    for (std::size_t i = 0; i < module_.imports.size(); ++i) import_function(i);
    FunctionTranslator functions(types_, out_, layout_.constants);
    for (std::size_t i = 0; i < parts_.bodies.size(); ++i) {
      const auto index = static_cast<std::uint32_t>(module_.imports.size() + i);
      begin(index);
      WRIT_CHECK(functions.translate(index, parts_.bodies[i]));
      named_.push_back({fmt::format("w2c_f{}", index), places_[index], out_.text.position() - places_[index]});
    }
    entries();
    return {};
  }

  // Everything has its place; false if what no image may hold came about.
  bool finish() {
    text_at_ = up(runtime_.elf.size.value(), page);
    constants_at_ = text_at_ + up(out_.text.position(), page);
    describe();
    for (const Distance& d : out_.distances) out_.text.patch(d.at, static_cast<std::uint32_t>(target_of(d) - (text_at_ + d.at + 4)));
    text_ = as_bytes(std::span(out_.text.text()));
    return !fence::first_forbidden(text_);
  }

  Bytes object() const {
    std::vector<ElfPart> parts = runtime_.elf.parts;
    using Kind = fence::Segment::Kind;
    parts.push_back({Kind::text, text_at_, ByteCount(up(text_.size(), page)), text_});
    parts.push_back({Kind::constants, constants_at_, ByteCount(up(constants_.size(), page)), constants_});
    std::vector<NamedFunction> functions;
    functions.reserve(named_.size());
    for (const NamedFunction& f : named_) functions.push_back({f.name, text_at_ + f.offset, f.size});
    return write_elf(parts, functions);
  }

 private:
  static BytesView as_bytes(std::span<const std::uint8_t> s) { return std::as_bytes(s); }
  Assembler& a() { return out_.text; }
  void begin(std::uint32_t function) {
    a().align(layout_.alignment);
    places_[function] = a().position();
  }

  // Parameters lie where the host wants them: on the caller's stack.
  void import_function(std::size_t i) {
    begin(static_cast<std::uint32_t>(i));
    a().byte(0x50u | rbp);
    a().with_register(move_store(true), rsp, rbp);
    a().byte(0xb8u | rdi);
    a().half(static_cast<std::uint32_t>(CALL_FIRST_IMPORT + i));
    a().with_place(address_of, rsi, {rsp, 16, rsp, 0});
    call(Helper::call);
    const Signature& s = module_.type_of(static_cast<std::uint32_t>(i));
    if (s.results.size() == 1) {
      const Value t = s.results[0];
      if (is_float(t)) a().with_register({0x0f6e, 0x66, is_wide(t)}, 0, rax);
      else if (!is_wide(t)) a().with_register(move_load(false), rax, rax);
    }
    a().byte(0x58u | rbp);
    a().byte(0xc3);
  }

  void call(Helper h) { out_.distances.push_back({a().call(), Toward::helper, static_cast<std::uint32_t>(h)}); }

  static constexpr std::array kept{rbx, r12, r13, r14, r15};  // for the host (System V ABI)

  // (instance, ...): the host comes in.
  void open_entry(std::size_t arguments) {
    a().byte(0x50u | rbp);
    a().with_register(move_store(true), rsp, rbp);
    for (const Gp r : kept) {
      if (r >= r8) a().byte(0x41);
      a().byte(0x50u | (r & 7u));
    }
    a().with_register({0x81, 0, true}, 5, rsp);
    a().half(static_cast<std::uint32_t>(up(arguments * 8, 16) + 8));
    a().with_register(move_load(true), r15, rdi);
    a().with_place(address_of, r14, {rdi, memory_from_state, rsp, 0});
  }

  void close_entry() {
    a().with_place(address_of, rsp, {rbp, -8 * static_cast<std::int32_t>(kept.size()), rsp, 0});
    for (auto r = kept.rbegin(); r != kept.rend(); ++r) {
      if (*r >= r8) a().byte(0x41);
      a().byte(0x58u | (*r & 7u));
    }
    a().byte(0x58u | rbp);
    a().byte(0xc3);
  }

  void export_function(std::uint32_t index) {
    const Signature& s = module_.type_of(index);
    open_entry(s.parameters.size());
    for (std::size_t p = 0; p < s.parameters.size(); ++p) {
      a().with_place(move_load(is_wide(s.parameters[p])), rax, {r15, static_cast<std::int32_t>(arguments_at + 8 * p), rsp, 0});
      a().with_place(move_store(true), rax, {rsp, static_cast<std::int32_t>(8 * p), rsp, 0});
    }
    out_.distances.push_back({a().call(), Toward::function, index});
    if (!s.results.empty()) {
      const Value t = s.results[0];
      if (is_float(t)) a().with_register({0x0f7e, 0x66, is_wide(t)}, 0, rax);
      a().with_place(move_store(true), rax, {r15, result_at, rsp, 0});
    }
    close_entry();
  }

  void entries() {
    const auto entry = [&](std::string name, const auto& emit) {
      a().align(layout_.alignment);
      const std::uint32_t from = a().position();
      emit();
      named_.push_back({std::move(name), from, a().position() - from});
    };
    std::vector<std::uint32_t> callable;
    for (const auto& [name, index] : module_.exports)
      if (is_callable(module_, index)) callable.push_back(index);
    std::ranges::sort(callable);
    callable.erase(std::unique(callable.begin(), callable.end()), callable.end());
    for (const std::uint32_t index : callable) entry(export_symbol(index), [&] { export_function(index); });
    entry(std::string(instantiate_symbol), [&] {
      open_entry(0);
      a().with_register(move_load(true), rdi, rsi);
      out_.distances.push_back({a().with_distance(address_of, rsi), Toward::description, 0});
      call(Helper::instantiate);
      if (module_.start) out_.distances.push_back({a().call(), Toward::function, *module_.start});
      close_entry();
    });
  }

  // ---- constants: the description, records, jump tables, data ----

  template <class T>
  std::uint32_t append(const T& value) {
    const auto at = static_cast<std::uint32_t>(constants_.size());
    const auto* raw = reinterpret_cast<const std::byte*>(&value);
    constants_.insert(constants_.end(), raw, raw + sizeof value);
    return at;
  }
  std::uint32_t record_at(std::uint32_t function) const { return records_at_ + static_cast<std::uint32_t>(sizeof(BaselineRecord)) * function; }

  void describe() {
    constants_.clear();
    BaselineModule m{};
    m.has_memory = module_.has_memory;
    m.pages = static_cast<std::uint32_t>(module_.memory_minimum.value());
    m.max_pages = parts_.memory_maximum;
    m.globals = static_cast<std::uint32_t>(parts_.globals.size());
    m.tables = static_cast<std::uint32_t>(parts_.tables.size());
    m.elements = static_cast<std::uint32_t>(parts_.elements.size());
    m.data = static_cast<std::uint32_t>(parts_.data.size());
    append(m);
    constants_.resize(up(constants_.size(), 16));
    records_at_ = static_cast<std::uint32_t>(constants_.size());
    for (std::uint32_t f = 0; f < module_.function_count(); ++f)
      append(BaselineRecord{types_.canonical[module_.type_index_of(f)],
                            static_cast<int>(static_cast<std::int64_t>(text_at_ + places_[f]) -
                                             static_cast<std::int64_t>(constants_at_ + record_at(f)))});
    m.globals_at = static_cast<std::uint32_t>(constants_.size());
    for (const PartGlobal& g : parts_.globals) append(BaselineGlobal{g.initial.bits, record_of(g.initial), 0});
    m.tables_at = static_cast<std::uint32_t>(constants_.size());
    for (const BaselineTable& t : parts_.tables) append(t);
    describe_segments(m);
    tables_at_ = static_cast<std::uint32_t>(constants_.size());
    constants_.resize(constants_.size() + out_.tables_size);
    for (const JumpEntry& j : out_.jumps) {
      const auto distance = static_cast<std::uint32_t>(text_at_ + j.text - (constants_at_ + tables_at_ + j.table));
      std::memcpy(constants_.data() + tables_at_ + j.at, &distance, sizeof distance);
    }
    std::memcpy(constants_.data(), &m, sizeof m);
  }

  std::uint32_t record_of(const Initial& i) const { return i.function ? record_at(*i.function) : 0; }

  void describe_segments(BaselineModule& m) {
    std::vector<BaselineElements> elements;
    for (const PartElements& e : parts_.elements) {
      elements.push_back({e.mode, e.table, e.offset, static_cast<std::uint32_t>(e.initial.size()), static_cast<std::uint32_t>(constants_.size())});
      for (const Initial& i : e.initial) append(record_of(i));
    }
    std::vector<BaselineData> data;
    for (const PartData& d : parts_.data) {
      data.push_back({d.mode, d.offset, static_cast<std::uint32_t>(d.bytes.size()), static_cast<std::uint32_t>(constants_.size())});
      constants_.insert(constants_.end(), d.bytes.begin(), d.bytes.end());
    }
    constants_.resize(up(constants_.size(), 16));
    m.elements_at = static_cast<std::uint32_t>(constants_.size());
    for (const BaselineElements& e : elements) append(e);
    m.data_at = static_cast<std::uint32_t>(constants_.size());
    for (const BaselineData& d : data) append(d);
  }

  std::uint64_t target_of(const Distance& d) const {
    switch (d.toward) {
      case Toward::function: return text_at_ + places_[d.index];
      case Toward::helper: return runtime_.helpers[d.index];
      case Toward::record: return constants_at_ + record_at(d.index);
      case Toward::table: return constants_at_ + tables_at_ + d.index;
      case Toward::description: return constants_at_;
    }
    std::unreachable();
  }

  BytesView code_;
  const Module& module_;
  const Runtime& runtime_;
  Layout layout_;
  ModuleParts parts_;
  BaselineTypes types_{module_, {}, {}};
  BaselineCode out_;
  std::vector<std::uint32_t> places_;   // of functions, in the text
  std::vector<NamedFunction> named_;    // offsets in the text
  std::uint64_t text_at_ = 0, constants_at_ = 0;
  std::uint32_t records_at_ = 0, tables_at_ = 0;  // in the constants
  BytesView text_;
  Bytes constants_;
};

}  // namespace

Result<Bytes> translate_baseline(BytesView code, const Module& module, Constants first) {
  WRIT_TRY(const Runtime runtime, read_runtime());
  for (const Layout& layout : layouts) {
    if (layout.constants < first) continue;
    ModuleTranslator translator(code, module, runtime, layout);
    WRIT_CHECK(translator.translate());
    if (translator.finish() || &layout == &layouts.back()) return translator.object();  // the fence has the last word
  }
  std::unreachable();
}

std::string baseline_fingerprint() { return WRIT_BASELINE_SOURCES + sha256(baseline_runtime()).hex(); }

}  // namespace writ::guest::wasm
