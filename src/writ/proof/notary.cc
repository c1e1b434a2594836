#include "writ/proof/notary.h"

#include "writ/proof/verify/log_proof.h"
#include "writ/proof/verify/statement.h"

namespace writ::proof {
namespace {

// The newest checkpoint alone: an older one follows from its size, the log and the key.
constexpr std::string_view checkpoint_table = "log.checkpoint", checkpoint_key = "latest";

std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key, const VerifierKey& verifier) {
  const std::string text = format_checkpoint(checkpoint);
  const Signature signature = key.sign(as_bytes(text));
  return format_note({text, {{verifier.name, verifier.note_id(), Bytes(signature.bytes.begin(), signature.bytes.end())}}});
}

}  // namespace

Result<Issued> Notary::issue(store::Transaction& transaction, const InputManifest& input, const OutputManifest& output) const {
  const std::string input_text = text_of(input), output_text = text_of(output);
  const DigestPair input_digest = digest(as_bytes(input_text)), output_digest = digest(as_bytes(output_text));
  Receipt receipt;
  receipt.input_text = input_text;
  receipt.output_text = output_text;
  receipt.chain = chain_hash(input_digest.sha3_256, output_digest.sha3_256);
  receipt.envelope.payload = to_bytes(text_of(state(input, input_digest, output, output_digest)));
  receipt.envelope.key_id = envelope_key_id(key_.public_key());
  receipt.envelope.signature = key_.sign(pre_authentication_encoding(payload_type, receipt.envelope.payload));
  receipt.signer = verifier().text();

  Issued issued;
  issued.statement = sha256(receipt.envelope.payload);
  WRIT_TRY(const LogHead head, append(transaction, issued.statement));
  issued.size = head.size;
  issued.index = head.size - 1;
  const std::string checkpoint = sign_checkpoint({origin_, head.size, head.root}, key_, verifier());
  WRIT_CHECK(transaction.put_record(checkpoint_table, as_bytes(checkpoint_key), as_bytes(checkpoint)));
  WRIT_TRY(auto path, Log(transaction).inclusion(issued.index, issued.size));
  receipt.proof = format_log_proof({{}, issued.index, std::move(path), checkpoint});
  issued.receipt = format_receipt(receipt);
  return issued;
}

Result<std::string> latest_checkpoint(const store::View& view) {
  WRIT_TRY(const auto bytes, view.record(checkpoint_table, as_bytes(checkpoint_key)));
  if (!bytes) return Error{Code::unavailable, "the log is empty", {}, "run a task first"};
  return std::string(as_text(*bytes));
}

Result<std::string> prove_leaf(const store::View& view, std::uint64_t index) {
  WRIT_TRY(auto checkpoint, latest_checkpoint(view));
  WRIT_TRY(const auto note, parse_note(checkpoint));
  WRIT_TRY(const auto parsed, parse_checkpoint(note.text));
  WRIT_TRY(auto path, Log(view).inclusion(index, parsed.size));
  return format_log_proof({{}, index, std::move(path), std::move(checkpoint)});
}

Sha256 effect_root(std::span<const effect::Entry> entries) {
  // The compact form: one hash for each bit of the number of leaves so far (RFC 9162 section 2.1.1).
  std::vector<std::pair<unsigned, merkle::Hash>> parts;  // level, root of a perfect subtree; levels fall
  for (const auto& e : entries) {
    std::pair<unsigned, merkle::Hash> part{0, merkle::leaf_hash(as_bytes(effect::encode(e)))};
    while (!parts.empty() && parts.back().first == part.first) {
      part = {part.first + 1, merkle::node_hash(parts.back().second, part.second)};
      parts.pop_back();
    }
    parts.push_back(part);
  }
  if (parts.empty()) return merkle::empty_root();
  merkle::Hash root = parts.back().second;
  for (auto it = parts.rbegin() + 1; it != parts.rend(); ++it) root = merkle::node_hash(it->second, root);
  return root;
}

}  // namespace writ::proof
