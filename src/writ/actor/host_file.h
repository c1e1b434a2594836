// HostFile: an open regular file of the host whose content is known by its digest.
//
// The digest is of the content at the time of opening, and reads are of that content: if the file is changed while it is
// open (inode, size, modification or change time), they fail with `conflict`. Who reads in order and in small pieces is
// answered from what was read ahead, which is that content too, and looks at the file once in `read_ahead`. Files whose
// size is not what they hold, as in /proc and /sys, are kept in memory as they were read. A change within one tick of the
// kernel's clock (up to 10 ms before Linux 6.13) that keeps the size, and a write through a shared mapping, can go unseen.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/actor/beneath.h"
#include "writ/base/units.h"

namespace writ::actor {

// Whether the task is to end. Asked once in a quarter of a megabyte while a file is digested.
using Stop = std::function<bool()>;

inline constexpr ByteCount read_ahead = 32 * KiB;  // for each open file; beyond this two system calls weigh little
inline constexpr ByteCount max_unsized_content = MiB;  // of a file in /proc and the like, which is kept in memory

class HostFile final : public effect::File {
 public:
  // A regular file opened for reading; its offset is not used. `exhausted` if it is larger than `largest`, `unavailable` if
  // it was stopped.
  static Result<std::unique_ptr<HostFile>> make(Fd fd, Place place, ByteCount largest, const Stop& stop);

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
  effect::Metadata metadata() const override { return metadata_; }
  const std::string& real_path() const override { return place_.granted; }
  const std::string& host_path() const override { return place_.host; }
  const std::string& digest() const override { return digest_; }

 private:
  HostFile(Fd fd, Place place) : fd_(std::move(fd)), place_(std::move(place)) {}
  Result<void> take_digest(ByteCount largest, const Stop& stop);
  Result<void> check_unchanged() const;
  Result<std::size_t> read_from_disk(std::uint64_t offset, std::span<std::byte> out) const;

  Fd fd_;
  Place place_;
  effect::Metadata metadata_;
  std::string digest_;
  std::optional<std::string> content_;  // of a file that does not know its size
  std::vector<std::byte> ahead_;        // what lies at ahead_at_, read while it was unchanged
  std::uint64_t ahead_at_ = 0;
  std::uint64_t next_ = 0;              // where a reader in order goes on
};

}  // namespace writ::actor
