#include "writ/actor/host_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "writ/base/quantity.h"
#include "writ/wire/digest.h"

namespace writ::actor {
namespace {

constexpr std::size_t piece = 256 * 1024;  // read at once for the digest: beyond this the system call costs nothing

Result<std::size_t> read_piece(const Fd& fd, std::uint64_t offset, std::span<std::byte> out, const std::string& path) {
  for (;;) {
    const ssize_t n = ::pread(fd.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return host_error(errno, "cannot read", path);
  }
}

}  // namespace

Result<std::unique_ptr<HostFile>> HostFile::make(Fd fd, Place place, ByteCount largest, const Stop& stop) {
  std::unique_ptr<HostFile> file(new HostFile(std::move(fd), std::move(place)));
  WRIT_CHECK(file->take_digest(largest, stop));
  return file;
}

Result<void> HostFile::check_unchanged() const {
  WRIT_TRY(const auto now, metadata_of(fd_, place_.granted));
  const auto& then = metadata_;
  if (now.device == then.device && now.inode == then.inode && now.size == then.size && now.modified == then.modified &&
      now.changed == then.changed)
    return {};
  return Error{Code::conflict, "the file was changed while it was open", place_.granted, "try again"};
}

Result<void> HostFile::take_digest(ByteCount largest, const Stop& stop) {
  WRIT_TRY(metadata_, metadata_of(fd_, place_.granted));
  if (metadata_.size > largest.value())
    return Error{Code::exhausted, "the file is larger than " + format_size(largest), place_.granted, {}};
  Sha256Stream digest;
  std::string start;  // as much as may have to be kept
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(metadata_.size + 1, 4096, piece));
  std::uint64_t total = 0;
  for (;;) {
    if (stop && stop()) return Error{Code::unavailable, "the task is to end while the file is opened", place_.granted, {}};
    WRIT_TRY(const auto n, read_piece(fd_, total, buffer, place_.granted));
    if (n == 0) break;
    const auto part = std::span(buffer).first(n);
    digest.update(part);
    total += n;
    if (total <= max_unsized_content.value()) start += as_text(part);
    if (total > metadata_.size && total > max_unsized_content.value()) {
      WRIT_CHECK(check_unchanged());
      return Error{Code::unsupported, "the file holds more than it says", place_.granted, {}};
    }
  }
  WRIT_CHECK(check_unchanged());
  if (total != metadata_.size) {
    if (total > max_unsized_content.value())
      return Error{Code::unsupported, "the file holds less than it says", place_.granted, {}};
    metadata_.size = total;
    content_ = std::move(start);
  }
  digest_ = digest.finish().hex();
  return {};
}

Result<std::size_t> HostFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= metadata_.size) return 0u;
  out = out.first(std::min<std::uint64_t>(out.size(), metadata_.size - offset));
  if (content_) {
    std::memcpy(out.data(), content_->data() + offset, out.size());
    return out.size();
  }
  const bool in_order = std::exchange(next_, offset + out.size()) == offset;
  if (!in_order || out.size() >= read_ahead.value()) return read_from_disk(offset, out);
  if (offset < ahead_at_ || offset + out.size() > ahead_at_ + ahead_.size()) {
    ahead_.resize(std::min(read_ahead.value(), metadata_.size - offset));
    ahead_at_ = offset;
    const auto n = read_from_disk(offset, ahead_);
    ahead_.resize(n ? *n : 0);
    if (!n) return n.error();
    if (ahead_.size() < out.size())
      return Error{Code::conflict, "the file was changed while it was open", place_.granted, "try again"};
  }
  std::memcpy(out.data(), ahead_.data() + (offset - ahead_at_), out.size());
  return out.size();
}

Result<std::size_t> HostFile::read_from_disk(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    WRIT_TRY(const auto n, read_piece(fd_, offset + done, out.subspan(done), place_.granted));
    if (n == 0) break;
    done += n;
  }
  WRIT_CHECK(check_unchanged());  // after the read, so that no change can fall between
  return done;
}

}  // namespace writ::actor
