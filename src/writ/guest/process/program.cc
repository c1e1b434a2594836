#include "writ/guest/process/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "writ/base/clock.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/wire/form.h"

namespace writ::guest::process {
namespace {

constexpr std::size_t piece = 256 * 1024;

// 0, or why it cannot be executed.
int refusal(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno;
  if (!S_ISREG(found.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

Result<std::string> find_program(const std::string& command, std::string_view path, const std::string& folder) {
  if (command.empty()) return invalid("the command has no name", "--", "writ run [OPTIONS] -- COMMAND [ARGS...]");
  if (command.find('\0') != command.npos) return invalid("the command's name holds a zero byte", "--");
  if (command.find('/') != command.npos) {
    auto absolute = (std::filesystem::path(folder) / command).lexically_normal().string();
    if (const int number = refusal(absolute)) return system_error(number, "cannot execute", command);
    return absolute;
  }
  bool there = false;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    auto candidate = std::string(path.substr(0, end)) + "/" + command;
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!candidate.starts_with('/')) continue;  // the working folder is no place for commands
    const int number = refusal(candidate);
    if (number == 0) return candidate;
    if (number == EACCES) there = true;
  }
  if (there) return system_error(EACCES, "cannot execute", command);
  Error e = system_error(ENOENT, "no such command", command);
  e.hint = "the guest's PATH is where commands are looked for; --env PATH gives it yours";
  return e;
}

namespace {

constexpr std::string_view known_schema = "writ.program/1";
constexpr ByteCount max_known{64 * 1024};
constexpr std::int64_t settled_ns = 2'000'000'000;
constexpr mode_t others_write = S_IWGRP | S_IWOTH;

// What is kept of one.
struct Known {
  WallTime changed, modified;
  std::uint64_t device = 0, inode = 0, size = 0;
  DigestPair digest;
  std::string path;
};

template <class F>
void describe(F& form, typename F::template Value<Known>& v) {
  form.object([&] {
    form("changed", v.changed);
    form("device", v.device);
    form("digest", v.digest);
    form("inode", v.inode);
    form("modified", v.modified);
    form("path", v.path);
    form.constant("schema", known_schema);
    form("size", v.size);
  });
}

WallTime time_of(const timespec& t) { return {t.tv_sec * 1'000'000'000 + t.tv_nsec}; }

Known as_it_is(const std::string& path, const struct stat& s) {
  return {time_of(s.st_ctim), time_of(s.st_mtim), s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size), {}, path};
}

bool is_settled(const struct stat& s) {
  return s.st_uid == 0 && (s.st_mode & others_write) == 0 && time_of(s.st_ctim).ns < system_clock().wall().ns - settled_ns;
}

Result<DigestPair> digest_of(const Fd& file, const std::string& path) {
  DigestStream digest;
  const auto buffer = std::make_unique_for_overwrite<std::array<std::byte, piece>>();
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer->data(), buffer->size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read the program", path);
    if (n == 0) return digest.finish();
    digest.update(std::span(*buffer).first(static_cast<std::size_t>(n)));
  }
}

}  // namespace

Result<DigestPair> ProgramDigests::of(const std::string& path) const {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat before{}, after{};
  if (!file || ::fstat(file.get(), &before) != 0) return system_error(errno, "cannot read the program", path);
  if (folder_.empty() || !is_settled(before)) return digest_of(file, path);
  const auto entry = folder_ + "/" + sha256(as_bytes(path)).hex();
  auto now = as_it_is(path, before);
  if (const auto text = read_file(entry, max_known))
    if (const auto known = read_form<Known>(*text)) {
      now.digest = known->digest;
      if (write_form(now) == *text) return known->digest;
    }
  WRIT_TRY(now.digest, digest_of(file, path));
  const bool stayed = ::fstat(file.get(), &after) == 0 && write_form(as_it_is(path, after)) == write_form(as_it_is(path, before));
  if (stayed && (::mkdir(folder_.c_str(), 0700) == 0 || errno == EEXIST))
    (void)!replace_file(entry, write_form(now), 0600, Survives::crash).has_value();  // else the next one takes it again
  return now.digest;
}

}  // namespace writ::guest::process
