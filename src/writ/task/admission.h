// Admission: what a task is told becomes what it may do and what its receipt will say that it was given.
#pragma once

#include <array>
#include <vector>

#include "writ/proof/verify/manifest.h"
#include "writ/task/spec.h"

namespace writ::task {

struct Admission {
  TaskId id;
  WallTime at;
  std::array<std::byte, 32> seed;
};

// What a receipt says of a value of the environment. Receipts are shown to others and such values are often guessable, so it
// is no plain digest: who holds the task's seed, which the receipt only commits to, can check a value, and nobody else.
DigestPair environment_commitment(const std::array<std::byte, 32>& seed, std::string_view value);

// Refuses a spec that contradicts itself; fresh id, time and seed where the spec gives none.
Result<Admission> admit(const Spec&, const Clock&);

// Who a task is to capabilities that are bound to a holder: "code:" and the SHA-256 of its code.
std::string holder(const DigestPair& code);
DigestPair code_digest(const Spec&, const guest::Image&);
// A capability as the manifest names it; of the ledger, with its handle.
proof::Capability capability(const authority::Grant&, authority::Handle = authority::no_handle);
// What a task that learns may do besides: marked, so that nobody takes it for a grant (grant_of refuses it).
std::vector<proof::Capability> learning();

// Everything that is known before the run. What the run decides (input read, environment seen) is filled in by seal.
proof::InputManifest input_manifest(const Spec&, const DigestPair& code, const Admission&, const guest::Image&, const guest::Engine&);

// The grant that a manifest's capability was made from.
Result<authority::Grant> grant_of(const proof::Capability&);

}  // namespace writ::task
