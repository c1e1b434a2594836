#include "writ/guest/wasm/host.h"

#include <gtest/gtest.h>

namespace writ::guest::wasm {
namespace {

Module importing(std::string module, std::string name, Signature s) {
  Module m;
  m.types.push_back(std::move(s));
  m.imports.push_back({std::move(module), std::move(name), 0});
  return m;
}

const std::vector<HostModule> tables{wasi_module(), {"writ", {{"log", "iI", ""}, {"half", "F", "F"}}, nullptr}};

TEST(Link, FindsWhatIsThere) {
  const auto r = link_imports(importing("writ", "half", {{Value::f64}, {Value::f64}}), tables);
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ((*r)[0].module, 1u);
  EXPECT_EQ((*r)[0].function, 1u);
  EXPECT_EQ((*r)[0].parameters, 1u);
  EXPECT_TRUE(link_imports(importing("wasi_snapshot_preview1", "proc_exit", {{Value::i32}, {}}), tables));
}

TEST(Link, NamesTheNearest) {
  const auto function = link_imports(importing("wasi_snapshot_preview1", "fd_wirte", {}), tables);
  ASSERT_FALSE(function);
  EXPECT_EQ(function.error().code, Code::invalid);
  EXPECT_NE(function.error().hint.find("`wasi_snapshot_preview1.fd_write`"), std::string::npos) << function.error().text();
  const auto module = link_imports(importing("wasi_snapshot_previw1", "fd_write", {}), tables);
  EXPECT_NE(module.error().hint.find("`wasi_snapshot_preview1`"), std::string::npos) << module.error().text();
  const auto far = link_imports(importing("env", "emscripten_\x1b", {}), tables);
  EXPECT_NE(far.error().hint.find("wasi_snapshot_preview1, writ"), std::string::npos) << far.error().text();
  EXPECT_EQ(far.error().text().find('\x1b'), std::string::npos);
}

TEST(Link, AnotherSignatureNamesBoth) {
  const auto r = link_imports(importing("writ", "log", {{Value::i32}, {}}), tables);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().what.find("(param i32), and here it is (param i32 i64)"), std::string::npos) << r.error().text();
}

}  // namespace
}  // namespace writ::guest::wasm
