#include "writ/wire/sign.h"

#include <sodium.h>

#include <cerrno>

#include "writ/base/assert.h"

namespace writ {
namespace {

static_assert(crypto_sign_SEEDBYTES == SigningKey::seed_size);
static_assert(crypto_sign_PUBLICKEYBYTES == sizeof(PublicKey));
static_assert(crypto_sign_BYTES == sizeof(Signature));

// Chooses the implementations for this processor; must come before the first use of the library.
void start_library() {
  static const bool started = sodium_init() >= 0;
  WRIT_ASSERT(started);
}

unsigned char* raw(std::byte* p) { return reinterpret_cast<unsigned char*>(p); }
const unsigned char* raw(const std::byte* p) { return reinterpret_cast<const unsigned char*>(p); }

}  // namespace

void SigningKey::Wipe::operator()(std::byte* p) const { sodium_free(p); }

Result<SigningKey::Secret> SigningKey::locked_memory(std::size_t size) {
  start_library();
  Secret memory(static_cast<std::byte*>(sodium_malloc(size)));
  if (!memory) {
    return Error{Code::exhausted, "no memory for a signing key", "sodium_malloc", "raise the limit of locked memory"};
  }
  return memory;
}

Result<SigningKey> SigningKey::generate() {
  WRIT_TRY(Secret secret, locked_memory(secret_size));
  PublicKey key;
  WRIT_ASSERT(crypto_sign_keypair(raw(key.bytes.data()), raw(secret.get())) == 0);
  return SigningKey(std::move(secret), key);
}

Result<SigningKey> SigningKey::from_seed(std::span<const std::byte, seed_size> seed) {
  WRIT_TRY(Secret secret, locked_memory(secret_size));
  PublicKey key;
  WRIT_ASSERT(crypto_sign_seed_keypair(raw(key.bytes.data()), raw(secret.get()), raw(seed.data())) == 0);
  return SigningKey(std::move(secret), key);
}

Signature SigningKey::sign(BytesView message) const {
  WRIT_ASSERT(secret_ != nullptr);
  Signature out;
  WRIT_ASSERT(crypto_sign_detached(raw(out.bytes.data()), nullptr, raw(message.data()), message.size(),
                                   raw(secret_.get())) == 0);
  return out;
}

std::span<const std::byte, SigningKey::seed_size> SigningKey::seed() const {
  WRIT_ASSERT(secret_ != nullptr);
  return std::span<const std::byte, seed_size>(secret_.get(), seed_size);
}

bool verify(const PublicKey& key, BytesView message, const Signature& signature) {
  start_library();
  // The library refuses small-order A and R, non-canonical A and S; it compares R by its bytes with the canonical
  // encoding, which refuses a non-canonical R. tests/conformance/wire holds it to that.
  return crypto_sign_verify_detached(raw(signature.bytes.data()), raw(message.data()), message.size(),
                                     raw(key.bytes.data())) == 0;
}

}  // namespace writ
