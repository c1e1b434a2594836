// HostFile: an open regular file of the host whose content is known by its digest.
//
// The digest is of the content at the time of opening, and reads are of that content: if the file is changed while it is
// open (inode, size, modification or change time), they fail with `conflict`. Files whose size is not what they hold, as
// in /proc and /sys, are kept in memory as they were read. A change within one tick of the kernel's clock (up to 10 ms
// before Linux 6.13) that keeps the size, and a write through a shared mapping, can go unseen.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "writ/actor/beneath.h"
#include "writ/base/units.h"

namespace writ::actor {

inline constexpr ByteCount max_unsized_content = MiB;  // of a file in /proc and the like, which is kept in memory

class HostFile final : public effect::File {
 public:
  // A regular file opened for reading; its offset is not used. `exhausted` if it is larger than `largest`.
  static Result<std::unique_ptr<HostFile>> make(Fd fd, Place place, ByteCount largest);

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
  effect::Metadata metadata() const override { return metadata_; }
  const std::string& real_path() const override { return place_.granted; }
  const std::string& host_path() const override { return place_.host; }
  const std::string& digest() const override { return digest_; }

 private:
  HostFile(Fd fd, Place place) : fd_(std::move(fd)), place_(std::move(place)) {}
  Result<void> take_digest(ByteCount largest);
  Result<void> check_unchanged() const;

  Fd fd_;
  Place place_;
  effect::Metadata metadata_;
  std::string digest_;
  std::optional<std::string> content_;  // of a file that does not know its size
};

}  // namespace writ::actor
