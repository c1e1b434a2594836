// SharedMemory: a file that the processes of one store map, so that a word that one of them changes is seen by the others
// at once. What lies in it survives every process, also one that is killed; a power cut may take it back to an older
// state, so it never holds the only copy of anything.
//
// The file is this user's alone (0600), has its full size on the disk from the start (a full disk fails here and not at
// a later store), and lies in host memory: no guest reaches it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "writ/base/result.h"
#include "writ/base/units.h"

namespace writ::memory {

class SharedMemory {
 public:
  // Makes the file, zero-filled, if it is not there. `corrupt` if it is not a file of this size.
  static Result<SharedMemory> open(const std::string& path, ByteCount size);
  SharedMemory(SharedMemory&& o) noexcept : bytes_(std::exchange(o.bytes_, {})) {}
  SharedMemory& operator=(SharedMemory&&) = delete;
  ~SharedMemory();

  std::span<std::byte> bytes() const { return bytes_; }  // begins at a page
  Result<void> sync() const;  // what was written is on the disk; waits for it

 private:
  explicit SharedMemory(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace writ::memory
