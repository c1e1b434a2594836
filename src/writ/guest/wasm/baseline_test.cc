#include "writ/guest/wasm/baseline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "writ/guest/wasm/assembler.h"
#include "writ/guest/wasm/elf.h"
#include "writ/guest/wasm/forbidden.h"

namespace writ::guest::wasm {
namespace {

// A module of one function without parameters and the given body, locals included.
Bytes module_of(std::string_view body) {
  std::string code(1, '\1');
  const auto number = [](std::size_t n) {
    std::string s;
    for (; n > 127; n >>= 7) s += static_cast<char>(n | 0x80);
    return s + static_cast<char>(n);
  };
  code += number(body.size());
  code += body;
  std::string text("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a", 19);
  text += number(code.size()) + code;
  return to_bytes(text);
}

Result<Bytes> translated(const Bytes& code, Constants c = Constants::plain) {
  const auto m = parse_module(code);
  if (!m) return m.error();
  return translate_baseline(code, *m, c);
}

TEST(Baseline, MakesTheSameBytesOfTheSame) {
  const Bytes code = module_of(std::string_view("\0\x0b", 2));
  const auto one = translated(code), other = translated(code);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(*one, *other);
  const auto elf = read_elf(*one);
  ASSERT_TRUE(elf) << elf.error().text();
  EXPECT_TRUE(std::ranges::any_of(elf->functions, [](const auto& f) { return f.name == "w2c_f0"; }));
  EXPECT_TRUE(std::ranges::any_of(elf->functions, [](const auto& f) { return f.name == "image_instantiate"; }));
  EXPECT_TRUE(elf->relocations.empty());
}

// i32.const 0x00ef010f drop: WRPKRU would stand in the text as it is.
TEST(Baseline, HidesWhatNoImageMayHold) {
  const Bytes code = module_of(std::string_view("\0\x41\x8f\x82\xbc\x07\x21\0\x0b", 9));
  const Bytes with_local = module_of(std::string_view("\1\1\x7f\x41\x8f\x82\xbc\x07\x21\0\x0b", 11));
  EXPECT_FALSE(translated(code)) << "there is no local";
  const auto made = translated(with_local);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(*is_free_of_forbidden(*made));
}

TEST(Baseline, RefusesWhatWouldUnsettleIt) {
  for (const std::string_view body : {
           std::string_view("\0\x1a\x0b", 3),                          // drop of nothing
           std::string_view("\0\x41\0\x0b", 4),                        // a value left over
           std::string_view("\0\x0c\5\x0b", 4),                        // a branch out of the function
           std::string_view("\0\x10\5\x0b", 4),                        // a function that does not exist
           std::string_view("\0\x41\0\x42\0\x6a\x1a\x0b", 8),          // i32.add of an i64
           std::string_view("\0\x05\x0b", 3),                          // else without if
           std::string_view("\0\x23\0\x1a\x0b", 5),                    // a global that does not exist
           std::string_view("\0\x41\0\x28\2\0\x1a\x0b", 8),            // a load without memory
           std::string_view("\0\x41\0\x11\0\0\x0b", 7),                // an indirect call without a table
           std::string_view("\0\x41\0\x0e\xff\xff\xff\xff\x0f\0\x0b", 11),  // a jump table of 4 G entries
           std::string_view("\0\x0b\x0b", 3),                          // operators behind the end
           std::string_view("\0\x02\x40\x0b", 4),                      // no end
           std::string_view("\0\x02\x11\x0b\x0b", 5),                  // a block of a type that does not exist
           std::string_view("\0\xff\x0b", 3)}) {                       // no operator
    const auto made = translated(module_of(body));
    ASSERT_FALSE(made);
    EXPECT_FALSE(made.error().where.empty()) << made.error().text();
  }
}

// 2^32 - 1 locals in six bytes.
TEST(Baseline, GivesUpWhatWouldGrowWithoutEnd) {
  const auto locals = translated(module_of(std::string_view("\1\xff\xff\xff\xff\x0f\x7f\x0b", 8)));
  ASSERT_FALSE(locals);
  EXPECT_EQ(locals.error().code, Code::unsupported);
}

TEST(Assembler, WritesWhatTheManualSays) {
  const auto bytes = [](auto emit) {
    Assembler a;
    emit(a);
    return a.text();
  };
  using Text = std::vector<std::uint8_t>;
  EXPECT_EQ(bytes([](Assembler& a) { a.with_register({0x8b, 0, true}, rax, r15); }), (Text{0x49, 0x8b, 0xc7}));
  EXPECT_EQ(bytes([](Assembler& a) { a.with_place({0x8b}, rcx, {rbp, -8, rsp, 0}); }), (Text{0x8b, 0x4d, 0xf8}));
  EXPECT_EQ(bytes([](Assembler& a) { a.with_place({0x8b, 0, true}, r9, {r12, 0x100, rsp, 0}); }), (Text{0x4d, 0x8b, 0x8c, 0x24, 0, 1, 0, 0}));
  EXPECT_EQ(bytes([](Assembler& a) { a.with_place({0x8b}, rdx, {r14, 16, r13, 3}); }), (Text{0x43, 0x8b, 0x54, 0xee, 0x10}));
  EXPECT_EQ(bytes([](Assembler& a) { a.with_place({0x88, 0, false, true}, rsi, {rax, 0, rsp, 0}); }), (Text{0x40, 0x88, 0x70, 0}));
  EXPECT_EQ(bytes([](Assembler& a) { a.with_register({0x0f10, 0xf2}, 9, 1); }), (Text{0xf2, 0x44, 0x0f, 0x10, 0xc9}));
}

TEST(Assembler, FillsInJumpsBothWays) {
  Assembler a;
  Label back, forth;
  a.bind(back);
  a.jump(forth);
  a.jump_if(Condition::less, back);
  a.bind(forth);
  EXPECT_EQ(a.text(), (std::vector<std::uint8_t>{0xe9, 6, 0, 0, 0, 0x0f, 0x8c, 0xf5, 0xff, 0xff, 0xff}));
}

}  // namespace
}  // namespace writ::guest::wasm
