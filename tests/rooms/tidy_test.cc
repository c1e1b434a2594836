// The tidy checks find each fault, and only faults.
#include "tidy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace writ::rooms {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> tidy(std::string path, std::string text) {
  std::vector<std::string> out;
  for (const auto& f : check_tidy({std::move(path), std::move(text)})) out.push_back(f.text());
  return out;
}

struct Case { const char* name; std::string path, line; };
class Found : public testing::TestWithParam<Case> {};

TEST_P(Found, WithItsLine) {
  const auto found = tidy(GetParam().path, "int a;\n" + GetParam().line + "\n");
  ASSERT_THAT(found, SizeIs(1)) << GetParam().line;
  EXPECT_THAT(found[0], HasSubstr(GetParam().path + ":2: "));
}

// Split words: this file must pass the check it tests.
INSTANTIATE_TEST_SUITE_P(
    Tidy, Found,
    testing::Values(Case{"Todo", "src/writ/base/a.cc", "// TO" "DO: more"}, Case{"Fixme", "tests/a/a.cc", "// FIX" "ME"},
                    Case{"Xxx", "src/writ/base/a.cc", "// XX" "X"}, Case{"ForNow", "src/writ/base/a.cc", "// good enough for no" "w"},
                    Case{"NotYet", "apps/writ/a.cc", "\"not imple" "mented\""}, Case{"Unreal", "src/writ/base/a.cc", "// stu" "bbed"},
                    Case{"System", "src/writ/base/a.cc", "int r = system(\"ls\");"},
                    Case{"StdSystem", "src/writ/base/a.cc", "std::system(text.c_str());"},
                    Case{"Popen", "apps/writ/a.cc", "FILE* f = popen(x, y);"},
                    Case{"Getenv", "src/writ/store/a.cc", "const char* v = std::getenv(name);"},
                    Case{"SecureGetenv", "src/writ/gate/a.cc", "secure_getenv(name);"},
                    Case{"Rand", "src/writ/base/a.cc", "int r = rand();"}, Case{"Time", "src/writ/store/a.cc", "auto t = time(nullptr);"},
                    Case{"SystemClock", "src/writ/task/a.cc", "std::chrono::system_clock::now();"},
                    Case{"Mmap", "src/writ/guest/wasm/a.cc", "void* p = ::mmap(nullptr, n, 0, 0, -1, 0);"},
                    Case{"Mprotect", "src/writ/gate/a.cc", "mprotect(p, n, 0);"},
                    Case{"Munmap", "src/writ/runtime/a.cc", "::munmap(p, n);"},
                    Case{"Wrpkru", "src/writ/memory/a.cc", "_wrpkru(0);"}, Case{"Fork", "src/writ/guest/wasm/a.cc", "pid_t p = fork();"},
                    Case{"Exec", "src/writ/runtime/a.cc", "execve(path, argv, env);"},
                    Case{"Dlopen", "src/writ/guest/wasm/a.cc", "dlopen(p, 0);"},
                    Case{"Longjmp", "src/writ/fence/a.cc", "siglongjmp(b, 1);"},
                    Case{"Sprintf", "apps/writ/a.cc", "sprintf(b, f);"},
                    Case{"LongLine", "src/writ/base/a.cc", std::string(151, 'x')}),
    [](const auto& c) { return c.param.name; });

TEST(Tidy, WhatIsAtHomeOrOnlyLooksAlikePasses) {
  EXPECT_THAT(tidy("src/writ/fence/a.cc", "void* p = mmap(nullptr, n, 0, 0, -1, 0);\n_wrpkru(0);\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/memory/a.cc", "munmap(p, n);\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/supervise/a.cc", "fork(); execve(a, b, c);\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/runtime/a.cc", "getenv(name);\n"), IsEmpty());
  EXPECT_THAT(tidy("apps/writ/a.cc", "getenv(name);\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a_test.cc", "getenv(name); fork(); mmap(a); std::system(b);\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.cc", "// system(x) and mmap(y)\nauto s = \"popen(z)\";\nauto r = R\"(fork())\";\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.cc", "run.time(0); filesystem(x); operand(y); x.system(1); mkstemp(\"aXXXXXX\");\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.cc", "auto n = 1'000'000; char c = '\"'; fork_count(); // it's\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.cc", std::string(150, 'x') + "\n"), IsEmpty());
}

TEST(Tidy, CodeAfterALiteralOrACommentIsStillRead) {
  EXPECT_THAT(tidy("src/writ/base/a.cc", "auto s = \"a\\\"b\"; system(x);\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.cc", "auto s = R\"x(a)\" b)x\"; system(x);\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.cc", "/* a */ system(x);\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.cc", "char q = '\\''; system(x);\n"), SizeIs(1));
}

TEST(Tidy, HeadersOpenWithTheirIdea) {
  EXPECT_THAT(tidy("src/writ/base/a.h", "// An idea in a sentence of some length.\n#pragma once\n"), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.h", "#pragma once\n// An idea in a sentence of some length.\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.h", "// a.h\n#pragma once\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.h", "// An idea in a sentence of some length.\n"), SizeIs(1));
  EXPECT_THAT(tidy("src/writ/base/a.h", ""), SizeIs(2));
}

TEST(Tidy, LongFilesAndEmptyNamesAreFound) {
  std::string text;
  for (std::size_t i = 0; i < kLongestFile; ++i) text += "int a;\n";
  EXPECT_THAT(tidy("src/writ/base/a.cc", text), IsEmpty());
  EXPECT_THAT(tidy("src/writ/base/a.cc", text + "int a;\n"), SizeIs(1));
  for (const char* path : {"src/writ/base/util.cc", "src/writ/utils/a.cc", "src/writ/base/file_helpers.cc", "src/writ/base/common.cc"})
    EXPECT_THAT(tidy(path, ""), SizeIs(1)) << path;
  EXPECT_THAT(tidy("src/writ/base/utility.cc", ""), IsEmpty());
}

TEST(Tidy, PathsOfAMachineAreFound) {
  const auto paths = [](std::string text, std::string_view root) { return check_paths({"README.md", std::move(text)}, root).size(); };
  EXPECT_EQ(paths("see /somewhere/checkout/build\n", "/somewhere/checkout"), 1U);
  EXPECT_EQ(paths("cd /somewhere/checkout\n", "/somewhere/checkout"), 1U);
  EXPECT_EQ(paths("$X/somewhere/checkout-init /somewhere/checkouts ${X}/somewhere/checkout\n", "/somewhere/checkout"), 0U);
  EXPECT_EQ(paths("see /src/writ\n", "/src"), 0U);
  EXPECT_EQ(paths("/wor" "k/main/x\n", "/somewhere/checkout"), 1U);
  EXPECT_EQ(paths("/hom" "e/bob/x\n", "/somewhere/checkout"), 1U);
  EXPECT_EQ(paths("tests/work/main.cc ../shared/conformance /usr/share\n", "/somewhere/checkout"), 0U);
}

}  // namespace
}  // namespace writ::rooms
