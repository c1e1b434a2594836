// What a log hands out: a checkpoint (C2SP tlog-checkpoint), the signed size and root of its tree, and a proof that one
// leaf lies in that tree (C2SP tlog-proof@v1), which needs no store to be checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "writ/proof/merkle/check.h"
#include "writ/proof/verify/note.h"

namespace writ::proof {

// ORIGIN \n SIZE \n BASE64(ROOT) \n, the text of a note. Extension lines are refused: nobody audits them.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  merkle::Hash root;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
Result<Checkpoint> parse_checkpoint(std::string_view note_text);
std::string format_checkpoint(const Checkpoint&);
// The signed note of it: this signature, over format_checkpoint(), by this key.
std::string sign_with(const Checkpoint&, const VerifierKey&, const Signature&);

struct LogProof {
  std::optional<Bytes> extra;  // authenticated by nothing
  std::uint64_t index = 0;
  merkle::Path path;
  std::string checkpoint;      // the whole signed note
  friend bool operator==(const LogProof&, const LogProof&) = default;
};
inline constexpr std::size_t max_path = 63;  // a tree of 2^63 leaves

Result<LogProof> parse_log_proof(std::string_view);
std::string format_log_proof(const LogProof&);

}  // namespace writ::proof
