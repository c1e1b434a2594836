// A receipt as it is kept: what can be made again is not stored, and what many receipts share is stored once.
//
// Kept are the two manifests, as shapes and values (part.h) in shorthand, the leaf's index, who signed, and the signatures
// that nothing else holds. The statement follows from the manifests, the inclusion proof and the checkpoint's text from
// the log, the key ids from the key. rebuild() puts them together again, and the signatures make it exact: a byte that
// came out differently would not verify, and `writ audit` rebuilds and verifies every one.
//
// Format: docs/formats/store.md.   Threads: those of the View or Transaction.
#pragma once

#include <optional>
#include <string>

#include "writ/base/id.h"
#include "writ/proof/verify/receipt.h"
#include "writ/store/store.h"

namespace writ::proof {

// The public keys that have signed in this log: id of the key -> vkey. A key that signs no more stays.
inline constexpr std::string_view log_key_table = "log.key";
// Checkpoints that cover a batch: size, big-endian -> id of the key, signature.
inline constexpr std::string_view log_checkpoint_table = "log.checkpoint";

// The signatures of a receipt that was signed by itself, with a checkpoint of its own.
struct OwnSignatures {
  Signature statement, checkpoint;
  friend bool operator==(const OwnSignatures&, const OwnSignatures&) = default;
};

struct KeptReceipt {
  std::string input_text, output_text;
  std::uint64_t index = 0;              // of its leaf
  NoteKeyId key{};                      // who signed
  std::optional<OwnSignatures> own;     // none: the checkpoint of its batch is all
  friend bool operator==(const KeptReceipt&, const KeptReceipt&) = default;
};

// A key that has signed in this log; `corrupt` if it is not known.
Result<VerifierKey> find_signer(const store::View&, const NoteKeyId&);

// Appends the kept form to `out`.
Result<void> keep(store::Transaction&, const TaskId&, const KeptReceipt&, Bytes& out);
// Takes it from the front of `in`.
Result<KeptReceipt> take_kept(const store::View&, const TaskId&, BytesView& in);
// The receipt, byte for byte as it was issued. `unavailable` while the checkpoint of its batch is not signed yet.
Result<std::string> rebuild(const store::View&, const KeptReceipt&);

}  // namespace writ::proof
