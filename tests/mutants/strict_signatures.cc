// Without strictness: OpenSSL's Ed25519, which does not look at the order of the key.
#include <openssl/evp.h>

#include "writ/wire/sign.h"

namespace writ {

bool lenient(const PublicKey&, BytesView, const Signature&) asm(WRIT_GUARD);
bool lenient(const PublicKey& key, BytesView message, const Signature& signature) {
  const auto raw = [](const auto& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); };
  EVP_PKEY* const pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key.bytes), key.bytes.size());
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool good = pkey && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, pkey) == 1 &&
                    EVP_DigestVerify(context, raw(signature.bytes), signature.bytes.size(), raw(message), message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pkey);
  return good;
}

}  // namespace writ
