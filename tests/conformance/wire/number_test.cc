// Numbers as ECMAScript prints them, against the published digest of a test file that is made here by its published
// algorithm (cyberphone/json-canonicalization, testdata/README.md): edge cases, 2000 subnormals, then pseudo-random bits.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "conformance/data.h"
#include "writ/wire/canonical.h"
#include "writ/wire/digest.h"

namespace writ {
namespace {

double from_bits(std::uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// The edge cases, read out of the description itself: they are its only 16-digit literals that end in n.
std::vector<std::uint64_t> edge_cases(const std::string& description) {
  std::vector<std::uint64_t> out;
  for (std::size_t at = description.find("0x"); at != std::string::npos; at = description.find("0x", at + 1)) {
    const std::string digits = description.substr(at + 2, 16);
    if (description.substr(at + 18, 1) == "n" && digits.find_first_not_of("0123456789abcdef") == std::string::npos) {
      out.push_back(std::stoull(digits, nullptr, 16));
    }
  }
  out.pop_back();  // the start of the subnormals, which stands in the code below the list
  return out;
}

TEST(Jcs, HundredThousandNumbers) {
  WRIT_NEED_CONFORMANCE("jcs-rfc8785");
  std::vector<std::uint64_t> bits = edge_cases(conformance::text_of(conformance::folder("jcs-rfc8785") / "testdata/README.md"));
  for (std::uint64_t i = 0; i < 2000; ++i) bits.push_back(0x0010000000000000 + i);
  std::array<std::byte, 32> block{};
  while (bits.size() < 100'000) {
    block = sha256(block).bytes;
    for (std::size_t i = 0; i < 4 && bits.size() < 100'000; ++i) {
      std::uint64_t v = 0;
      std::memcpy(&v, block.data() + 8 * i, sizeof v);
      if (from_bits(v) != 0 && std::isfinite(from_bits(v))) bits.push_back(v);
    }
  }
  DigestStream digest;
  std::size_t lines = 0;
  const auto add = [&](std::uint64_t v) {
    digest.update(as_bytes(fmt::format("{:x},{}\n", v, canonical_number(from_bits(v)))));
    ++lines;
  };
  for (const std::uint64_t v : bits) add(v);
  ASSERT_EQ(lines, 100'000u);
  EXPECT_EQ(digest.finish().sha256.hex(), "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7");
}

}  // namespace
}  // namespace writ
