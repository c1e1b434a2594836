#include "writ/guest/wasm/baseline_parts.h"

#include <fmt/format.h>

namespace writ::guest::wasm {
namespace {

enum Id : std::uint8_t { table_section = 4, memory_section = 5, global_section = 6, element_section = 9, code_section = 10, data_section = 11 };
constexpr std::uint32_t pages_max = 65536;

class Parts {
 public:
  Parts(BytesView code, const Module& m) : code_(code), module_(m) {}

  Result<ModuleParts> read() {
    for (const Section& s : module_.sections) {
      in_ = Cursor(code_.subspan(s.begin, s.end - s.begin), s.begin);
      switch (s.id) {
        case table_section: each([this] { table(); }); break;
        case memory_section: each([this] { memory(); }); break;
        case global_section: each([this] { global(); }); break;
        case element_section: each([this] { elements(); }); break;
        case code_section: each([this] { body(); }); break;
        case data_section: each([this] { data(); }); break;
        default: continue;
      }
      if (in_.failed() || !in_.done()) fail("a section that does not end where it says");
      if (wrong_) return *wrong_;
    }
    // The sections were counted when the module was read, and code is translated with those counts.
    const bool all = out_.bodies.size() == module_.functions.size() && out_.globals.size() == module_.globals &&
                     out_.tables.size() == module_.tables.size() && out_.elements.size() == module_.element_segments &&
                     out_.data.size() == module_.data_segments;
    if (!all) fail("a section is missing");
    if (wrong_) return *wrong_;
    return std::move(out_);
  }

 private:
  void fail(std::string_view what) {
    if (!wrong_) wrong_ = invalid(fmt::format("malformed or invalid WebAssembly: {}", what), fmt::format("byte {:#x}", in_.position()));
  }
  template <class F>
  void each(F read_one) {
    for (std::uint32_t n = in_.u32(); n > 0 && !in_.failed() && !wrong_; --n) read_one();
  }

  std::pair<std::uint32_t, std::uint32_t> limits(std::uint32_t unlimited) {
    const bool has_maximum = (in_.byte() & 1) != 0;
    const std::uint32_t minimum = in_.u32();
    return {minimum, has_maximum ? in_.u32() : unlimited};
  }
  void table() {
    (void)in_.byte();
    const auto [minimum, maximum] = limits(UINT32_MAX);
    out_.tables.push_back({minimum, maximum});
  }
  void memory() { out_.memory_maximum = std::min(limits(pages_max).second, pages_max); }

  // One operator and its end: nothing can be imported that a constant expression could read.
  Initial initial() {
    Initial i;
    switch (in_.byte()) {
      case 0x41: i.bits = static_cast<std::uint32_t>(in_.s32()); break;
      case 0x42: i.bits = static_cast<std::uint64_t>(in_.s64()); break;
      case 0x43: i.bits = in_.fixed32(); break;
      case 0x44: i.bits = in_.fixed64(); break;
      case 0xd0: (void)in_.byte(); break;
      case 0xd2: i.function = function(); break;
      default: fail("a constant expression of another kind");
    }
    if (in_.byte() != 0x0b) fail("a constant expression of several operators");
    return i;
  }
  std::uint32_t function() {
    const std::uint32_t f = in_.u32();
    if (f >= module_.function_count()) fail("a function that does not exist");
    return f;
  }

  void global() {
    const auto type = static_cast<Value>(in_.byte());
    if (!is_number(type) && type != Value::funcref && type != Value::externref) fail("a global of unknown type");
    const std::uint8_t mutability = in_.byte();
    out_.globals.push_back({type, mutability == 1, initial()});
  }

  // Its kind in three bits (core specification 5.5.12): passive or declared, with a table or declared, expressions.
  void elements() {
    const std::uint32_t kind = in_.u32();
    if (kind > 7) return fail("an element segment of unknown kind");
    PartElements e;
    const bool active = (kind & 1) == 0, expressions = (kind & 4) != 0;
    e.mode = active ? BASELINE_ACTIVE : (kind & 2) != 0 ? BASELINE_DECLARED : BASELINE_PASSIVE;
    if (active) {
      if ((kind & 2) != 0) e.table = in_.u32();
      if (e.table >= module_.tables.size()) fail("a table that does not exist");
      e.offset = static_cast<std::uint32_t>(initial().bits);
    }
    if ((kind & 3) != 0) (void)in_.byte();  // functions, or the type of the expressions
    for (std::uint32_t n = in_.u32(); n > 0 && !in_.failed() && !wrong_; --n) e.initial.push_back(expressions ? initial() : Initial{0, function()});
    out_.elements.push_back(std::move(e));
  }

  void data() {
    const std::uint32_t kind = in_.u32();
    if (kind > 2) return fail("a data segment of unknown kind");
    PartData d;
    if (kind == 2 && in_.u32() != 0) fail("a memory that does not exist");
    if (kind != 1) {
      if (!module_.has_memory) fail("a memory that does not exist");
      d.mode = BASELINE_ACTIVE;
      d.offset = static_cast<std::uint32_t>(initial().bits);
    }
    d.bytes = in_.take(in_.u32());
    out_.data.push_back(d);
  }

  void body() {
    const std::uint32_t size = in_.u32();
    const std::size_t at = in_.position();
    out_.bodies.emplace_back(in_.take(size), at);
  }

  BytesView code_;
  const Module& module_;
  Cursor in_{BytesView{}};
  std::optional<Error> wrong_;
  ModuleParts out_;
};

}  // namespace

Result<ModuleParts> read_parts(BytesView code, const Module& m) { return Parts(code, m).read(); }

}  // namespace writ::guest::wasm
