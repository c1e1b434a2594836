// Sigstore bundles (v0.3): a receipt's signed statement in the envelope that Sigstore's tools read. The key is the
// verifier's to bring, as it is for us; the bundle's hint is its id. The place in our log is not in it: what they know of
// logs is their own.
#pragma once

#include <string>
#include <string_view>

#include "writ/base/result.h"

namespace writ::cli {

// One line of JSON. `unsupported` for a receipt of a batch, whose statement has no signature of its own.
Result<std::string> sigstore_bundle(std::string_view receipt);

}  // namespace writ::cli
