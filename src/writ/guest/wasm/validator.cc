#include "writ/guest/wasm/validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "writ/guest/wasm/validator_body.h"

namespace writ::guest::wasm {
namespace {

enum Id : std::uint8_t {
  table_section = 4, memory_section = 5, global_section = 6, export_section = 7, start_section = 8, element_section = 9,
  code_section = 10, data_section = 11, data_count_section = 12
};
constexpr std::uint32_t pages_max = 65536;

class Validator {
 public:
  Validator(BytesView code, const Module& m) : code_(code), module_(m) { context_.referenced.resize(m.function_count()); }

  Result<void> check() {
    const auto has_vectors = [](const std::vector<Value>& values) { return std::ranges::find(values, Value::v128) != values.end(); };
    for (const Signature& s : module_.types)
      if (has_vectors(s.parameters) || has_vectors(s.results)) fail("a type of vectors, which are not supported");
    for (const Section& s : module_.sections) {
      in_ = Cursor(code_.subspan(s.begin, s.end - s.begin), s.begin);
      switch (s.id) {
        case table_section: each([this] { table(); }); break;
        case memory_section: each([this] { limits(pages_max); }); break;
        case global_section: each([this] { global(); }); break;
        case export_section: each([this] { exported(); }); break;
        case start_section: start(); break;
        case element_section: each([this] { elements(); }); break;
        case code_section: each([this] { body(); }); break;
        case data_section: each([this] { data(); }); break;
        case data_count_section: context_.data_count = in_.u32(); break;
        default: continue;
      }
      if (in_.failed() || !in_.done()) fail("a section that does not end where it says, or a number that is too long");
      if (wrong_) return *wrong_;
    }
    if (bodies_ != module_.functions.size()) fail("functions and their bodies differ in number");
    if (context_.data_count.value_or(module_.data_segments) != module_.data_segments) fail("data segments are not as many as was said");
    if (wrong_) return *wrong_;
    return {};
  }

 private:
  void fail(std::string_view what) {
    if (!wrong_) wrong_ = invalid(fmt::format("malformed or invalid WebAssembly: {}", what), fmt::format("byte {:#x}", in_.position()));
  }
  template <class F>
  void each(F read_one) {
    for (std::uint32_t n = in_.u32(); n > 0 && !in_.failed() && !wrong_; --n) read_one();
  }

  void limits(std::uint32_t most) {
    const std::uint8_t flags = in_.byte();
    const std::uint32_t minimum = in_.u32(), maximum = (flags & 1) != 0 ? in_.u32() : most;
    if (flags > 1) return fail("limits of unknown kind");
    if (minimum > maximum || maximum > most) fail("limits that cannot be");
  }
  void table() {
    (void)reference_type();
    limits(UINT32_MAX);
  }
  Value reference_type() {
    const auto type = supported_value(in_.byte());
    if (type && !is_number(*type)) return *type;
    fail("a reference of unknown type");
    return Value::funcref;
  }

  void function_reference() {
    const std::uint32_t f = in_.u32();
    if (f >= module_.function_count()) return fail("a function that does not exist");
    context_.referenced[f] = true;
  }

  // One operator and its end: of globals only imported ones could be read, and none is imported (3.3.10).
  void constant(Value wanted) {
    std::optional<Value> type;
    switch (in_.byte()) {
      case 0x41: (void)in_.s32(), type = Value::i32; break;
      case 0x42: (void)in_.s64(), type = Value::i64; break;
      case 0x43: (void)in_.fixed32(), type = Value::f32; break;
      case 0x44: (void)in_.fixed64(), type = Value::f64; break;
      case 0xd0: type = reference_type(); break;
      case 0xd2: function_reference(), type = Value::funcref; break;
      default: break;
    }
    if (type != wanted || in_.byte() != 0x0b) fail("a constant expression of another type, or of several operators");
  }

  void global() {
    const auto type = supported_value(in_.byte());
    const std::uint8_t mutability = in_.byte();
    if (!type || mutability > 1) return fail("a global of unknown type");
    constant(*type);
    context_.globals.push_back({*type, mutability == 1});
  }

  void exported() {
    const std::string_view name = as_text(in_.take(in_.u32()));
    const std::uint8_t kind = in_.byte();
    const std::uint32_t index = in_.u32();
    const std::array<std::size_t, 4> counts{module_.function_count(), module_.tables.size(), module_.has_memory ? 1u : 0u, module_.globals};
    if (kind >= counts.size() || index >= counts[kind]) return fail("an export of what does not exist");
    if (!names_.insert(name).second) return fail("two exports of one name");
    if (kind == 0) context_.referenced[index] = true;
  }

  void start() {
    const std::uint32_t f = in_.u32();
    if (f >= module_.function_count() || module_.type_of(f) != Signature{}) fail("a start function that takes or gives something");
  }

  // Its kind in three bits (5.5.12): passive or declared, with a table or declared, expressions.
  void elements() {
    const std::uint32_t kind = in_.u32();
    if (kind > 7) return fail("an element segment of unknown kind");
    const bool active = (kind & 1) == 0, expressions = (kind & 4) != 0;
    const std::uint32_t table = active && (kind & 2) != 0 ? in_.u32() : 0;
    if (active) constant(Value::i32);
    Value type = Value::funcref;
    if ((kind & 3) != 0 && expressions) type = reference_type();
    else if ((kind & 3) != 0 && in_.byte() != 0) fail("elements of unknown kind");
    if (active && (table >= module_.tables.size() || module_.tables[table].element != type)) fail("a table that does not exist, or has another type");
    each([&] { expressions ? constant(type) : function_reference(); });
    context_.elements.push_back(type);
  }

  void body() {
    const std::uint32_t size = in_.u32();
    const std::size_t at = in_.position();
    const Cursor operators(in_.take(size), at);
    if (in_.failed() || bodies_ == module_.functions.size()) return fail("a body that is cut off, or has no function");
    const auto index = static_cast<std::uint32_t>(module_.imports.size() + bodies_++);
    if (auto checked = functions_.check(index, operators); !checked && !wrong_) wrong_ = checked.error();
  }

  void data() {
    const std::uint32_t kind = in_.u32();
    if (kind > 2) return fail("a data segment of unknown kind");
    if (kind == 2 && in_.u32() != 0) fail("a memory that does not exist");
    if (kind != 1) {
      if (!module_.has_memory) fail("a memory that does not exist");
      constant(Value::i32);
    }
    (void)in_.take(in_.u32());
  }

  BytesView code_;
  const Module& module_;
  Cursor in_{BytesView{}};
  std::optional<Error> wrong_;
  ValidationContext context_{module_, {}, {}, {}, {}};
  BodyValidator functions_{context_};
  std::set<std::string_view> names_;
  std::size_t bodies_ = 0;
};

}  // namespace

Result<void> check_valid(BytesView code, const Module& m) { return Validator(code, m).check(); }

}  // namespace writ::guest::wasm
