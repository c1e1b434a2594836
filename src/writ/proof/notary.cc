#include "writ/proof/notary.h"

#include "writ/proof/verify/log_proof.h"
#include "writ/proof/verify/statement.h"
#include "writ/wire/big_endian.h"

namespace writ::proof {
Signature Notary::sign_head(HeadRecord& head) const {
  const Signature signature = key_.sign(as_bytes(format_checkpoint({origin_, head.edge.size(), head.edge.root()})));
  head.signature = signature;
  return signature;
}

Result<Issued> Notary::issue(store::Transaction& t, const InputManifest& input, const OutputManifest& output) const {
  Issued issued;
  issued.kept.input_text = text_of(input);
  issued.kept.output_text = text_of(output);
  issued.kept.key = verifier().note_id();
  const DigestPair in = digest(as_bytes(issued.kept.input_text)), out = digest(as_bytes(issued.kept.output_text));
  const Form form = signing_ == Signing::each ? Form::statement : Form::batch;
  const std::string payload = text_of(state(form, input, in, output, out));
  issued.statement = sha256(as_bytes(payload));

  WRIT_TRY(HeadRecord head, read_head(t));
  issued.kept.index = head.edge.size();
  WRIT_CHECK(append(t, head, issued.statement));
  issued.size = head.edge.size();
  if (head.key != issued.kept.key) WRIT_CHECK(t.put_record(log_key_table, issued.kept.key, as_bytes(verifier().text())));
  head.key = issued.kept.key;
  if (signing_ == Signing::each) {
    const Signature checkpoint = sign_head(head);
    issued.kept.own = {key_.sign(pre_authentication_encoding(payload_type, as_bytes(payload))), checkpoint};
  }
  WRIT_CHECK(write_head(t, head));
  return issued;
}

Result<void> Notary::seal(store::Transaction& t) const {
  WRIT_TRY(HeadRecord head, read_head(t));
  if (head.signature || head.edge.size() == 0) return {};
  const Signature signature = sign_head(head);
  Bytes record(head.key.begin(), head.key.end());
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  WRIT_CHECK(t.put_record(log_checkpoint_table, big_endian(head.edge.size()), record));
  return write_head(t, head);
}

Result<std::string> latest_checkpoint(const store::View& view) {
  WRIT_TRY(const HeadRecord head, read_head(view));
  if (head.edge.size() == 0) return Error{Code::unavailable, "the log is empty", {}, "run a task first"};
  if (!head.signature) return Error{Code::unavailable, "the newest checkpoint is not signed yet", {}, "ask again after the commit"};
  WRIT_TRY(const VerifierKey signer, find_signer(view, head.key));
  return sign_with({signer.name, head.edge.size(), head.edge.root()}, signer, *head.signature);
}

Result<std::string> prove_leaf(const store::View& view, std::uint64_t index) {
  WRIT_TRY(auto checkpoint, latest_checkpoint(view));
  WRIT_TRY(const Log log, Log::open(view));
  WRIT_TRY(auto path, log.inclusion(index, log.size()));
  return format_log_proof({{}, index, std::move(path), std::move(checkpoint)});
}

Sha256 effect_root(std::span<const effect::Entry> entries) {
  merkle::Frontier edge;
  for (const auto& e : entries) edge.add(merkle::leaf_hash(as_bytes(effect::encode(e))));
  return edge.root();
}

}  // namespace writ::proof
