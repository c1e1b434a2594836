// Inclusion and consistency proofs against the vectors of transparency-dev/merkle.
#include <nlohmann/json.hpp>

#include "conformance/data.h"
#include "writ/proof/merkle/check.h"

namespace writ::merkle {
namespace {

// Nothing where the vector carries something that is no hash: such a proof cannot even be stated.
std::optional<Hash> hash_of(const Json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto bytes = parse_base64(text.get<std::string>());
  return bytes ? Hash::from(*bytes) : std::nullopt;
}
// Some vectors about equal sizes have words for roots, of which only the equality matters; our type holds only hashes.
std::optional<Hash> root_of(const Json& text) {
  if (const auto hash = hash_of(text)) return hash;
  return text.is_string() ? std::optional(sha256(as_bytes(text.get_ref<const std::string&>()))) : std::nullopt;
}
std::optional<Path> path_of(const Json& proof) {
  Path path;
  if (proof.is_null()) return path;
  for (const Json& text : proof) {
    const auto hash = hash_of(text);
    if (!hash) return std::nullopt;
    path.push_back(*hash);
  }
  return path;
}

template <class Check>
int run(const char* kind, Check&& check) {
  int ran = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(conformance::folder("merkle-testdata") / "testdata" / kind)) {
    if (entry.path().extension() != ".json") continue;
    // Read by the library itself: the vectors hold integers up to 2^64 - 1, which our reader does not carry exactly.
    const Json vector = Json::parse(conformance::text_of(entry.path()));
    EXPECT_EQ(check(vector), !vector.at("wantErr").get<bool>()) << entry.path();
    ++ran;
  }
  return ran;
}

TEST(MerkleVectors, Inclusion) {
  WRIT_NEED_CONFORMANCE("merkle-testdata");
  EXPECT_EQ(run("inclusion", [](const Json& v) {
    const auto root = hash_of(v.at("root")), leaf = hash_of(v.at("leafHash"));
    const auto path = path_of(v.at("proof"));
    return root && leaf && path &&
           check_inclusion(*leaf, v.at("leafIdx").get<std::uint64_t>(), v.at("treeSize").get<std::uint64_t>(), *path, *root);
  }), 98);
}

// The vectors let the empty tree be consistent with every tree; we call that statement empty and refuse it.
TEST(MerkleVectors, Consistency) {
  WRIT_NEED_CONFORMANCE("merkle-testdata");
  int empty = 0;
  EXPECT_EQ(run("consistency", [&](const Json& v) {
    const auto first = v.at("size1").get<std::uint64_t>(), second = v.at("size2").get<std::uint64_t>();
    const auto first_root = root_of(v.at("root1")), second_root = root_of(v.at("root2"));
    const auto path = path_of(v.at("proof"));
    const bool holds = first_root && second_root && path && check_consistency(first, *first_root, second, *second_root, *path);
    if (first != 0) return holds;
    ++empty;
    EXPECT_FALSE(holds);
    return !v.at("wantErr").get<bool>();
  }), 98);
  EXPECT_GT(empty, 0);
}

}  // namespace
}  // namespace writ::merkle
