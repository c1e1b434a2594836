#include "writ/wire/form.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "writ/wire/canonical.h"

namespace writ {
namespace {

enum class Colour { red, green };
constexpr std::array<std::string_view, 2> colours{"red", "green"};

struct Inner {
  std::string text;
  friend bool operator==(const Inner&, const Inner&) = default;
};
struct Sample {
  std::uint64_t count = 0;
  std::int64_t balance = 0;
  Colour colour = Colour::red;
  std::vector<Inner> list;
  std::optional<Sha256> maybe;
  WallTime time;
  bool yes = false;
  friend bool operator==(const Sample&, const Sample&) = default;
};
template <class Form>
void describe(Form& form, typename Form::template Value<Inner>& v) {
  form.object([&] { form("text", v.text); });
}
template <class Form>
void describe(Form& form, typename Form::template Value<Sample>& v) {
  form.object([&] {
    form("balance", v.balance);
    form.choice("colour", v.colour, colours);
    form("count", v.count);
    form("list", v.list);
    form("maybe", v.maybe);
    form.constant("schema", "sample/1");
    form("time", v.time);
    form("yes", v.yes);
  });
}

Sample sample() {
  return {.count = ~std::uint64_t{0}, .balance = -5, .colour = Colour::green,
          .list = {{"plain"}, {"quote \" back \\ line\n tab\t bell\a nul" + std::string(1, '\0')}, {"\xff not utf-8"}, {"\xf0\x9f\x98\x80"}, {""}},
          .maybe = sha256(as_bytes("x")), .time = {1'795'230'703'000'000'007}, .yes = true};
}

TEST(Form, RoundTripInCanonicalForm) {
  for (const Sample& s : {sample(), Sample{}}) {
    const std::string text = write_form(s);
    EXPECT_EQ(read_form<Sample>(text), s) << text;
    const auto value = parse_canonical(text);  // an independent reader agrees that this is the canonical text
    EXPECT_TRUE(value) << text;
  }
}

// Every text of one bit's difference is either refused or the canonical text of another value.
TEST(Form, OneValueOneText) {
  const std::string text = write_form(sample());
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto value = read_form<Sample>(changed);
    if (!value) continue;
    ++accepted;
    EXPECT_NE(*value, sample());
    EXPECT_EQ(write_form(*value), changed);
    EXPECT_TRUE(parse_canonical(changed)) << changed;
  }
  EXPECT_GT(accepted, 0u);
}

TEST(Form, EveryPrefixIsRefused) {
  const std::string text = write_form(sample());
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(read_form<Sample>(text.substr(0, n))) << n;
}

TEST(Form, RefusesOtherSpellings) {
  const std::string good = R"({"text":"a"})";
  ASSERT_TRUE(read_form<Inner>(good));
  for (const char* bad : {R"({ "text":"a"})", R"({"text":"a"} )", R"({"text":"a","b":1})", R"({"b":1,"text":"a"})", R"({})", R"({"text":"\u0061"})",
                          R"({"text":"\/"})", R"({"text":"\u000a"})", R"({"text":"\u001F"})", R"({"text":{"base64":"YQ=="}})", R"({"text":null})",
                          R"({"text":"a"}})", "{\"text\":\"\xff\"}", "{\"text\":\"\n\"}", "", "null"})
    EXPECT_FALSE(read_form<Inner>(bad)) << bad;
  for (const char* bad : {"\"01\"", "\"+1\"", "\"-0\"", "1", "\"\"", "\"18446744073709551616\"", "\" 1\"", "\"1 \""}) {
    EXPECT_FALSE(read_form<std::vector<std::uint64_t>>(std::string("[") + bad + "]")) << bad;
  }
  for (const char* bad : {"2026-13-01T00:00:00.000000000Z", "2026-02-30T00:00:00.000000000Z", "2026-01-01T24:00:00.000000000Z",
                          "2026-01-01T00:00:00.00000000Z", "2026-01-01 00:00:00.000000000Z", "9999-01-01T00:00:00.000000000Z",
                          "2026-01-01T00:00:00.000000000z", "-026-01-01T00:00:00.000000000Z"}) {
    EXPECT_FALSE(read_form<std::vector<WallTime>>(std::string("[\"") + bad + "\"]")) << bad;
  }
}

TEST(Form, SaysWhereAndWhat) {
  const auto e = read_form<Inner>(R"({"txet":"a"})").error();
  EXPECT_EQ(e.code, Code::invalid);
  EXPECT_NE(e.what.find("\"text\""), std::string::npos);
  EXPECT_EQ(e.where, "byte 3");
}

}  // namespace
}  // namespace writ
