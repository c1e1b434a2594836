#include "writ/proof/shorthand.h"

#include <gtest/gtest.h>

#include <random>

#include "writ/effect/journal.h"
#include "writ/proof/part.h"
#include "writ/proof/verify/sample_receipt.h"

namespace writ::proof {
namespace {

const TaskId task = *TaskId::parse("4f2a0c1d4f2a0c1d4f2a0c1d4f2a0c1d");

Bytes shorten(const std::vector<std::string>& texts) {
  Bytes out;
  ShorthandWriter writer(out, task);
  for (const auto& t : texts) writer.text(t);
  return out;
}
void expect_exact(const std::vector<std::string>& texts) {
  const Bytes bytes = shorten(texts);
  ShorthandReader reader(bytes, task);
  for (const auto& t : texts) {
    std::string back;
    ASSERT_TRUE(reader.text(back)) << t;
    EXPECT_EQ(back, t);
  }
  EXPECT_TRUE(reader.rest().empty());
}

TEST(Shorthand, EveryTextComesBackExactly) {
  const std::string digest_hex = sha256(as_bytes("x")).hex(), pair = R"({"sha256":")" + digest_hex + R"(","sha3_256":")" + digest_hex + "\"}";
  expect_exact({"", "x", std::string(1000, 'a'), std::string(33, '"'), std::string("\0\xff\n", 3), "{", "null", "nul", "nullx"});
  expect_exact({"\"0\"", "\"00\"", "\"18446744073709551615\"", "\"18446744073709551616\"", "\"-1\"", "12", "012", "0", "1e5", "\"12",
                "123456789012345678901234567890", "x12", "1x23"});
  expect_exact({"\"" + digest_hex + "\"", "\"" + digest_hex + "\"", "\"" + digest_hex, digest_hex, "\"" + digest_hex + "0\"",
                "\"" + std::string(64, 'A') + "\"", pair, pair, pair.substr(1), pair.substr(0, pair.size() - 1), "{" + pair});
  expect_exact({"\"" + task.hex() + "\"", "\"" + std::string(32, '0') + "\"", "\"" + std::string(32, 'g') + "\""});
  expect_exact({"\"2026-11-21T03:11:43.000000007Z\"", "\"2026-11-21T03:11:43.000000006Z\"", "\"1970-01-01T00:00:00.000000000Z\"",
                "\"2261-12-31T23:59:59.999999999Z\"", "\"2262-01-01T00:00:00.000000000Z\"", "\"2026-02-30T03:11:43.000000007Z\"",
                "\"2026-11-21T03:11:60.000000007Z\""});
}

// Texts of the pieces that mean something, joined at random: what is next to what must not matter.
TEST(Shorthand, AnyMixtureComesBackExactly) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const std::vector<std::string> pieces{"\"",  "{",      "}",  "12",   "\"12\"", "0",     "null",  "\\",    ",",  "\"state.write\"",
                                        "\xc3", "{\"sha256\":\"", "\",\"sha3_256\":\"", sha256({}).hex(), task.hex(), "\n",
                                        "\"2026-11-21T03:11:43.000000007Z\"", text_of(sample::output()), "x"};
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts(1 + random() % 3);
    for (auto& t : texts)
      for (auto n = random() % 12; n != 0; --n) t += pieces[random() % pieces.size()];
    expect_exact(texts);
    if (HasFailure()) FAIL() << "seed " << seed << " round " << round;
  }
}

TEST(Shorthand, SavesMoreThanHalfOfAManifest) {
  const std::string text = text_of(sample::output());
  EXPECT_LT(shorten({text}).size(), text.size() / 2) << shorten({text}).size() << " of " << text.size();
}

TEST(Shorthand, WhatIsCutShortIsCorrupt) {
  const Bytes bytes = shorten({text_of(sample::input())});
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    std::string out;
    EXPECT_EQ(ShorthandReader(BytesView(bytes).first(n), task).text(out).error().code, Code::corrupt) << n;
  }
}

TEST(Shapes, HolesAreFilledInTheirOrder) {
  const auto is_short = [](std::string_view member) { return member.size() == 1; };
  const Shape shape = shape_of(R"({"a":"}","bb":{"a":[1,"\"]"]},"c":[{"x":","}]})", is_short);
  EXPECT_EQ(shape.text, std::string("{\"a\":\0,\"bb\":{\"a\":[1,\"\\\"]\"]},\"c\":\0}", 34));
  EXPECT_EQ(shape.values, (std::vector<std::string_view>{"\"}\"", R"([{"x":","}])"}));
  for (const char* odd : {"", "[]", "{", "{\"a\"", "{\"a\":1", "{\"a\":1}}", "{\"a\":1}x", "{a:1}", "null", "{\"a\":\"", "{}"})
    EXPECT_TRUE(shape_of(odd, is_short).text == odd && shape_of(odd, is_short).values.empty()) << odd;
}

}  // namespace
}  // namespace writ::proof
