// The receipt of one task, and the one function that verifies it, used by writ-verify and by `writ verify`.
//
// A receipt is one canonical JSON document (docs/formats/receipt.md): the two manifests, the signed statement about
// them, and the proof that the statement lies in the signer's log. A receipt of a batch has no signature of its own: the
// signed checkpoint at the end of its proof covers every statement of the batch. Verifying needs the text and a trusted key, nothing
// else: no store, no network, no clock. The key inside a receipt says who claims to have signed; it proves nothing.
//
// Three causes of refusal, told apart in this order:
//   malformed    this is no receipt: not canonical, a member unknown or missing, a value that cannot be
//   mismatched   it is one, but a digest, signature, path or root in it does not hold
//   untrusted    it is intact, but nobody we trust has signed it
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "writ/proof/verify/log_proof.h"
#include "writ/proof/verify/manifest.h"
#include "writ/proof/verify/statement.h"

namespace writ::proof {

inline constexpr std::array<std::string_view, 2> receipt_schemas{"writ.receipt/1", "writ.receipt.batch/1"};

struct Receipt {
  Form form = Form::statement;
  Sha3 chain;
  Envelope envelope;
  InputManifest input;
  OutputManifest output;
  std::string proof;   // a tlog-proof@v1 (log_proof.h)
  std::string signer;  // the vkey of who claims to have signed
  // The canonical texts of the manifests. After parse_receipt, views into the text that was parsed.
  std::string_view input_text, output_text;
};
Result<Receipt> parse_receipt(std::string_view text);
std::string format_receipt(const Receipt&);

enum class Verdict { verified, intact, untrusted, mismatched, malformed };  // intact: signer unknown, as was asked for
std::string_view name(Verdict);
// 0 holds, 1 does not, 65 malformed (interface.md "Exit status").
int exit_status(Verdict);

struct Trust {
  enum class Strangers { refuse, accept };  // accept: check integrity alone
  std::vector<VerifierKey> keys;
  Strangers strangers = Strangers::refuse;
};

struct Verification {
  Verdict verdict = Verdict::malformed;
  std::string what, where;  // why it is not verified; empty if it is
  // What the receipt says. Set unless malformed; true only if verified.
  InputManifest input;
  OutputManifest output;
  Form form = Form::statement;
  Sha256 statement;         // digest of the statement: the leaf of the log, and how another receipt names this one
  VerifierKey signer;
  Checkpoint checkpoint;
  std::uint64_t index = 0;  // of the leaf
};

Verification verify_receipt(std::string_view text, const Trust&);

}  // namespace writ::proof
