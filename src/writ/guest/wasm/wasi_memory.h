// GuestMemory: a module's linear memory as the host sees it during one call.
//
// Addresses and lengths come from the guest and are tainted. Every access is checked, in 64 bits, against the size that
// the host knows; a record is copied once and then looked at. Nothing here knows about the fence, so the same code runs
// over an arena and over a test's buffer. Valid until the memory grows or the guest goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace writ::guest::wasm::wasi {

class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::byte> all) : all_(all) {}

  std::uint64_t size() const { return all_.size(); }
  bool contains(std::uint32_t address, std::uint64_t length) const {
    return address <= all_.size() && length <= all_.size() - address;
  }
  // Only for ranges that contains() has allowed.
  std::span<std::byte> at(std::uint32_t address, std::uint64_t length) const { return all_.subspan(address, length); }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  std::optional<T> load(std::uint32_t address) const {
    if (!contains(address, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, all_.data() + address, sizeof value);
    return value;
  }
  template <class T>
    requires std::has_unique_object_representations_v<T>  // no hidden padding: nothing of ours travels along
  [[nodiscard]] bool store(std::uint32_t address, const T& value) const {
    if (!contains(address, sizeof(T))) return false;
    std::memcpy(all_.data() + address, &value, sizeof value);
    return true;
  }

 private:
  std::span<std::byte> all_;
};

}  // namespace writ::guest::wasm::wasi
