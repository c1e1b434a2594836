#include "writ/guest/wasm/split.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace writ::guest::wasm {
namespace {

std::string body(int number, std::size_t size, const std::string& extra = {}) {
  return "static u32 w2c_f" + std::to_string(number) + "(Z_m_instance_t* instance) {\n" + extra + "  " + std::string(size, 'x') + ";\n}\n\n";
}

std::string text(int functions, std::size_t size) {
  std::string t = "#define A\n";
  for (int i = 0; i < functions; ++i) t += "static u32 w2c_f" + std::to_string(i) + "(Z_m_instance_t*);\n";
  t += "\nstatic void init_globals(Z_m_instance_t* instance) {\n}\nstatic const u8 data_segment_data_w2c_d0[] = {1};\n";
  for (int i = 0; i < functions; ++i) t += body(i, size, i == functions - 1 ? "  use(data_segment_data_w2c_d0);\n" : "");
  return t + "void Z_m_free(Z_m_instance_t* instance) {\n}\n";
}

std::size_t count(const std::string& in, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = in.find(what, at)) != in.npos; at += what.size()) ++n;
  return n;
}

TEST(SplitUnits, EveryFunctionIsInOneUnitAndDeclaredInAll) {
  constexpr int functions = 40;
  const auto units = split_units(text(functions, 100'000), usual_cut);
  ASSERT_GT(units.size(), 2u);
  for (int i = 0; i < functions; ++i) {
    const std::string name = "u32 w2c_f" + std::to_string(i) + "(Z_m_instance_t";
    std::size_t defined = 0;
    for (const auto& u : units) {
      EXPECT_EQ(count(u, "\n" + name + "*);\n"), 1u);
      EXPECT_EQ(count(u, "static " + name), 0u) << "the others could not call it";
      defined += count(u, name + "* instance) {\n");
    }
    EXPECT_EQ(defined, 1u);
  }
  EXPECT_EQ(count(units[0], "use(data_segment"), 1u);
  for (std::size_t i = 1; i < units.size(); ++i) EXPECT_EQ(count(units[i], "data_segment"), 0u);
  const auto [least, most] = std::ranges::minmax(units, {}, &std::string::size);
  EXPECT_LT(most.size(), 3 * least.size());
}

TEST(SplitUnits, WhatIsSmallOrUnknownStaysWhole) {
  const std::string small = text(3, 100);
  EXPECT_EQ(split_units(small, usual_cut), std::vector{small});
  std::string strange = text(40, 100'000);
  strange.replace(strange.find("init_globals"), 12, "init_something");
  EXPECT_EQ(split_units(strange, usual_cut).size(), 1u);
  const std::string other(3'000'000, 'y');
  EXPECT_EQ(split_units(other, usual_cut), std::vector{other});
  EXPECT_EQ(split_units("", usual_cut), std::vector{std::string()});
}

}  // namespace
}  // namespace writ::guest::wasm
