#include "writ/gate/memory_token.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "writ/base/assert.h"
#include "writ/wire/digest.h"

namespace writ::gate {
namespace {

constexpr std::size_t fields_size = 48;
constexpr std::uint32_t form = 1, all_rights = 7;

template <class Number>
void put(MemoryToken& out, std::size_t at, Number n) {
  for (std::size_t i = 0; i < sizeof n; ++i) out[at + i] = static_cast<std::byte>(n >> (8 * i));
}
template <class Number>
Number take(BytesView in, std::size_t at) {
  Number n = 0;
  for (std::size_t i = 0; i < sizeof n; ++i) n |= std::to_integer<Number>(in[at + i]) << (8 * i);
  return n;
}

Error not_ours() { return {Code::denied, "not a token of this store, or one that has ended", "memory token", "ask its owner for another"}; }

Result<std::size_t> place(const Region& r, RegionRight right, std::uint64_t object, std::uint64_t offset, std::uint64_t length) {
  if (!r.has(right))
    return Error{Code::denied, right == RegionRight::read ? "the token does not allow reading" : "the token does not allow writing",
                 "memory token", {}};
  if (offset > r.size || length > r.size - offset)
    return invalid(fmt::format("{} bytes at {} do not lie in a region of {}", length, offset, r.size), "memory token", "nothing is shortened");
  if (r.base > object || r.size > object - r.base)
    return invalid(fmt::format("the object has {} bytes now, and the region ends at {}", object, r.base + r.size), "memory token");
  return static_cast<std::size_t>(r.base + offset);
}

}  // namespace

RegionObject region_object(std::string_view path) {
  const auto whole = digest(as_bytes(path)).sha256;
  RegionObject out;
  std::copy_n(whole.view().begin(), out.size(), out.begin());
  return out;
}

Result<void> Region::read(std::span<const std::byte> object_bytes, std::uint64_t offset, std::span<std::byte> out) const {
  WRIT_TRY(const auto at, place(*this, RegionRight::read, object_bytes.size(), offset, out.size()));
  std::copy_n(object_bytes.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
  return {};
}

Result<void> Region::write(std::span<std::byte> object_bytes, std::uint64_t offset, std::span<const std::byte> bytes) const {
  WRIT_TRY(const auto at, place(*this, RegionRight::write, object_bytes.size(), offset, bytes.size()));
  std::ranges::copy(bytes, object_bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return {};
}

MemorySeal::MemorySeal(std::span<const std::byte, 32> seed, std::string_view identity) {
  WRIT_ASSERT(::sodium_init() >= 0);
  const std::string what = "writ memory token/1 " + std::string(identity);
  ::crypto_generichash(key_.data(), key_.size(), reinterpret_cast<const unsigned char*>(what.data()), what.size(),
                       reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
}

MemorySeal::~MemorySeal() { ::sodium_memzero(key_.data(), key_.size()); }

std::array<std::byte, 16> MemorySeal::mac(std::span<const std::byte, 48> fields) const {
  std::array<std::byte, 16> out;
  ::crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(), reinterpret_cast<const unsigned char*>(fields.data()),
                       fields.size(), key_.data(), key_.size());
  return out;
}

Result<MemoryToken> MemorySeal::seal(const Region& r) const {
  std::uint64_t end = 0;
  if (r.size == 0 || __builtin_add_overflow(r.base, r.size, &end)) return invalid("a region has a beginning and a size", "memory token");
  if (r.rights == 0 || (r.rights & ~all_rights) != 0) return invalid("a region is for reading, writing or executing", "memory token");
  MemoryToken token{};
  std::ranges::copy(r.object, token.begin());
  put(token, 16, r.base);
  put(token, 24, r.size);
  put(token, 32, r.epoch);
  put(token, 40, r.rights);
  put(token, 44, form);
  std::ranges::copy(mac(std::span(token).first<fields_size>()), token.begin() + fields_size);
  return token;
}

Result<Region> MemorySeal::open(BytesView token, const RegionObject& object, std::uint64_t epoch) const {
  if (token.size() != memory_token_size) return not_ours();  // its length is no secret
  const auto right = mac(token.first<fields_size>());
  const bool sealed = ::sodium_memcmp(right.data(), token.data() + fields_size, right.size()) == 0;
  Region r;
  std::copy_n(token.begin(), r.object.size(), r.object.begin());
  r.base = take<std::uint64_t>(token, 16);
  r.size = take<std::uint64_t>(token, 24);
  r.epoch = take<std::uint64_t>(token, 32);
  r.rights = take<std::uint32_t>(token, 40);
  const bool known = ::sodium_memcmp(r.object.data(), object.data(), object.size()) == 0;
  const bool current = r.epoch == epoch && take<std::uint32_t>(token, 44) == form;
  if (!(static_cast<unsigned>(sealed) & static_cast<unsigned>(known) & static_cast<unsigned>(current))) return not_ours();
  return r;
}

}  // namespace writ::gate
