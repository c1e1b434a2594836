#include "writ/proof/verify/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "writ/proof/verify/manifest_form.h"

namespace writ::proof {

template <class F>
void describe(F& form, typename F::template Value<EnvelopeSignature>& v) {
  form.object([&] { form("keyid", v.key_id), form.encoded("sig", v.signature.bytes); });
}
template <class F>
void describe(F& form, typename F::template Value<Envelope>& v) {
  form.object([&] {
    form.encoded("payload", v.payload);
    form.constant("payloadType", payload_type);
    form("signatures", v.signatures);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Receipt>& v) {
  form.object([&] {
    form("chain", v.chain);
    form("envelope", v.envelope);
    form.embedded("input", v.input, v.input_text);
    form.embedded("output", v.output, v.output_text);
    form("proof", v.proof);
    form.choice("schema", v.form, receipt_schemas);
    form("signer", v.signer);
  });
}

Result<Receipt> parse_receipt(std::string_view text) { return read_form<Receipt>(text); }
std::string format_receipt(const Receipt& receipt) { return write_form(receipt); }

namespace {

// A receipt with all its parts read, and nothing checked yet.
struct Parts {
  Receipt receipt;
  ClaimedKey signer;
  Statement expected;  // what the manifests say that the statement is
  LogProof log;
  Note note;
  Checkpoint checkpoint;
  bool statement_is_expected = false;
};

Result<void> read_parts(Parts& p, std::string_view text) {
  WRIT_CHECK(read_form_into(p.receipt, text));
  WRIT_TRY(p.signer, read_vkey(p.receipt.signer));
  WRIT_TRY(p.log, parse_log_proof(p.receipt.proof));
  WRIT_TRY(p.note, parse_note(p.log.checkpoint));
  WRIT_TRY(p.checkpoint, parse_checkpoint(p.note.text));
  // One byte string a receipt: what a verifier would have to ignore cannot be there.
  if (p.log.extra) return invalid("the log proof carries extra data, which nothing authenticates", "proof");
  if (p.note.signatures.size() != 1) return invalid("the checkpoint has other signatures beside the log's", "proof");

  const Receipt& r = p.receipt;
  if (r.envelope.signatures.size() != (r.form == Form::statement ? 1 : 0)) {
    return invalid("the envelope has not the signatures of its form", "envelope.signatures");
  }
  p.expected = state(r.form, r.input, digest(as_bytes(r.input_text)), r.output, digest(as_bytes(r.output_text)));
  p.statement_is_expected = as_text(r.envelope.payload) == text_of(p.expected);
  if (!p.statement_is_expected) WRIT_CHECK(parse_statement(as_text(r.envelope.payload)));
  return {};
}

Error mismatch(std::string what, std::string where) { return {Code::corrupt, std::move(what), std::move(where), {}}; }

// A path of the host is told once, and what is told of it agrees.
Result<void> check_files(const OutputManifest& out) {
  for (const FileWrite& f : out.files) {
    const bool gone = f.happened == FileChange::removed, file = f.kind == FileKind::file;
    if (!f.path.starts_with('/')) return mismatch("a file without a whole path was written", "output.files");
    if (f.after.has_value() != (file && !gone) || f.target.empty() != (f.kind != FileKind::link || gone) ||
        (f.happened == FileChange::created && f.before) || (gone && f.mode != 0) || f.mode > 0777)
      return mismatch("what is told of a file does not agree", "output.files");
  }
  std::set<std::string_view> paths;
  for (const FileWrite& f : out.files)
    if (!paths.insert(f.path).second) return mismatch("a file is told of twice", "output.files");
  return {};
}

Result<void> check_settlement(const InputManifest& in, const OutputManifest& out) {
  if (in.task != out.task) return mismatch("the manifests are of two tasks", "output.task");
  if (out.settlement == Settlement::committed) {
    if (!out.outcome.success()) return mismatch("a task that did not end well was committed", "output.settlement");
    return check_files(out);
  }
  if (!out.files.empty()) return mismatch("a discarded task has written files", "output.files");
  if (!out.writes.empty()) return mismatch("a discarded task has written", "output.writes");
  if (out.state != in.state) return mismatch("a discarded task has moved the state", "output.state");
  return {};
}

Result<void> check_parts(const Parts& p, const Sha256& leaf) {
  const Receipt& r = p.receipt;
  const VerifierKey& signer = p.signer.key;
  if (!p.signer.holds()) return mismatch("the key id is not the digest of the key", "signer");
  for (const EnvelopeSignature& s : r.envelope.signatures)
    if (s.key_id != envelope_key_id(signer.key)) return mismatch("the key id is not the digest of the key", "envelope");
  if (r.chain != p.expected.chain) return mismatch("the chain hash is not that of the manifests", "chain");
  if (!p.statement_is_expected) return mismatch("the statement is not about these manifests", "envelope.payload");
  WRIT_CHECK(check_settlement(r.input, r.output));
  const auto in_log = merkle::check_inclusion(merkle::leaf_hash(leaf.view()), p.log.index, p.checkpoint.size, p.log.path,
                                              p.checkpoint.root);
  if (!in_log) return mismatch(in_log.error().what, "proof");
  for (const EnvelopeSignature& s : r.envelope.signatures)
    if (!verify(signer.key, pre_authentication_encoding(payload_type, r.envelope.payload), s.signature))
      return mismatch("the signature of the statement does not hold", "envelope.signatures");
  const auto signed_head = check_note(p.note, signer);
  if (!signed_head) return mismatch(fmt::format("checkpoint: {}", signed_head.error().what), "proof");
  return {};
}

}  // namespace

std::string_view name(Verdict v) {
  switch (v) {
    case Verdict::verified: return "verified";
    case Verdict::intact: return "intact";
    case Verdict::untrusted: return "untrusted";
    case Verdict::mismatched: return "mismatched";
    case Verdict::malformed: return "malformed";
  }
  std::unreachable();
}

int exit_status(Verdict v) {
  switch (v) {
    case Verdict::verified:
    case Verdict::intact: return 0;
    case Verdict::untrusted:
    case Verdict::mismatched: return 1;
    case Verdict::malformed: return 65;
  }
  std::unreachable();
}

Verification verify_receipt(std::string_view text, const Trust& trust) {
  Verification out;
  Parts parts;
  if (const auto read = read_parts(parts, text); !read) {
    out.what = read.error().what;
    out.where = read.error().where;
    return out;
  }
  out.form = parts.receipt.form;
  out.statement = sha256(parts.receipt.envelope.payload);
  const auto checked = check_parts(parts, out.statement);
  out.input = std::move(parts.receipt.input);
  out.output = std::move(parts.receipt.output);
  out.signer = std::move(parts.signer.key);
  out.checkpoint = std::move(parts.checkpoint);
  out.index = parts.log.index;
  if (!checked) {
    out.verdict = Verdict::mismatched;
    out.what = checked.error().what;
    out.where = checked.error().where;
  } else if (trust.strangers == Trust::Strangers::accept) {
    out.verdict = Verdict::intact;
  } else if (std::ranges::find(trust.keys, out.signer) != trust.keys.end()) {
    out.verdict = Verdict::verified;
  } else {
    out.verdict = Verdict::untrusted;
    out.what = fmt::format("signed by {}, which is not a trusted key", out.signer.text());
    out.where = "signer";
  }
  return out;
}

}  // namespace writ::proof
