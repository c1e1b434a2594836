// Notary: signs what a task did, and logs that it signed. The one writer of a store's log.
//
// issue() runs inside the store transaction that settles the task: it makes the statement about the two manifests, appends
// its digest to the log and signs, and returns what is kept of the receipt (kept_receipt.h). If anything fails, the
// transaction fails: no receipt, no commit.
//
//   Signing::each    the statement is signed, and the checkpoint that ends with it
//   Signing::batch   nothing is signed here; seal(), once at the end of each commit of the store, signs one checkpoint for
//                    all that the commit appended. The receipts of a batch can be rebuilt when it is durable
//
// Threads: any; the key is only read.   Formats: docs/formats/receipt.md, docs/formats/log.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "writ/effect/journal.h"
#include "writ/proof/kept_receipt.h"
#include "writ/proof/log.h"
#include "writ/store/store.h"
#include "writ/wire/sign.h"

namespace writ::proof {

enum class Signing : std::uint8_t { each, batch };

struct Issued {
  KeptReceipt kept;
  Sha256 statement;        // the leaf
  std::uint64_t size = 0;  // of the log that ends with it
};

class Notary {
 public:
  // `origin` names the log, in its checkpoints and in the verifier key: one for each store.
  Notary(SigningKey key, std::string origin, Signing signing = Signing::each)
      : key_(std::move(key)), origin_(std::move(origin)), signing_(signing) {}

  Result<Issued> issue(store::Transaction&, const InputManifest&, const OutputManifest&) const;
  // Signs the head of the log, unless it is signed. For Store::seal_with.
  Result<void> seal(store::Transaction&) const;
  VerifierKey verifier() const { return {origin_, key_.public_key()}; }
  Signing signing() const { return signing_; }

 private:
  Signature sign_head(HeadRecord&) const;

  SigningKey key_;
  std::string origin_;
  Signing signing_;
};

// The latest signed checkpoint, a signed note; `unavailable` while the log is empty.
Result<std::string> latest_checkpoint(const store::View&);
// A tlog-proof@v1 of one leaf under the latest checkpoint.
Result<std::string> prove_leaf(const store::View&, std::uint64_t index);

// RFC 6962 root over the canonical texts of the journal's entries.
Sha256 effect_root(std::span<const effect::Entry>);

}  // namespace writ::proof
