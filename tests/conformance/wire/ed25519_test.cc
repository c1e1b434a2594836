// Ed25519 against Wycheproof (what every verifier must do) and CCTV (where verifiers disagree; we are strict).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "conformance/data.h"
#include "writ/wire/sign.h"

namespace writ {
namespace {

// False also for a key or signature of the wrong length: there is no such value.
bool accepted(const std::string& key, const std::string& signature, BytesView message) {
  const Bytes k = *parse_hex(key), s = *parse_hex(signature);
  PublicKey public_key;
  Signature sig;
  if (k.size() != public_key.bytes.size() || s.size() != sig.bytes.size()) return false;
  std::ranges::copy(k, public_key.bytes.begin());
  std::ranges::copy(s, sig.bytes.begin());
  return verify(public_key, message, sig);
}

TEST(Ed25519, Wycheproof) {
  WRIT_NEED_CONFORMANCE("wycheproof");
  const Json suite = *parse_json(conformance::text_of(conformance::folder("wycheproof") / "testvectors_v1/ed25519_test.json"));
  std::size_t ran = 0;
  for (const Json& group : suite.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      const bool valid = test.at("result") == "valid";
      EXPECT_EQ(accepted(group.at("publicKey").at("pk"), test.at("sig"), *parse_hex(test.at("msg").get<std::string>())), valid)
          << test.at("tcId") << " " << test.at("comment");
      ++ran;
    }
  }
  EXPECT_EQ(ran, suite.at("numberOfTests").get<std::size_t>());
}

TEST(Ed25519, CctvStrict) {
  WRIT_NEED_CONFORMANCE("cctv-ed25519");
  const Json suite = *parse_json(conformance::text_of(conformance::folder("cctv-ed25519") / "ed25519/ed25519vectors.json"));
  // A torsion component that cancels out cannot be seen in the encodings; it is all that a strict verifier lets pass.
  const std::set<std::string> tolerated = {"low_order_component_A", "low_order_component_R"};
  std::size_t accepts = 0;
  for (const Json& test : suite) {
    std::set<std::string> flags;
    if (test.at("flags").is_array()) flags = test.at("flags").get<std::set<std::string>>();
    const bool expected = std::ranges::includes(tolerated, flags);
    const std::string message = test.at("msg");
    EXPECT_EQ(accepted(test.at("key"), test.at("sig"), as_bytes(message)), expected) << test.at("number") << test.at("flags");
    accepts += expected;
  }
  EXPECT_EQ(suite.size(), 914u);
  EXPECT_GT(accepts, 0u);
}

}  // namespace
}  // namespace writ
