#include "writ/fence/scan.h"

#include <emmintrin.h>

#include <cstdint>
#include <utility>

namespace writ::fence {
namespace {

// What stands at a 0F byte with at least two bytes behind it.
std::optional<Forbidden> at(const std::uint8_t* begin, const std::uint8_t* p) {
  const std::uint8_t second = p[1], third = p[2];
  if (second == 0x01 && third == 0xef) return Forbidden::wrpkru;
  if (second != 0xae) return std::nullopt;
  const int mode = third >> 6, digit = third >> 3 & 7;
  if (mode != 3) return digit == 5 ? std::optional(Forbidden::xrstor) : std::nullopt;
  if (digit != 2 && digit != 3) return std::nullopt;
  // The F3 prefix may stand before other prefixes, and a REX right before the opcode.
  for (const std::uint8_t* q = p; q > begin && p - q < 14;) {
    --q;
    if (*q == 0xf3) return Forbidden::wrfsgsbase;
    const bool prefix = *q >> 4 == 4 || *q == 0x66 || *q == 0x67 || *q == 0xf2 || *q == 0xf0 || *q == 0x2e ||
                        *q == 0x36 || *q == 0x3e || *q == 0x26 || *q == 0x64 || *q == 0x65;
    if (!prefix) break;
  }
  return std::nullopt;
}

// Calls `found(hit)` for each until it answers false. Sixteen bytes at a time: a 0F followed by 01 or AE is rare.
template <class Found>
void search(std::span<const std::byte> code, Found found) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(code.data());
  const std::size_t n = code.size();
  const auto visit = [&](std::size_t i) {
    const auto what = begin[i] == 0x0f ? at(begin, begin + i) : std::nullopt;
    return !what || found(Hit{i, *what});
  };
  std::size_t i = 0;
  const __m128i escape = _mm_set1_epi8(0x0f), system = _mm_set1_epi8(0x01),
                fence = _mm_set1_epi8(static_cast<char>(0xae));
  for (; i + 18 <= n; i += 16) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + i));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin + i + 1));
    const __m128i candidates = _mm_and_si128(
        _mm_cmpeq_epi8(first, escape), _mm_or_si128(_mm_cmpeq_epi8(second, system), _mm_cmpeq_epi8(second, fence)));
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(candidates)); mask; mask &= mask - 1)
      if (!visit(i + static_cast<std::size_t>(__builtin_ctz(mask)))) return;
  }
  for (; i + 2 < n; ++i)
    if (!visit(i)) return;
}

}  // namespace

std::string_view name(Forbidden f) {
  switch (f) {
    case Forbidden::wrpkru: return "WRPKRU";
    case Forbidden::xrstor: return "XRSTOR";
    case Forbidden::wrfsgsbase: return "WRFSBASE or WRGSBASE";
  }
  std::unreachable();
}

std::vector<Hit> scan(std::span<const std::byte> code) {
  std::vector<Hit> hits;
  search(code, [&](const Hit& h) {
    hits.push_back(h);
    return true;
  });
  return hits;
}

std::optional<Hit> first_forbidden(std::span<const std::byte> code) {
  std::optional<Hit> hit;
  search(code, [&](const Hit& h) {
    hit = h;
    return false;
  });
  return hit;
}

}  // namespace writ::fence
