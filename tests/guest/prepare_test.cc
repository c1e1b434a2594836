// From bytes to an image: what is refused and with which words, what is kept, and that nothing of a module's text ever
// reaches a compiler.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "fixture.h"
#include "writ/base/file.h"

namespace writ::guest::testing {
namespace {

const char* const trivial = R"((module (func (export "_start"))))";

class Prepare : public ::testing::Test {
 protected:
  Error refused(BytesView code) {
    const auto r = machine.prepare(code);
    if (r) ADD_FAILURE() << "accepted";
    return r ? Error{} : r.error();
  }
  Machine machine;
};

std::string fresh_folder() {
  char name[] = "/tmp/writ-prepare-XXXXXX";
  return std::string(::mkdtemp(name)) + "/images";
}

TEST_F(Prepare, SaysWhereAModuleIsInvalid) {
  const Bytes code = wat("(module (func (export \"_start\") (i32.add (i64.const 1) (i32.const 2)) drop))", {"--no-check"});
  const Error e = refused(code);
  EXPECT_NE(e.what.find("type mismatch in i32.add"), std::string::npos) << e.text();
  EXPECT_EQ(e.where, "byte 0x28");
  EXPECT_NE(refused(BytesView(code).first(code.size() - 3)).where.find("byte 0x"), std::string::npos);
  EXPECT_NE(refused(to_bytes("hello")).what.find("not WebAssembly"), std::string::npos);
}

TEST_F(Prepare, NamesTheFeatureThatIsMissingAndTheFlagToRebuildWith) {
  const auto check = [&](std::string_view text, const char* option, const char* name, const char* hint) {
    const Error e = refused(wat(text, option ? std::vector<std::string>{option} : std::vector<std::string>{}));
    EXPECT_NE(e.what.find(name), std::string::npos) << e.text();
    EXPECT_NE(e.hint.find(hint), std::string::npos) << e.text();
  };
  check("(module (memory 1) (func (export \"_start\") (drop (v128.load (i32.const 0)))))", nullptr, "SIMD", "-msimd128");
  check("(module (memory 1 1 shared))", "--enable-threads", "threads", "-pthread");
  check("(module (memory 1) (func (export \"_start\") (drop (i32.atomic.load (i32.const 0)))))", "--enable-threads", "threads", "-pthread");
  check("(module (func $f (export \"_start\") (return_call $f)))", "--enable-tail-call", "tail calls", "-mno-tail-call");
  check("(module (memory i64 1))", "--enable-memory64", "64-bit", "wasm32");
  check("(module (memory 1) (memory 1))", "--enable-multi-memory", "2 memories", "multiple");
  check("(module (tag $t) (func (export \"_start\") (throw $t)))", "--enable-exceptions", "exception", "-fno-exceptions");
  check("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", "--enable-extended-const", "extended constant", "-mno-extended-const");
}

TEST_F(Prepare, RefusesImportsThatAreNotHere) {
  const Error e = refused(wat(R"((module (import "wasi_snapshot_preview1" "fd_wrte" (func (param i32))) (func (export "_start"))))"));
  EXPECT_NE(e.hint.find("fd_write"), std::string::npos) << e.text();
  const Error other = refused(wat(R"((module (import "wasi_snapshot_preview1" "fd_write" (func (param i32)))))"));
  EXPECT_NE(other.what.find("declared as (param i32)"), std::string::npos) << other.text();
  EXPECT_NE(refused(wat(R"((module (import "env" "memory" (memory 1))))")).what.find("`env.memory` is a memory"), std::string::npos);
}

TEST_F(Prepare, TablesThatDoNotFitAreRefused) {
  EXPECT_NE(refused(wat("(module (table 10000000 funcref) (func (export \"_start\")))")).what.find("tables"), std::string::npos);
  const auto r = machine.run(wat("(module (table 600000 funcref) (func (export \"_start\")))"));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_TRUE(r->outcome.success()) << r->outcome.reason;
}

// The translator writes names into comments as they are; ours are gone before it sees them.
TEST_F(Prepare, NamesCannotBringTheirOwnCode) {
  const char* const names[] = {"*/ __attribute__((constructor)) void f(void){__asm__(\\\"ud2\\\");} /*",
                               "*/\\0a#include \\\"/etc/passwd\\\"\\0a/*", "\\\\", "?\?/", "%s%n"};
  std::string text = "(module";
  for (const char* n : names) text += std::string(" (func (export \"") + n + "\"))";
  text += R"( (func $evil (export "_start") nop)))";
  const auto r = machine.run(wat(text, {"--debug-names"}));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_TRUE(r->outcome.success()) << r->outcome.reason;
}

// WRPKRU, XRSTOR and WRFSBASE as constants of an honest program, in instructions and in data.
TEST_F(Prepare, ForbiddenPatternsInConstantsAreHidden) {
  const auto r = machine.run(wat(R"((module (memory 1) (data (i32.const 64) "\0f\01\ef\0f\ae\28\f3\0f\ae\d0")
    (global $g (mut i64) (i64.const 0x0f01ef0f01ef0f01))
    (func (export "_start")
      (i32.store (i32.const 0) (i32.const 0x00ef010f)) (i64.store (i32.const 8) (i64.const 0xd0ae0ff328ae0f00))
      (i32.store offset=15663375 (i32.sub (i32.const 0) (i32.const 15663359)) (i32.const 0x28ae0f00))
      (if (i32.ne (i32.load (i32.const 0)) (i32.load (i32.const 1000))) (then
        (if (i32.ne (i32.load (i32.const 0)) (i32.const 0x00ef010f)) (then unreachable))))
      (if (i64.ne (global.get $g) (i64.const 0x0f01ef0f01ef0f01)) (then unreachable))
      (if (i64.ne (i64.load (i32.const 8)) (i64.const 0xd0ae0ff328ae0f00)) (then unreachable)))))"));
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->outcome.reason, "out of bounds memory access") << "negative address plus offset does not wrap";
}

TEST(PrepareAnew, AMissingToolIsNamedWithItsPackage) {
  wasm::Tools tools;
  tools.compiler = {"/usr/bin/no-such-clang", "clang-14"};
  Machine m(fresh_folder(), tools);
  const auto r = m.prepare(wat(trivial));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::unavailable);
  EXPECT_NE(r.error().text().find("apt-get install clang-14"), std::string::npos) << r.error().text();
}

