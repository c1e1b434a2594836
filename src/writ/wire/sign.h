// Ed25519 signatures (RFC 8032) over libsodium, verified strictly: small-order or non-canonical A or R and a
// non-canonical S are refused, so that every strict verifier agrees with ours on every input.
//
// A SigningKey moves only. Its secret lies in memory that is locked, kept out of core dumps, guarded by pages on both
// sides and wiped at the end; it is never copied elsewhere, except by seed(), for the key file.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>

#include "writ/wire/bytes.h"

namespace writ {

struct PublicKey {
  std::array<std::byte, 32> bytes{};
  BytesView view() const { return bytes; }
  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};

struct Signature {
  std::array<std::byte, 64> bytes{};
  BytesView view() const { return bytes; }
  friend auto operator<=>(const Signature&, const Signature&) = default;
};

class SigningKey {
 public:
  static constexpr std::size_t seed_size = 32;

  // `exhausted` if the kernel gives no locked memory (RLIMIT_MEMLOCK).
  static Result<SigningKey> generate();
  static Result<SigningKey> from_seed(std::span<const std::byte, seed_size> seed);

  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;

  const PublicKey& public_key() const { return public_key_; }
  Signature sign(BytesView message) const;
  // The seed, for the key file. It points into the locked memory and lives as long as the key.
  std::span<const std::byte, seed_size> seed() const;

 private:
  static constexpr std::size_t secret_size = 64;  // seed, then public key
  struct Wipe { void operator()(std::byte*) const; };
  using Secret = std::unique_ptr<std::byte[], Wipe>;
  SigningKey(Secret secret, const PublicKey& key) : secret_(std::move(secret)), public_key_(key) {}
  static Result<Secret> locked_memory(std::size_t size);

  Secret secret_;
  PublicKey public_key_;
};

bool verify(const PublicKey&, BytesView message, const Signature&);

}  // namespace writ
