#include "writ/guest/wasm/module.h"

#include <gtest/gtest.h>

#include <random>

#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/reader.h"
#include "writ/guest/wasm/rename.h"

namespace writ::guest::wasm {
namespace {

Bytes number(std::uint64_t n) {
  Bytes b;
  do {
    b.push_back(static_cast<std::byte>((n & 0x7f) | (n > 0x7f ? 0x80 : 0)));
  } while (n >>= 7);
  return b;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes raw(std::initializer_list<int> values) {
  Bytes b;
  for (const int v : values) b.push_back(static_cast<std::byte>(v));
  return b;
}
Bytes text(std::string_view s) { return number(s.size()) + to_bytes(s); }
Bytes section(int id, const Bytes& content) { return raw({id}) + number(content.size()) + content; }
Bytes module_of(std::initializer_list<Bytes> sections) {
  Bytes m = raw({0, 'a', 's', 'm', 1, 0, 0, 0});
  for (const auto& s : sections) m = m + s;
  return m;
}

// (type (func)) (type (func (param i32) (result i64))) (type (func)); import a.b (type 1); two functions; memory 2; exports
Bytes ordinary() {
  return module_of({section(1, raw({3, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7e, 0x60, 0, 0})),
                    section(2, raw({1}) + text("a") + text("b") + raw({0, 1})),
                    section(3, raw({2, 0, 1})),
                    section(4, raw({1, 0x70, 1, 3, 9})),
                    section(5, raw({1, 0, 2})),
                    section(7, raw({3}) + text("run") + raw({0, 1}) + text("*/ x /*") + raw({0, 2}) + text("memory") + raw({2, 0})),
                    section(10, raw({2, 2, 0, 0x0b, 4, 0, 0x42, 0, 0x0b})),
                    section(0, text("name") + raw({1}) + number(9) + raw({2, 1, 1, 'r', 2, 2, 's', 0x1b})
                                   + raw({0}))});  // the count of names lies about the rest
}

std::string refusal(const Bytes& b) {
  const auto m = parse_module(b);
  return m ? "" : m.error().text();
}

TEST(Module, KnowsTypesImportsExportsAndNames) {
  const auto m = parse_module(ordinary());
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(m->function_count(), 3u);
  EXPECT_EQ(m->imports[0].module + "." + m->imports[0].name, "a.b");
  EXPECT_EQ(m->type_of(0).text(), "(param i32) (result i64)");
  EXPECT_EQ(m->type_of(1).text(), "()");
  EXPECT_EQ(m->exports, (std::map<std::string, std::uint32_t, std::less<>>{{"run", 1}, {"*/ x /*", 2}}));
  EXPECT_EQ(m->memory_minimum, WasmPageCount(2));
  EXPECT_EQ(m->tables[0].minimum, 3u);
  EXPECT_EQ(m->canonical_types(), (std::vector<std::uint32_t>{0, 1, 0}));
  EXPECT_EQ(m->describe(1), "r (#1)");
  EXPECT_EQ(m->describe(0), "#0");
}

// Each would cost the host many times its own size in memory.
TEST(Module, MoreEntriesThanAnyoneNeedsAreRefused) {
  Bytes types = number(entries_max + 1), sections = raw({0, 'a', 's', 'm', 1, 0, 0, 0});
  for (std::uint32_t i = 0; i <= entries_max; ++i)
    for (const int b : {0x60, 0, 0}) types.push_back(static_cast<std::byte>(b));
  EXPECT_NE(refusal(module_of({section(1, types)})).find("1000000 is the most"), std::string::npos);
  for (std::size_t i = 0; i <= sections_max; ++i)
    for (const int b : {0, 1, 0}) sections.push_back(static_cast<std::byte>(b));
  EXPECT_NE(refusal(sections).find("more than 100000 sections"), std::string::npos);
}

TEST(Module, WhatIsNotWebAssemblySaysSo) {
  EXPECT_NE(refusal({}).find("not WebAssembly"), std::string::npos);
  EXPECT_NE(refusal(to_bytes("(module)")).find("wat2wasm"), std::string::npos);
  EXPECT_NE(refusal(to_bytes("#!/bin/sh\n")).find("not WebAssembly"), std::string::npos);
  EXPECT_NE(refusal(raw({0, 'a', 's', 'm'})).find("unexpected end"), std::string::npos);
  EXPECT_NE(refusal(raw({0, 'a', 's', 'm', 2, 0, 0, 0})).find("version"), std::string::npos);
  EXPECT_NE(refusal(raw({0, 'a', 's', 'm', 0x0d, 0, 1, 0})).find("wasip1"), std::string::npos);
}

TEST(Module, RefusesWhatNoGuestMayBe) {
  const Bytes types = section(1, raw({1, 0x60, 0, 0}));
  EXPECT_NE(refusal(module_of({section(2, raw({1}) + text("m") + text("mem") + raw({2, 0, 1}))})).find("`m.mem` is a memory"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(2, raw({1}) + text("m") + text("g") + raw({3, 0x7f, 0}))})).find("is a global"), std::string::npos);
  const Bytes table = section(2, raw({1}) + text("m\x1b[2J") + text("t") + raw({1, 0x70, 0, 0}));
  EXPECT_NE(refusal(module_of({table})).find("m\\x1b[2J.t` is a table"), std::string::npos);
  const Bytes reference = section(1, raw({1, 0x60, 1, 0x6f, 0})), imported = section(2, raw({1}) + text("m") + text("f") + raw({0, 0}));
  EXPECT_NE(refusal(module_of({reference, imported})).find("externref"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(5, raw({1, 3, 1, 2}))})).find("threads"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(5, raw({1, 4, 1}))})).find("wasm32"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(5, raw({2, 0, 1, 0, 1}))})).find("2 memories"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(5, raw({1, 0}) + number(65536))})).find("65535 is the most"), std::string::npos);
  EXPECT_NE(refusal(module_of({types, section(13, raw({0}))})).find("exception"), std::string::npos);
}

