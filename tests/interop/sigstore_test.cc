// `writ verify --format bundle` writes what @sigstore/verify accepts, and accepts no more when anything in it is changed.
// The package is installed into the build folder, pinned by its lock file, where npm can be reached.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/cli/program.h"
#include "tests/interop/command.h"
#include "writ/base/file.h"
#include "writ/proof/verify/key.h"

namespace writ::interop {
namespace {

namespace fs = std::filesystem;
using cli_test::Json;

class Sigstore {
 public:
  Sigstore() {
    if (std::string(WRIT_NODE).empty() || std::string(WRIT_NPM).empty()) {
      absent = "node and npm are not installed";
      return;
    }
    fs::create_directories(folder_);
    for (const char* file : {"package.json", "package-lock.json", "verify.mjs"})
      fs::copy_file(fs::path(WRIT_SOURCE_DIR "/tests/interop/sigstore") / file, fs::path(folder_) / file,
                    fs::copy_options::overwrite_existing);
    if (fs::exists(folder_ + "/node_modules/@sigstore/verify")) return;
    const Done installed = run({WRIT_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"},
                               folder_);
    if (installed.status != 0) absent = "npm cannot install @sigstore/verify: " + installed.output.substr(0, 200);
  }
  Done verify(const std::string& bundle, const std::string& key, const std::string& hint) const {
    return run({WRIT_NODE, folder_ + "/verify.mjs", bundle, key, hint}, folder_);
  }
  std::string absent;

 private:
  const std::string folder_ = WRIT_BINARY_DIR "/interop/sigstore";
};

// The public key as the world writes it: SubjectPublicKeyInfo (RFC 8410) in PEM.
std::string pem(const PublicKey& key) {
  Bytes der = *parse_hex("302a300506032b6570032100");
  der.insert(der.end(), key.bytes.begin(), key.bytes.end());
  return "-----BEGIN PUBLIC KEY-----\n" + base64(der) + "\n-----END PUBLIC KEY-----\n";
}

TEST(Sigstore, AcceptsOurBundlesAndNoChangedOne) {
  const Sigstore sigstore;
  if (!sigstore.absent.empty()) GTEST_SKIP() << sigstore.absent;
  const cli_test::Place p;
  p.write_object("a", "1");
  const auto printed = p.run({"verify", "--format", "bundle", "@"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const auto key = proof::parse_vkey(cli_test::lines(p.run({"log", "key"}).out).at(0));
  ASSERT_TRUE(key);
  const std::string id = proof::envelope_key_id(key->key);
  p.file("key.pem", pem(key->key));
  p.file("bundle.json", printed.out);
  const std::string bundle = p.work() + "/bundle.json", pem_file = p.work() + "/key.pem";
  const Done good = sigstore.verify(bundle, pem_file, id);
  EXPECT_EQ(good.status, 0) << good.output;
  EXPECT_TRUE(good.output.starts_with("verified ")) << good.output;

  const std::vector<std::function<void(Json&)>> changes{
      [](Json& b) {
        Bytes payload = *parse_base64(b["dsseEnvelope"]["payload"].get<std::string>());
        payload[payload.size() / 2] ^= std::byte{1};
        b["dsseEnvelope"]["payload"] = base64(payload);
      },
      [](Json& b) {
        Bytes signature = *parse_base64(b["dsseEnvelope"]["signatures"][0]["sig"].get<std::string>());
        signature[7] ^= std::byte{1};
        b["dsseEnvelope"]["signatures"][0]["sig"] = base64(signature);
      },
      [](Json& b) { b["dsseEnvelope"]["payloadType"] = "text/plain"; },
      [](Json& b) { b["verificationMaterial"]["publicKey"]["hint"] = "another"; },
      [](Json& b) { b["dsseEnvelope"]["signatures"] = Json::array(); }};
  for (const auto& change : changes) {
    Json changed = Json::parse(printed.out);
    change(changed);
    p.file("changed.json", changed.dump());
    const Done refused = sigstore.verify(p.work() + "/changed.json", pem_file, id);
    EXPECT_EQ(refused.status, 1) << refused.output;
    EXPECT_TRUE(refused.output.starts_with("refused: ")) << refused.output;
  }
  PublicKey stranger = key->key;
  stranger.bytes[3] ^= std::byte{1};
  p.file("stranger.pem", pem(stranger));
  EXPECT_EQ(sigstore.verify(bundle, p.work() + "/stranger.pem", id).status, 1);
}

}  // namespace
}  // namespace writ::interop
