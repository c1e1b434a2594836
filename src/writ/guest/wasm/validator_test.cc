#include "writ/guest/wasm/validator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "writ/supervise/run.h"

namespace writ::guest::wasm {
namespace {

#define BODY(bytes) std::string_view(bytes, sizeof(bytes) - 1)

// A module with a memory, a table of functions and a mutable global, of one function without parameters whose body is given,
// locals included; `more` are sections behind the code.
Bytes module_of(std::string_view body, std::string_view more = {}) {
  std::string text(BODY("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\4\4\1\x70\0\1\5\3\1\0\1\6\6\1\x7f\1\x41\0\x0b\7\5\1\1f\0\0"));
  text += '\x0a';
  text += static_cast<char>(body.size() + 2);
  text += '\1';
  text += static_cast<char>(body.size());
  return to_bytes(text.append(body).append(more));
}

std::string verdict(const Bytes& code) {
  const auto m = parse_module(code);
  if (!m) return m.error().text();
  const auto valid = check_valid(code, *m);
  return valid ? "" : valid.error().text();
}
std::string of_body(std::string_view body) { return verdict(module_of(body)); }

TEST(Validator, TakesWhatIsValid) {
  for (const std::string_view body : {
           BODY("\0\x0b"),
           BODY("\0\0\x6a\x1a\x0b"),                             // operands that no way leads to have any type
           BODY("\0\0\x1b\x42\0\x7c\x1a\x0b"),                   // select of them too
           BODY("\0\x0c\0\x0e\0\0\x0b"),                         // a jump table behind a jump
           BODY("\0\x41\0\x41\0\x36\2\0\x0b"),
           BODY("\0\x41\0\x11\0\0\x0b"),
           BODY("\0\xd2\0\x1a\x0b"),                             // the function is exported
           BODY("\0\x02\x7f\x41\1\x0b\x1a\x0b"),
           BODY("\0\x41\1\x24\0\x0b"),
           BODY("\0\x41\xff\xff\xff\xff\x07\x1a\x0b")})          // 2^31 - 1 in five bytes
    EXPECT_EQ(of_body(body), "");
}

TEST(Validator, RefusesWhatIsNotWithTheByte) {
  const auto refused = [](std::string_view body, std::string_view words) {
    const std::string v = of_body(body);
    EXPECT_NE(v.find(words), std::string::npos) << v;
    EXPECT_NE(v.find("byte 0x"), std::string::npos) << v;
  };
  refused(BODY("\0\x1a\x0b"), "an operand is missing");
  refused(BODY("\0\0\x42\0\x41\0\x6a\x1a\x0b"), "another type");        // also where no way leads
  refused(BODY("\0\0\x41\0\x0b"), "left over");
  refused(BODY("\0\x41\0\x28\3\0\x1a\x0b"), "alignment");
  refused(BODY("\0\x41\0\x41\0\x41\0\xfc\x08\0\0\x0b"), "their number is not said");
  refused(BODY("\0\xd0\x70\xd0\x70\x41\0\x1b\x1a\x0b"), "without their type");
  refused(BODY("\0\x20\0\x1a\x0b"), "a local");
  refused(BODY("\0\x41\xff\xff\xff\xff\x1f\x1a\x0b"), "too long");      // bits beyond the thirty-second
  refused(BODY("\0\x02\xff\x7f\x41\0\x0b\x1a\x0b"), "unknown type");    // a type of a value in two bytes
  refused(BODY("\0\x02\x7f\x41\0\x41\0\x0e\1\0\1\x0b\x1a\x0b"), "jump table");
  refused(BODY("\0\x04\x7f\x41\0\x0b\x1a\x0b"), "operand is missing");
  refused(BODY("\0\x41\0\x04\x7f\x41\0\x0b\x1a\x0b"), "without else");
  refused(BODY("\0\x0b\x0b"), "behind the end");
  refused(BODY("\0\x02\x40\x0b"), "in the middle");
  refused(BODY("\0\xfd\x0c\x0b"), "not supported");
  refused(BODY("\2\xff\xff\xff\xff\x0f\x7f\1\x7f\x0b"), "too many locals");
}

TEST(Validator, RefusesWhatSectionsMayNotSay) {
  const auto sections = [](std::string_view s) { return verdict(to_bytes(std::string("\0asm\1\0\0\0", 8).append(s))); };
  EXPECT_EQ(sections(BODY("\5\4\1\1\1\2")), "");
  EXPECT_NE(sections(BODY("\5\4\1\1\2\1")).find("limits"), std::string::npos);
  EXPECT_NE(sections(BODY("\4\5\1\x70\1\2\1")).find("limits"), std::string::npos);
  EXPECT_NE(sections(BODY("\6\6\1\x7f\0\x42\0\x0b")).find("constant"), std::string::npos);
  EXPECT_NE(sections(BODY("\6\6\1\x7f\0\x23\0\x0b")).find("constant"), std::string::npos);
  EXPECT_NE(sections(BODY("\6\6\1\x7f\2\x41\0\x0b")).find("global"), std::string::npos);
  EXPECT_NE(sections(BODY("\7\5\1\1m\2\0")).find("does not exist"), std::string::npos);
  EXPECT_NE(sections(BODY("\5\3\1\0\1\7\x09\2\1m\2\0\1m\2\0")).find("two exports"), std::string::npos);
  EXPECT_NE(sections(BODY("\x0c\1\1")).find("data segments"), std::string::npos);
  EXPECT_NE(sections(BODY("\x0b\6\1\0\x41\0\x0b\0")).find("memory"), std::string::npos);
  EXPECT_NE(sections(BODY("\1\5\1\x60\1\x7f\0\3\2\1\0\x08\1\0\x0a\4\1\2\0\x0b")).find("start"), std::string::npos);
  EXPECT_NE(sections(BODY("\1\4\1\x60\0\0\3\2\1\0")).find("bodies"), std::string::npos);
}

// A thousand values for two bytes, again and again; and blocks in blocks: both end, and soon.
TEST(Validator, IsNotKeptBusyForLong) {
  std::string types("\1", 1), body;
  const auto number = [](std::size_t n) {
    std::string s;
    for (; n > 127; n >>= 7) s += static_cast<char>(n | 0x80);
    return s + static_cast<char>(n);
  };
  const std::string many = number(1000) + std::string(1000, '\x7f');
  types += "\x60" + many + many;
  const auto around = [&](const std::string& operators) {
    const std::string code = number(1) + number(operators.size()) + operators;
    std::string text("\0asm\1\0\0\0", 8);
    text += '\1' + number(types.size()) + types + std::string("\3\2\1\0", 4) + '\x0a' + number(code.size()) + code;
    return to_bytes(text);
  };
  body.assign(1, '\0');
  for (int i = 0; i < 600'000; ++i) body += std::string_view("\x10\0", 2);
  EXPECT_NE(verdict(around(std::string(1, '\0') + std::string(1, '\0') + body)).find("too much"), std::string::npos);
  types = std::string("\1\x60\0\0", 4);
  body.assign(1, '\0');
  for (int i = 0; i < 1'200'000; ++i) body += "\x02\x40";
  EXPECT_NE(verdict(around(body)).find("too much"), std::string::npos);
}

// wasm-validate, which shares no line with us, is of the same mind about modules that were changed at random.
TEST(Validator, AgreesWithAnotherOne) {
  namespace fs = std::filesystem;
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const fs::path file = fs::path(::testing::TempDir()) / ("writ-validator-" + std::to_string(::getpid()) + ".wasm");
  const auto accepts = [&](const Bytes& code) {
    std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(code.data()), static_cast<std::streamsize>(code.size()));
    supervise::Command c{.program = "/usr/bin/wasm-validate", .package = "wabt",
                         .arguments = {"--disable-simd", "--ignore-custom-section-errors", file.string()}};
    c.confinement.read = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", file.string()};
    const auto f = supervise::run(c);
    EXPECT_TRUE(f);
    return f && f->succeeded();
  };
  const Bytes whole = module_of(BODY("\2\1\x7f\1\x7e\x02\x7f\x20\0\x41\5\x6a\x20\0\x0d\0\x03\x40\x20\0\x0d\0\x0b\x22\0\x0b\x1a"
                                     "\x20\1\xa7\x04\x7f\x41\1\x05\x20\0\x0b"
                                     "\x28\2\0\x41\0\x11\0\0\x23\0\x6a\x24\0\xd2\0\xd1\x1a\x41\0\x41\0\x0e\1\0\0\x0b"));
  ASSERT_TRUE(accepts(whole));
  ASSERT_EQ(verdict(whole), "");
  const int wanted = std::getenv("WRIT_SOAK") != nullptr ? 20'000 : 300;
  int valid = 0;
  for (int i = 0; i < wanted; ++i) {
    Bytes b = whole;
    for (auto k = random() % 2 + 1; k > 0; --k) {
      constexpr auto likely = BODY("\x0b\x1a\x20\x41\x42\x6a\x7c\x0c\x0d\x0f\x10\x11\x00\x01\x02\x03\x04\x05\x1b\x7f\x7e"
                                   "\x28\x3f\xd1\xd2\xfc\x1c");
      b[8 + random() % (b.size() - 8)] = static_cast<std::byte>(random() % 4 != 0 ? likely[random() % likely.size()] : static_cast<char>(random()));
    }
    if (const auto m = parse_module(b); !m) continue;  // what no guest may be is refused there, whoever else takes it
    const bool ours = verdict(b).empty();
    if (ours) ++valid;
    std::string hex;
    for (const std::byte x : b) hex += "0123456789abcdef"[static_cast<unsigned>(x) >> 4], hex += "0123456789abcdef"[static_cast<unsigned>(x) & 15];
    const bool theirs = accepts(b);
    ASSERT_TRUE(theirs || !ours) << hex;
    // It takes a constant expression, and a body of nested blocks, that a section's or a function's end cuts off.
    const std::string words = verdict(b);
    const bool is_cut_off = words.find("in the middle of an operator") != words.npos || words.find("constant expression") != words.npos;
    ASSERT_TRUE(ours || !theirs || is_cut_off) << words << "\n" << hex;
  }
  fs::remove(file);
  EXPECT_GT(valid, wanted / 100) << "too few were valid to say anything";
  EXPECT_LT(valid, wanted / 2) << "too few were not valid to say anything";
}

}  // namespace
}  // namespace writ::guest::wasm
