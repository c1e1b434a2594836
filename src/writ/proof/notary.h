// Notary: signs what a task did, and logs that it signed. The one writer of a store's log.
//
// issue() runs inside the store transaction that settles the task: it makes the statement about the two manifests, signs
// it (DSSE), appends its digest to the log, signs the new checkpoint, keeps it, and returns the receipt. If anything
// fails, the transaction fails: no receipt, no commit.
//
// Threads: any; the key is only read.   Formats: docs/formats/receipt.md, docs/formats/log.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "writ/effect/journal.h"
#include "writ/proof/log.h"
#include "writ/proof/verify/receipt.h"
#include "writ/store/store.h"
#include "writ/wire/sign.h"

namespace writ::proof {

struct Issued {
  std::string receipt;  // the canonical text
  Sha256 statement;     // the leaf
  std::uint64_t index = 0, size = 0;
};

class Notary {
 public:
  // `origin` names the log, in its checkpoints and in the verifier key: one for each store.
  Notary(SigningKey key, std::string origin) : key_(std::move(key)), origin_(std::move(origin)) {}

  Result<Issued> issue(store::Transaction&, const InputManifest&, const OutputManifest&) const;
  VerifierKey verifier() const { return {origin_, key_.public_key()}; }

 private:
  SigningKey key_;
  std::string origin_;
};

// The latest signed checkpoint, a signed note; `unavailable` while the log is empty.
Result<std::string> latest_checkpoint(const store::View&);
// A tlog-proof@v1 of one leaf under the latest checkpoint.
Result<std::string> prove_leaf(const store::View&, std::uint64_t index);

// RFC 6962 root over the canonical texts of the journal's entries.
Sha256 effect_root(std::span<const effect::Entry>);

}  // namespace writ::proof
