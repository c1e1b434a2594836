// A receipt made by hand from its parts, for tests, benchmarks and fuzz targets of this room. It is as large as that of a
// real task with a handful of capabilities and writes, in a log of a thousand leaves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "writ/base/assert.h"
#include "writ/proof/verify/receipt.h"

namespace writ::proof::sample {

class MapNodes : public merkle::Nodes {
 public:
  Result<merkle::Hash> node(merkle::NodeId id) const override {
    const auto found = nodes_.find(id);
    if (found == nodes_.end()) return Error{Code::corrupt, "no such node", {}, {}};
    return found->second;
  }
  void add(const merkle::Hash& leaf) {
    for (const auto& n : edge_.add(leaf)) nodes_.emplace(n.id, n.hash);
    size = edge_.size();
  }
  std::uint64_t size = 0;

 private:
  merkle::Frontier edge_;
  std::map<merkle::NodeId, merkle::Hash> nodes_;
};

inline InputManifest input() {
  InputManifest m;
  m.arguments = {"index.wasm", "/usr/share/common-licenses"};
  for (const char* resource : {"/usr/share/common-licenses/", "index/", "index/"}) {
    m.capabilities.push_back({.constraints = {"bytes=67108864"}, .effect = "file.read", .lineage = {}, .regions = {},
                              .resource = resource, .revocation = {}});
  }
  m.code = {digest(as_bytes("code")), "wasm", "index.wasm"};
  m.engine = {digest(as_bytes("engine")), "wasm/clang-14 -O2"};
  m.entry = "_start";
  m.environment = {{digest(as_bytes("C.UTF-8")), "LANG"}};
  m.fence = "key";
  m.limits = {.effects = 1'000'000, .files = 1024, .memory = 512 * MiB, .output = 16 * MiB, .stack = MiB,
              .time = std::chrono::seconds(60)};
  m.name = "build-index";
  m.parents = {sha256(as_bytes("a parent"))};
  m.seed = digest(as_bytes("thirty-two bytes of a seed......"));
  m.started = {{1'795'230'703'000'000'007}, {1'795'230'703'000'000'000}};
  m.state = sha256(as_bytes("before"));
  m.task = *TaskId::parse("4f2a0c1d4f2a0c1d4f2a0c1d4f2a0c1d");
  m.toolchain = {digest(as_bytes("toolchain")), "wabt 1.0.32, clang 14"};
  return m;
}

inline OutputManifest output() {
  OutputManifest m;
  m.effects = {.count = 812, .denied = 1, .entries = 37, .root = sha256(as_bytes("effects")), .sent = 0};
  m.finished = {{1'795'230'704'000'000'000}, {1'795'230'703'500'000'000}};
  m.outcome = {.end = "completed", .exit = 0, .function = {}, .reason = {}};
  m.standard_error = {digest({}), ByteCount(0)};
  m.standard_output = {digest(as_bytes("done\n")), ByteCount(5)};
  m.resources = {.cpu = std::chrono::milliseconds(120), .host_calls = 812, .memory = 3 * MiB, .time = std::chrono::milliseconds(130)};
  m.settlement = Settlement::committed;
  m.state = sha256(as_bytes("after"));
  m.task = input().task;
  for (const char* path : {"index/statistics.json", "index/terms"}) {
    m.writes.push_back({.after = ObjectVersion(2), .before = ObjectVersion(1), .digest = digest(as_bytes(path)), .object = path});
  }
  return m;
}

// The same of a task that also changed files.
inline InputManifest input_with_files() {
  auto m = input();
  m.mounts = {{"/", "/srv/index"}};
  return m;
}
inline OutputManifest output_with_files() {
  auto m = output();
  m.files = {{digest(as_bytes("new")), digest(as_bytes("old")), FileChange::changed, FileKind::file, 0644, "/srv/index/a\nb", {}},
             {{}, {}, FileChange::created, FileKind::link, 0777, "/srv/index/latest", "a\nb"},
             {{}, digest(as_bytes("old")), FileChange::removed, FileKind::file, 0, "/srv/index/old", {}}};
  return m;
}

inline VerifierKey verifier(const SigningKey& key) { return {"writ.example/store", key.public_key()}; }

inline std::string signed_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  return sign_with(checkpoint, verifier(key), key.sign(as_bytes(format_checkpoint(checkpoint))));
}

// Signed and logged as the runtime does it, from whatever the manifests say.
inline std::string receipt(const InputManifest& in, const OutputManifest& out, const SigningKey& key, Form form = Form::statement) {
  const std::string in_text = text_of(in), out_text = text_of(out);
  const DigestPair in_digest = digest(as_bytes(in_text)), out_digest = digest(as_bytes(out_text));
  Receipt r;
  r.input_text = in_text;
  r.output_text = out_text;
  r.chain = chain_hash(in_digest.sha3_256, out_digest.sha3_256);
  r.form = form;
  r.envelope.payload = to_bytes(text_of(state(form, in, in_digest, out, out_digest)));
  if (form == Form::statement) {
    r.envelope.signatures = {{envelope_key_id(key.public_key()), key.sign(pre_authentication_encoding(payload_type, r.envelope.payload))}};
  }
  r.signer = verifier(key).text();

  MapNodes log;
  for (int i = 0; i < 1000; ++i) log.add(merkle::leaf_hash(as_bytes(std::to_string(i))));
  const std::uint64_t index = log.size;
  log.add(merkle::leaf_hash(sha256(r.envelope.payload).view()));
  for (int i = 0; i < 23; ++i) log.add(merkle::leaf_hash(as_bytes(std::to_string(i))));
  const Checkpoint checkpoint{"writ.example/store/log", log.size, *merkle::root(log, log.size)};
  r.proof = format_log_proof({{}, index, *merkle::inclusion_path(log, index, log.size), signed_checkpoint(checkpoint, key)});
  return format_receipt(r);
}

inline SigningKey key(unsigned char fill) {
  std::array<std::byte, 32> seed;
  seed.fill(std::byte{fill});
  auto made = SigningKey::from_seed(seed);
  WRIT_ASSERT(made);
  return std::move(*made);
}

}  // namespace writ::proof::sample
