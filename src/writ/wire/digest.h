// Digests: SHA-256, which the log, the tree and other people's tools use, and SHA3-256 beside it, which every manifest
// carries too. Two types, so that one is never taken for the other. A digest is a value; all functions are pure and
// may be called from any thread.
#pragma once

#include <openssl/types.h>

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "writ/wire/bytes.h"

namespace writ {

template <class Algorithm>
struct Digest {
  std::array<std::byte, 32> bytes{};

  BytesView view() const { return bytes; }
  std::string hex() const { return ::writ::hex(bytes); }
  static std::optional<Digest> parse(std::string_view hex);  // exactly 64 lower-case hex digits
  static std::optional<Digest> from(BytesView);              // exactly 32 bytes
  friend auto operator<=>(const Digest&, const Digest&) = default;
};
using Sha256 = Digest<struct Sha256Algorithm>;
using Sha3 = Digest<struct Sha3Algorithm>;  // SHA3-256
extern template struct Digest<Sha256Algorithm>;
extern template struct Digest<Sha3Algorithm>;

// The two digests of one content. Written {"sha256": hex, "sha3_256": hex}.
struct DigestPair {
  Sha256 sha256;
  Sha3 sha3_256;
  friend auto operator<=>(const DigestPair&, const DigestPair&) = default;
};

Sha256 sha256(BytesView);
Sha3 sha3_256(BytesView);
DigestPair digest(BytesView);
// The digest of the parts one after the other, without joining them in memory.
Sha256 sha256_of_parts(std::initializer_list<BytesView> parts);

// The digest of content that comes in pieces. finish() may be called once.
template <class D>
class StreamOf {
 public:
  StreamOf();
  StreamOf(StreamOf&&) noexcept;
  StreamOf& operator=(StreamOf&&) noexcept;
  ~StreamOf();
  void update(BytesView);
  D finish();

 private:
  struct Free { void operator()(EVP_MD_CTX*) const; };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};
using Sha256Stream = StreamOf<Sha256>;
extern template class StreamOf<Sha256>;
extern template class StreamOf<Sha3>;

// Both digests of it: four times the work of SHA-256 alone on a CPU that has instructions for that one.
class DigestStream {
 public:
  void update(BytesView bytes) {
    sha256_.update(bytes);
    sha3_.update(bytes);
  }
  DigestPair finish() { return {sha256_.finish(), sha3_.finish()}; }

 private:
  Sha256Stream sha256_;
  StreamOf<Sha3> sha3_;
};

}  // namespace writ
