// The JSON reader against JSONTestSuite and the canonical writer against RFC 8785's own vectors.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "conformance/data.h"
#include "writ/wire/bytes.h"
#include "writ/wire/canonical.h"

namespace writ {
namespace {

// Two of the cases repeat a key. RFC 8259 section 4 lets a reader do as it likes; RFC 7493 forbids it. We refuse, because
// readers that choose differently would see different documents under one signature.
const std::set<std::string> repeat_a_key = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"};

TEST(JsonTestSuite, MandatoryCases) {
  WRIT_NEED_CONFORMANCE("jsontestsuite");
  std::map<char, int> ran;
  for (const auto& entry : std::filesystem::directory_iterator(conformance::folder("jsontestsuite") / "test_parsing")) {
    const std::string name = entry.path().filename();
    const auto value = parse_json(conformance::text_of(entry.path()));
    if (name[0] == 'y') {
      EXPECT_EQ(value.has_value(), !repeat_a_key.contains(name)) << name << (value ? "" : value.error().text());
    }
    if (name[0] == 'n') { EXPECT_FALSE(value) << name; }
    // What one of our programs read, it can write, and what it wrote it reads back as the same.
    if (value) { EXPECT_EQ(parse_canonical(canonical_json(*value)), *value) << name; }
    ++ran[name[0]];
  }
  EXPECT_EQ(ran['y'], 95);
  EXPECT_EQ(ran['n'], 188);
}

// Where the suite leaves the choice, ours: numbers that a double holds (rounded, or down to zero) are read; numbers
// beyond it, everything that is not UTF-8, lone surrogates, a byte order mark and deep nesting are refused.
TEST(JsonTestSuite, OurChoices) {
  WRIT_NEED_CONFORMANCE("jsontestsuite");
  const std::set<std::string> accepted = {
      "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json", "i_number_too_big_neg_int.json",
      "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json"};
  int ran = 0;
  for (const auto& entry : std::filesystem::directory_iterator(conformance::folder("jsontestsuite") / "test_parsing")) {
    const std::string name = entry.path().filename();
    if (name[0] != 'i') continue;
    EXPECT_EQ(parse_json(conformance::text_of(entry.path())).has_value(), accepted.contains(name)) << name;
    ++ran;
  }
  EXPECT_EQ(ran, 35);
}

TEST(Jcs, ByteForByte) {
  WRIT_NEED_CONFORMANCE("jcs-rfc8785");
  const auto root = conformance::folder("jcs-rfc8785") / "testdata";
  int ran = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root / "input")) {
    const auto name = entry.path().filename();
    const auto value = parse_json(conformance::text_of(entry.path()));
    ASSERT_TRUE(value) << name << value.error().text();
    const std::string canonical = canonical_json(*value);
    EXPECT_EQ(canonical, conformance::text_of(root / "output" / name)) << name;
    std::string digits;
    for (const char c : conformance::text_of((root / "outhex" / name).replace_extension(".txt"))) {
      if (std::isxdigit(static_cast<unsigned char>(c))) digits += c;
    }
    EXPECT_EQ(hex(as_bytes(canonical)), digits) << name;
    EXPECT_EQ(parse_canonical(canonical), *value) << name;
    ++ran;
  }
  EXPECT_EQ(ran, 6);
}

}  // namespace
}  // namespace writ
