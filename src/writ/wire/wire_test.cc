#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "writ/wire/bytes.h"
#include "writ/wire/canonical.h"
#include "writ/wire/digest.h"
#include "writ/wire/json.h"
#include "writ/wire/sign.h"

namespace writ {
namespace {

TEST(Hex, RoundTripAndRefusals) {
  EXPECT_EQ(hex(as_bytes(std::string("\x00\xff\x10", 3))), "00ff10");
  EXPECT_EQ(as_text(*parse_hex("00ff10")), std::string("\x00\xff\x10", 3));
  for (const char* bad : {"0", "0G", "AB", " 00", "0x00", "00 "}) EXPECT_FALSE(parse_hex(bad)) << bad;
}

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64(as_bytes(plain)), text);
    EXPECT_EQ(as_text(*parse_base64(text)), plain);
  }
}

TEST(Base64, OneValueHasOneText) {
  for (const char* bad : {"Zg=", "Zg", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zg= =", "Z===", "====", "=", "Zm9v=", "-_8=", "Zg==Zg==",
                          "Zm9vZ", "Zm\n9v"})
    EXPECT_FALSE(parse_base64(bad)) << bad;
  // Every text of four digits that decodes is the text of what it decodes to.
  const std::string digits = "AQgwBRx+/=\n-";
  for (char a : digits) for (char b : digits) for (char c : digits) for (char d : digits) {
    const std::string text{a, b, c, d};
    if (const auto bytes = parse_base64(text)) { EXPECT_EQ(base64(*bytes), text); }
  }
}

TEST(Digests, KnownValues) {
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(as_bytes("abc")).hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha3_256(as_bytes("abc")).hex(), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(sha256_of_parts({as_bytes("a"), {}, as_bytes("bc")}), sha256(as_bytes("abc")));
}

TEST(Digests, StreamEqualsWhole) {
  const std::string text(100000, 'x');
  DigestStream stream;
  for (std::size_t at = 0, n = 1; at < text.size(); at += n, n = n * 3 % 977 + 1) {
    stream.update(as_bytes(std::string_view(text).substr(at, n)));
  }
  EXPECT_EQ(stream.finish(), digest(as_bytes(text)));
  EXPECT_DEATH(stream.finish(), "context_");
  Sha256Stream half;
  half.update(as_bytes(std::string_view(text).substr(0, 1000)));
  half.update(as_bytes(std::string_view(text).substr(1000)));
  EXPECT_EQ(half.finish(), sha256(as_bytes(text)));
}

TEST(Digests, ParseTakesOnlyTheOneForm) {
  const Sha256 d = sha256(as_bytes("abc"));
  EXPECT_EQ(Sha256::parse(d.hex()), d);
  EXPECT_EQ(Sha256::from(d.view()), d);
  EXPECT_FALSE(Sha256::parse(d.hex().substr(1)));
  EXPECT_FALSE(Sha256::parse(d.hex() + "0"));
  EXPECT_FALSE(Sha256::parse("B" + d.hex().substr(1)));
}

TEST(JsonReader, NamesThePosition) {
  EXPECT_EQ(parse_json("{\"a\": 1,\n \"b\": x}").error().where, "2:7");
  EXPECT_EQ(parse_json("{\"a\": 1,\n \"a\": 2}").error().where, "2:4");
  EXPECT_EQ(parse_json("").error().code, Code::invalid);
  EXPECT_EQ(parse_json("[1] 2").error().where, "1:5");
}

TEST(JsonReader, RefusesWhatReadersDisagreeOn) {
  for (const char* bad : {"{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}", "\xef\xbb\xbf{}", "\"\xff\"", "\"\\ud800\"", "[1,]", "{'a':1}",
                          "NaN", "1e400", "01", "[1]//x", "/**/1", "\"\xed\xa0\x80\""})
    EXPECT_FALSE(parse_json(bad)) << bad;
}

TEST(JsonReader, NulIsNotTheEnd) {
  EXPECT_EQ(parse_json(std::string_view("123\0 not json", 13)).error().where, "1:4");
  EXPECT_TRUE(parse_json("\"\\u0000\""));
}

TEST(JsonReader, Limits) {
  const std::string deep = std::string(128, '[') + std::string(128, ']');
  EXPECT_TRUE(parse_json(deep));
  EXPECT_EQ(parse_json("[" + deep + "]").error().code, Code::exhausted);
  EXPECT_EQ(parse_json(std::string(1000000, '[')).error().code, Code::exhausted);
  EXPECT_EQ(parse_json("[1,2]", {.size = ByteCount(4)}).error().code, Code::exhausted);
}

