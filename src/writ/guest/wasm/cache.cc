#include "writ/guest/wasm/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/units.h"

namespace writ::guest::wasm {
namespace {

constexpr ByteCount entry_size_max = 1 * GiB;
constexpr std::chrono::seconds recent{60};   // a use is noted once in so long, since noting it is a write
constexpr std::chrono::hours abandoned{1};   // a file being written for longer than this has no writer any more
constexpr ByteCount note_size_max = 16 * KiB;
constexpr std::string_view magic = "writ image 1 ";

// "writ image 1 <key> <digest of the content>\n"
std::string header(const Sha256& key, BytesView content) {
  return fmt::format("{}{} {}\n", magic, key.hex(), sha256(content).hex());
}

Error not_ours(const std::string& folder, std::string why) {
  return {Code::denied, "the cache of images is not safe: " + std::move(why), folder,
          "it holds code that will run; choose a folder of your own (mode 0700)"};
}

// Nobody else may be able to put another folder in its place.
Result<void> check_ancestors(const std::filesystem::path& folder) {
  for (auto at = folder.parent_path(); !at.empty(); at = at.parent_path()) {
    struct stat s {};
    if (::stat(at.c_str(), &s) != 0) return system_error(errno, "cannot look at", at.string());
    if (s.st_uid != 0 && s.st_uid != ::geteuid()) return not_ours(folder, at.string() + " belongs to somebody else");
    if ((s.st_mode & 022) != 0 && (s.st_mode & S_ISVTX) == 0) return not_ours(folder, "others can write to " + at.string());
    if (at == at.root_path()) break;
  }
  return {};
}

std::int64_t seconds_now() { return static_cast<std::int64_t>(system_clock().wall().ns / 1'000'000'000); }

// For the order of their use. If it fails, the order is only worse.
void note_use(int fd, const struct stat& s) {
  const std::int64_t age = seconds_now() - s.st_mtim.tv_sec;
  if (age >= recent.count() || age < 0) (void)::futimens(fd, nullptr);
}

Result<Bytes> read_all(int fd, std::size_t size, const std::string& path) {
  Bytes content(size);
  std::size_t at = 0;
  while (at < size) {
    const ssize_t n = ::read(fd, content.data() + at, size - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read", path);
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  content.resize(at);
  return content;
}

}  // namespace

Result<Cache> Cache::open(std::string folder, ByteCount most) {
  if (!folder.starts_with('/')) return invalid("the cache folder's path must be absolute", folder);
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make the cache folder", folder);
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ELOOP || errno == ENOTDIR)) return not_ours(folder, "it is a symbolic link, or no folder");
  if (!fd) return system_error(errno, "cannot open the cache folder", folder);
  struct stat s {};
  if (::fstat(fd.get(), &s) != 0) return system_error(errno, "cannot look at", folder);
  if (s.st_uid != ::geteuid()) return not_ours(folder, "it belongs to somebody else");
  if ((s.st_mode & 077) != 0) return not_ours(folder, fmt::format("its mode is {:04o}", s.st_mode & 07777));
  WRIT_CHECK(check_ancestors(folder));
  return Cache(std::move(folder), most);
}

Result<std::optional<Bytes>> Cache::find(const Sha256& key) const {
  const std::string file = path(key);
  const Fd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::nullopt;
  const auto distrust = [&]() -> std::optional<Bytes> {
    forget(key);
    return std::nullopt;
  };
  if (!fd && errno == ELOOP) return distrust();
  if (!fd) return system_error(errno, "cannot open", file);
  struct stat s {};
  if (::fstat(fd.get(), &s) != 0) return system_error(errno, "cannot look at", file);
  const auto size = static_cast<std::uint64_t>(s.st_size);
  if (!S_ISREG(s.st_mode) || s.st_uid != ::geteuid() || (s.st_mode & 022) != 0 ||
      size > entry_size_max.value())
    return distrust();
  note_use(fd.get(), s);
  WRIT_TRY(Bytes all, read_all(fd.get(), size, file));
  // Checked and used from one copy: nobody can change it in between.
  const std::size_t head = magic.size() + 64 + 1 + 64 + 1;
  if (all.size() < head) return distrust();
  const BytesView content = BytesView(all).subspan(head);
  if (as_text(BytesView(all).first(head)) != header(key, content)) return distrust();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(head));
  return all;
}

Result<void> Cache::store(const Sha256& key, BytesView content) const {
  std::string all = header(key, content);
  all += as_text(content);
  WRIT_CHECK(replace_file(path(key), all, 0600, Survives::crash));
  make_room(path(key));
  return {};
}

// Down to three quarters, so that not every new image looks through the folder in vain. Another process may do the same at
// the same time: what is gone is gone. Failures leave the cache larger than it should be, which the next one mends.
void Cache::make_room(const std::string& kept) const {
  namespace fs = std::filesystem;
  struct Entry {
    std::int64_t used;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<Entry> images;
  std::uint64_t total = 0;
  const std::int64_t now = seconds_now();
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const fs::path& file = at->path();
    struct stat s {};
    if (::lstat(file.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) continue;
    if (file.extension() == ".new" && now - s.st_mtim.tv_sec > std::chrono::seconds(abandoned).count()) ::unlink(file.c_str());
    if (file.extension() != ".image") continue;
    images.push_back({s.st_mtim.tv_sec, static_cast<std::uint64_t>(s.st_size), file});
    total += images.back().size;
  }
  if (total <= most_.value()) return;
  std::ranges::sort(images, {}, &Entry::used);
  for (const Entry& e : images) {
    if (total <= most_.value() / 4 * 3) return;
    if (e.path == kept) continue;
    if (::unlink(e.path.c_str()) == 0 || errno == ENOENT) total -= e.size;
  }
}

void Cache::forget(const Sha256& key) const {
  std::error_code ignored;  // whatever it is: a file, a link, a folder
  std::filesystem::remove_all(path(key), ignored);
}

std::optional<std::string> Cache::find_note(std::string_view name) const {
  auto text = read_file(folder_ + "/" + std::string(name), note_size_max);
  if (!text) return std::nullopt;
  return std::move(*text);
}

Result<void> Cache::keep_note(std::string_view name, std::string_view text) const {
  return replace_file(folder_ + "/" + std::string(name), text, 0600, Survives::crash);
}

}  // namespace writ::guest::wasm