TEST(Module, LyingLengthsAndCountsAreErrorsWithTheByte) {
  EXPECT_NE(refusal(module_of({raw({1, 0x7f, 0})})).find("byte 0xa"), std::string::npos);                       // section past the end
  EXPECT_NE(refusal(module_of({raw({1, 0x80, 0x80, 0x80, 0x80, 0x10})})).find("32 bits"), std::string::npos);   // 2^32
  EXPECT_NE(refusal(module_of({raw({1, 0x80, 0x80, 0x80, 0x80, 0x80, 0})})).find("number"), std::string::npos); // too long
  EXPECT_NE(refusal(module_of({section(1, raw({0xff, 0xff, 0xff, 0xff, 0x0f}))})).find("promises more"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(1, raw({1, 0x60, 0, 0, 0}))})).find("longer than what is in it"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(3, raw({1, 0}))})).find("does not exist"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(3, raw({0})), section(1, raw({0}))})).find("out of order"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(14, {})})).find("unknown section"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(1, raw({1, 0x60, 0, 0})), section(3, raw({1, 0})),
                               section(7, raw({2}) + text("a") + raw({0, 0}) + text("a") + raw({0, 0}))})).find("two exports"), std::string::npos);
  EXPECT_NE(refusal(module_of({section(1, raw({1, 0x60, 0, 0})), section(3, raw({1, 0})), section(8, raw({1}))})).find("start"), std::string::npos);
}

TEST(Module, EveryPrefixIsAnErrorOrAModule) {
  const Bytes whole = ordinary();
  for (std::size_t n = 0; n < whole.size(); ++n) (void)parse_module(BytesView(whole).first(n));
}

TEST(Module, RandomBytesNeverCrashTheParser) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    Bytes b = ordinary();
    for (auto k = random() % 8 + 1; k > 0; --k) b[8 + random() % (b.size() - 8)] = static_cast<std::byte>(random());
    if (random() % 4 == 0) b.resize(random() % b.size());
    if (const auto m = parse_module(b)) {
      (void)without_names(b, *m);
      (void)make_glue(*m);
    }
  }
}

TEST(Rename, NoNameOfTheGuestIsLeft) {
  const Bytes before = ordinary();
  const auto m = parse_module(before);
  ASSERT_TRUE(m);
  const Bytes after = without_names(before, *m);
  for (const std::string_view name : {"*/", "run", "memory", "name"}) EXPECT_EQ(as_text(after).find(name), std::string_view::npos) << name;
  const auto again = parse_module(after);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->exports, (std::map<std::string, std::uint32_t, std::less<>>{{"f1", 1}, {"f2", 2}}));
  EXPECT_EQ(again->imports[0].module + again->imports[0].name, "hf0");
  EXPECT_EQ(again->functions, m->functions);
  EXPECT_TRUE(again->names.empty());
}

TEST(Glue, HasOneFunctionForEachImportAndCallableExport) {
  const auto m = parse_module(ordinary());
  ASSERT_TRUE(m);
  const std::string c = make_glue(*m);
  EXPECT_NE(c.find("u64 Z_hZ_f0(struct Z_h_instance_t* self, u32 a0)"), std::string::npos);
  EXPECT_NE(c.find("image_export_2"), std::string::npos);
  EXPECT_EQ(c.find("*/ x"), std::string::npos);
}

TEST(Glue, SettlesWhatItKnowsOrTheTranslatorIsAnother) {
  const auto m = parse_module(ordinary());
  ASSERT_TRUE(m);
  const std::string loads = "DEFINE_LOAD(f32_load, f32, f32, f32)\nDEFINE_LOAD(f64_load, f64, f64, f64)\n"
                            "static inline void load_data(void* dest, const void* src, size_t n) {\n  memcpy(dest, src, n);\n}\n";
  const std::string head = "static bool s_module_initialized = false;\n\n";
  const auto settled = settle(loads + head + "static u32 func_types[3];\n\nstatic void init_func_types(void) {\n  x;\n}\nrest", *m);
  ASSERT_TRUE(settled) << settled.error().text();
  EXPECT_NE(settled->find("static const u32 func_types[3] = {1, 2, 1, };"), std::string::npos) << *settled;
  EXPECT_NE(settled->find("rest"), std::string::npos);
  EXPECT_EQ(settled->find("  x;"), std::string::npos);
  for (const std::string& strange : {std::string("int main;"), loads, loads + head + "static u32 func_types[4];\n", head})
    EXPECT_EQ(settle(strange, *m).error().code, Code::unsupported);
}

}  // namespace
}  // namespace writ::guest::wasm