TEST(JsonReader, IntegersAreExactOrDoubles) {
  EXPECT_TRUE(parse_json("9007199254740991")->is_number_integer());
  EXPECT_TRUE(parse_json("9007199254740992")->is_number_float());
  EXPECT_TRUE(parse_json("-9007199254740992")->is_number_float());
  EXPECT_TRUE(parse_json("18446744073709551616")->is_number_float());
}

TEST(Canonical, KeysInUtf16Order) {
  const Json value = *parse_json("{\"\xef\xac\x81\":1,\"\xf0\x9f\x98\x80\":2,\"a\":3,\"\":4,\"aa\":5,\"\xc3\xa9\":6}");
  EXPECT_EQ(canonical_json(value), "{\"\":4,\"a\":3,\"aa\":5,\"\xc3\xa9\":6,\"\xf0\x9f\x98\x80\":2,\"\xef\xac\x81\":1}");
}

TEST(Canonical, NumbersAsEcmaScript) {
  const std::pair<std::uint64_t, const char*> vectors[] = {
      {0x4340000000000001, "9007199254740994"}, {0x4340000000000002, "9007199254740996"}, {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"}, {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"}, {0x8000000000000000, "0"}, {0, "0"},
      {1, "5e-324"}, {0x7fefffffffffffff, "1.7976931348623157e+308"}, {0x41b3de4355555553, "333333333.3333332"},
      {0xc43211ede4974a35, "-333333333333333300000"}, {0x444b1ae4d6e2ef4f, "999999999999999900000"}};
  for (const auto& [bits, text] : vectors) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    EXPECT_EQ(canonical_number(value), text);
  }
}

TEST(Canonical, ParseDemandsTheOneText) {
  for (const char* good : {"{}", "[]", "{\"a\":[1,2.5,\"x\\n\"],\"b\":null}", "1e+21", "18446744073709552000", "\"\\u001f\""})
    EXPECT_TRUE(parse_canonical(good)) << good;
  for (const char* bad : {"{ }", "{\"b\":1,\"a\":2}", "1.0", "1E2", "-0", "\"\\u0041\"", "\"\\/\"", "\"\\u001F\"", "[1] ", "9007199254740993",
                          "18446744073709551616"})
    EXPECT_FALSE(parse_canonical(bad)) << bad;
}

TEST(CanonicalDeathTest, IntegersThatOthersWouldRoundAreABug) {
  EXPECT_DEATH(canonical_json(Json(std::uint64_t{1} << 60)), "largest_json_integer");
  EXPECT_DEATH(canonical_json(Json("\xff")), "UTF-8");
  EXPECT_DEATH(canonical_json(Json(std::nan(""))), "isfinite");
}

TEST(Sign, RoundTripAndEveryBitMatters) {
  const SigningKey key = *SigningKey::generate();
  const std::string message = "one message";
  const Signature good = key.sign(as_bytes(message));
  EXPECT_TRUE(verify(key.public_key(), as_bytes(message), good));
  for (std::size_t i = 0; i < 64 * 8; ++i) {
    Signature bad = good;
    bad.bytes[i / 8] ^= std::byte{1} << (i % 8);
    EXPECT_FALSE(verify(key.public_key(), as_bytes(message), bad));
  }
  EXPECT_FALSE(verify(key.public_key(), as_bytes("one messagf"), good));
  EXPECT_FALSE(verify(SigningKey::generate()->public_key(), as_bytes(message), good));
}

TEST(Sign, SeedMakesTheSameKey) {
  // RFC 8032 section 7.1, test 1.
  const Bytes seed = *parse_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const SigningKey key = *SigningKey::from_seed(std::span<const std::byte, 32>(seed));
  EXPECT_EQ(hex(key.public_key().view()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(hex(key.sign({}).view()),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  EXPECT_EQ(hex(key.seed()), hex(seed));
}

// A key of small order: with A the neutral element, R = S*B satisfies the equation for every message. RFC 8032 lets a
// verifier pass that; whoever does says of one signature that it signs everything.
TEST(Ed25519, SmallOrderKeysSignNothing) {
  PublicKey neutral;
  neutral.bytes[0] = std::byte{1};
  Signature any;
  any.bytes.fill(std::byte{0x66});  // the base point, and S = 1
  any.bytes[0] = std::byte{0x58};
  std::ranges::fill(std::span(any.bytes).subspan(32), std::byte{0});
  any.bytes[32] = std::byte{1};
  EXPECT_FALSE(verify(neutral, as_bytes("one message"), any));
  EXPECT_FALSE(verify(neutral, as_bytes("another"), any));
}

}  // namespace
}  // namespace writ
