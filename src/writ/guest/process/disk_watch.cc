#include "writ/guest/process/disk_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "writ/base/fd.h"

namespace writ::guest::process {
namespace {

constexpr std::uint64_t block = 512, least = 4096;  // st_blocks; what a name takes at least
constexpr int deepest = 128;                        // a descriptor each
constexpr Nanoseconds first_wait = std::chrono::milliseconds(100), longest_wait = std::chrono::seconds(5);
constexpr int share = 20;                           // of the time that may go into looking, and of a disk that has to be left
constexpr ByteCount most_left = GiB;

struct CloseFolder {
  void operator()(DIR* d) const { ::closedir(d); }
};

// What lies below a folder, up to a bit more than `enough`. What cannot be looked at counts as nothing.
std::uint64_t used(Fd folder, std::uint64_t enough, int depth = 0) {
  std::uint64_t sum = 0;
  const int number = folder.get();
  const std::unique_ptr<DIR, CloseFolder> list(::fdopendir(number));
  if (!list) return 0;
  (void)folder.release();  // the DIR's now
  for (const auto* e = ::readdir(list.get()); e != nullptr && sum <= enough; e = ::readdir(list.get())) {
    const std::string_view name = e->d_name;
    struct stat s{};
    if (name == "." || name == ".." || ::fstatat(number, e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto blocks = static_cast<std::uint64_t>(s.st_blocks) * block;
    sum += S_ISDIR(s.st_mode) || s.st_nlink < 2 ? std::max(least, blocks) : blocks / s.st_nlink;  // names of one file share it
    if (!S_ISDIR(s.st_mode) || depth == deepest) continue;
    Fd below(::openat(number, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (below) sum += used(std::move(below), enough - std::min(enough, sum), depth + 1);
  }
  return sum;
}

std::uint64_t used(const std::string& path, std::uint64_t enough) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder ? used(std::move(folder), enough) : 0;
}

struct Disk {
  std::uint64_t all, left;
};
std::optional<Disk> disk_of(const std::string& path) {
  struct statvfs s{};
  if (::statvfs(path.c_str(), &s) != 0) return std::nullopt;
  return Disk{s.f_blocks * s.f_frsize, s.f_bavail * s.f_frsize};
}

}  // namespace

DiskWatch::DiskWatch(std::vector<std::string> folders, ByteCount most) : DiskWatch(std::move(folders), most, ByteCount()) {}

DiskWatch::DiskWatch(std::vector<std::string> folders, ByteCount most, ByteCount nearly_full) : most_(most), wait_(first_wait) {
  for (auto& path : folders) {
    Folder f{std::move(path)};
    f.at_start = used(f.path, UINT64_MAX);
    if (const auto disk = disk_of(f.path)) {
      const auto floor = nearly_full == ByteCount() ? std::min(most_left.value(), disk->all / share) : nearly_full.value();
      if (disk->left > floor) f.left = floor;
    }
    folders_.push_back(std::move(f));
  }
}

DiskWatch::Over DiskWatch::look() {
  const auto begun = system_clock().monotonic();
  std::uint64_t sum = 0;
  for (const auto& f : folders_) {
    const auto now = used(f.path, f.at_start + most_.value());
    sum += now - std::min(now, f.at_start);
    if (const auto disk = disk_of(f.path); disk && disk->left < f.left) return Over::full;
  }
  wait_ = std::clamp((system_clock().monotonic() - begun) * share, first_wait, longest_wait);
  return sum > most_.value() ? Over::limit : Over::no;
}

}  // namespace writ::guest::process
