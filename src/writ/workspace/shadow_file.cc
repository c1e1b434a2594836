#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "writ/wire/digest.h"
#include "writ/workspace/shadow_parts.h"

namespace writ::workspace {
namespace {

constexpr std::size_t piece = 256 * 1024;  // read at once for a digest: beyond this the system call costs nothing
constexpr std::uint64_t largest = 64ull << 30;

}  // namespace

ShadowFile::ShadowFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ShadowFile::~ShadowFile() = default;

Result<std::size_t> ShadowFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  auto& p = *parts_;
  const auto size = p.node->size;
  const auto n = offset >= size ? 0 : std::min<std::uint64_t>(out.size(), size - offset);
  if (n == 0) return 0;
  if (p.node->copy != 0) {
    if (!p.copy) {
      WRIT_TRY(p.copy, p.nodes->open_copy(*p.node));
    }
    return host_files().read(p.copy, offset, out.first(n));
  }
  if (!p.base) {
    WRIT_TRY(p.base, p.nodes->open_base(*p.node));
  }
  WRIT_TRY(const auto got, host_files().read(p.base, offset, out.first(n)));
  struct stat s{};
  const auto& then = p.nodes->seen().find(*p.node->base_path)->second.identity;
  if (::fstat(p.base.get(), &s) != 0 || identity_of(s) != then)
    return Error{Code::conflict, "the file was changed by somebody else while it was open", *p.node->base_path, "try again"};
  return got;
}

Result<void> ShadowFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  auto& p = *parts_;
  if (offset > largest || bytes.size() > largest - offset) return file_error(EFBIG, Code::exhausted, "the file would be too large", "");
  if (!p.copy) {
    WRIT_TRY(p.copy, p.nodes->copy_up(*p.node, Empty::no));
  }
  const auto end = offset + bytes.size();
  if (end > p.node->size) WRIT_CHECK(p.nodes->charge(end - p.node->size));
  auto written = host_files().write(p.copy, offset, bytes);
  struct stat s{};
  if (!written && ::fstat(p.copy.get(), &s) == 0) p.node->size = static_cast<std::uint64_t>(s.st_size);
  WRIT_CHECK(std::move(written));
  p.node->size = std::max(p.node->size, end);
  p.node->modified = p.node->changed = p.nodes->now();
  p.node->set_modified.reset();
  return {};
}

Result<void> ShadowFile::resize(std::uint64_t size) {
  auto& p = *parts_;
  if (size > largest) return file_error(EFBIG, Code::exhausted, "the file would be too large", "");
  if (!p.copy) {
    WRIT_TRY(p.copy, p.nodes->copy_up(*p.node, size == 0 ? Empty::yes : Empty::no));
  }
  if (size > p.node->size) WRIT_CHECK(p.nodes->charge(size - p.node->size));
  if (::ftruncate(p.copy.get(), static_cast<off_t>(size)) != 0) return system_error(errno, "cannot set the size", "");
  if (size < p.node->size) p.nodes->refund(p.node->size - size);
  p.node->size = size;
  p.node->modified = p.node->changed = p.nodes->now();
  p.node->set_modified.reset();
  return {};
}

Result<void> ShadowFile::set_times(Times times) { return set_times_of(*parts_->nodes, *parts_->node, times); }

Status ShadowFile::status() const { return status_of(*parts_->node); }

Result<std::string> ShadowFile::base_digest() {
  auto& p = *parts_;
  if (p.node->copy != 0 || !p.node->base_path || !p.node->digest.empty())
    return p.node->copy != 0 ? std::string() : p.node->digest;
  DigestStream digest;
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(p.node->size, 1, piece));
  for (std::uint64_t at = 0; at < p.node->size;) {
    WRIT_TRY(const auto n, read_at(at, buffer));
    if (n == 0) break;
    digest.update(std::span(buffer).first(n));
    at += n;
  }
  p.node->digest = digest.finish().sha256.hex();
  return p.node->digest;
}

}  // namespace writ::workspace
