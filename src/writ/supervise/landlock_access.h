// The kernel's rights of Landlock by version of its interface. Debian 12's header ends at version 1. Pure and allocation-free.
#pragma once

#include <linux/landlock.h>

#include <cstddef>
#include <cstdint>

namespace writ::supervise::landlock {

struct Attributes {
  std::uint64_t file_system = 0, network = 0, scoped = 0;
};
constexpr std::uint64_t refer = 1ull << 13;          // version 2
constexpr std::uint64_t truncate_file = 1ull << 14;  // version 3
constexpr std::uint64_t device_control = 1ull << 15; // version 5
constexpr std::uint64_t tcp = 3;                     // bind and connect, version 4
constexpr std::uint64_t outside = 3;                 // abstract sockets and signals, version 6

constexpr std::uint64_t listing = LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t version_1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t of_a_file = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                    truncate_file | device_control;
constexpr std::uint64_t making_devices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

constexpr std::uint64_t handled(int abi) {
  return version_1 | (abi >= 2 ? refer : 0) | (abi >= 3 ? truncate_file : 0) | (abi >= 5 ? device_control : 0);
}
constexpr std::uint64_t everything_but_devices(int abi) { return handled(abi) & ~(making_devices | device_control); }
constexpr std::uint64_t using_devices(int abi) {
  return handled(abi) & (reading | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_file | device_control) & ~LANDLOCK_ACCESS_FS_EXECUTE;
}

// Whether TCP is to be refused, or reaches nothing but a network of its own anyway.
enum class Network : std::uint8_t { none, own };
constexpr Attributes attributes(int abi, Network network) {
  return {handled(abi), abi >= 4 && network == Network::none ? tcp : 0, abi >= 6 ? outside : 0};
}
constexpr std::size_t size_of_attributes(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

}  // namespace writ::supervise::landlock
