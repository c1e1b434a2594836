#include "writ/gate/ambient.h"

#include <sodium.h>

#include <algorithm>

namespace writ::gate {

void Ambient::advance(Nanoseconds n) {
  if (n > Nanoseconds::zero() && n < Nanoseconds::max() - elapsed_) elapsed_ += n;
}

void Ambient::fill_random(std::span<std::byte> out) {
  constexpr std::size_t block = 64;
  constexpr std::array<unsigned char, crypto_stream_chacha20_NONCEBYTES> nonce{};
  const auto* key = reinterpret_cast<const unsigned char*>(seed_.data());
  while (!out.empty()) {
    std::array<unsigned char, block> whole{};
    crypto_stream_chacha20_xor_ic(whole.data(), whole.data(), block, nonce.data(), drawn_ / block, key);
    const std::size_t at = drawn_ % block, n = std::min(out.size(), block - at);
    std::transform(whole.begin() + static_cast<std::ptrdiff_t>(at), whole.begin() + static_cast<std::ptrdiff_t>(at + n), out.begin(),
                   [](unsigned char c) { return static_cast<std::byte>(c); });
    drawn_ += n;
    out = out.subspan(n);
  }
}

}  // namespace writ::gate
