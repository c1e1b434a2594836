#include "bundle.h"

#include <nlohmann/json.hpp>

#include "writ/proof/verify/receipt.h"
#include "writ/wire/canonical.h"

namespace writ::cli {

Result<std::string> sigstore_bundle(std::string_view receipt) {
  WRIT_TRY(const proof::Receipt r, proof::parse_receipt(receipt));
  if (r.envelope.signatures.empty())
    return Error{Code::unsupported, "a receipt of a batch has no signature of its own, and a bundle needs one", {},
                 "writ-verify checks it; `writ log prove` proves its place in the log"};
  Json signatures = Json::array();
  for (const auto& s : r.envelope.signatures) signatures.push_back({{"keyid", s.key_id}, {"sig", base64(s.signature.view())}});
  const Json bundle = {
      {"mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json"},
      {"verificationMaterial", {{"publicKey", {{"hint", r.envelope.signatures[0].key_id}}}}},
      {"dsseEnvelope",
       {{"payload", base64(r.envelope.payload)}, {"payloadType", proof::payload_type}, {"signatures", std::move(signatures)}}}};
  return canonical_json(bundle);
}

}  // namespace writ::cli
