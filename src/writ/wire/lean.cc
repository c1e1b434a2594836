#include "writ/wire/lean.h"

#include <openssl/crypto.h>

namespace writ {

void start_digests_lean() {
  // If it fails, the first digest starts the library as it usually does.
  (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                            nullptr);
}

}  // namespace writ