std::vector<std::filesystem::path> entries(const std::string& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& e : std::filesystem::directory_iterator(folder))
    if (e.path().extension() == ".image") found.push_back(e.path());
  return found;
}

TEST(PrepareAnew, KeepsImagesAndRebuildsDamagedOnes) {
  const std::string folder = fresh_folder();
  const Bytes code = wat(trivial);
  const auto prepare = [&] {
    Machine m(folder);
    const auto r = m.run(code);
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_TRUE(r->outcome.success());
  };
  prepare();
  ASSERT_EQ(entries(folder).size(), 1u);
  const auto path = entries(folder)[0].string();
  struct stat before {}, after {};
  ::stat(path.c_str(), &before);
  prepare();
  ::stat(path.c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino) << "a good entry is used as it is";
  std::string bad = *read_file(path, MiB);
  const std::string good = bad;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 4);
  ASSERT_TRUE(replace_file(path, bad, 0600));
  prepare();
  EXPECT_EQ(*read_file(path, MiB), good) << "rebuilt, and to the same bytes";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2) << "the entry and what the tools said";
}

TEST(PrepareAnew, AnEntryOfAnotherModuleIsNeverTakenForThisOne) {
  const std::string folder = fresh_folder();
  const Bytes one = wat(trivial), two = wat("(module (func (export \"_start\") unreachable))");
  { Machine m(folder); ASSERT_TRUE(m.prepare(one)); ASSERT_TRUE(m.prepare(two)); }
  const auto found = entries(folder);
  ASSERT_EQ(found.size(), 2u);
  std::filesystem::rename(found[0], folder + "/aside");
  std::filesystem::rename(found[1], found[0]);
  std::filesystem::rename(folder + "/aside", found[1]);
  Machine m(folder);
  EXPECT_TRUE(m.run(one)->outcome.success());
  EXPECT_EQ(m.run(two)->outcome.reason, "unreachable");
}

TEST(PrepareAnew, SeveralThreadsPrepareTheSameModuleAtOnce) {
  Machine m(fresh_folder());
  const Bytes code = wat(trivial);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { EXPECT_TRUE(m.prepare(code)); });
  for (auto& t : threads) t.join();
  const auto a = m.prepare(code), b = m.prepare(code);
  EXPECT_EQ(a->get(), b->get()) << "one mapping serves all";
}

// A caller that runs a module again and again need not hold its image. Which module it is, all of its bytes say.
TEST(PrepareAnew, WhatWasPreparedLastStaysLoaded) {
  Machine m(fresh_folder());
  const auto answering = [](int n) {
    return wat("(module (func (export \"_start\")) (func (export \"n\") (result i32) (i32.const " + std::to_string(n) + ")))");
  };
  const auto known = [&](int n) { return std::weak_ptr<const Image>(*m.prepare(answering(n))); };
  const auto first = known(10);
  EXPECT_FALSE(first.expired());
  EXPECT_EQ(known(10).lock(), first.lock());
  EXPECT_EQ(first.lock()->code(), digest(answering(10)));
  const auto other = known(11);  // of the same length
  EXPECT_EQ(answering(10).size(), answering(11).size());
  EXPECT_NE(other.lock(), first.lock());
  EXPECT_EQ(other.lock()->code(), digest(answering(11)));
  for (int n = 12; n < 19; ++n) known(n);
  EXPECT_TRUE(first.expired()) << "more than eight are not held";
  EXPECT_FALSE(other.expired());
  EXPECT_EQ((*m.prepare(answering(10)))->code(), digest(answering(10)));
}

TEST_F(Prepare, DigestsNameTheToolsAndTheImage) {
  const auto a = machine.prepare(wat(trivial)), b = machine.prepare(wat("(module (func (export \"_start\") unreachable))"));
  ASSERT_TRUE(a && b);
  EXPECT_EQ((*a)->toolchain().digest, (*b)->toolchain().digest);
  EXPECT_NE((*a)->engine().digest, (*b)->engine().digest);
  EXPECT_EQ((*a)->engine().name, "wasm/clang-14 -O2");
  EXPECT_NE((*a)->toolchain().name.find("1.0.32"), std::string::npos) << (*a)->toolchain().name;
}

}  // namespace
}  // namespace writ::guest::testing
