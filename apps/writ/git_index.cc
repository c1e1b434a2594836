#include "git_index.h"

#include <sys/stat.h>

#include <cstdint>

#include "writ/base/file.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_index = 512 * MiB;  // a work tree of millions of files stays below
constexpr std::size_t fixed_part = 62;          // stat data, SHA-1 and flags of an entry
constexpr std::size_t trailer = 20;             // SHA-1 of the whole
constexpr std::size_t longest_name = 4096;      // PATH_MAX: nothing longer can be checked out

struct Cursor {
  std::string_view bytes;
  std::size_t at = 0;

  Result<std::string_view> take(std::size_t n) {
    if (n > bytes.size() - at) return invalid("the index of git ends in the middle of an entry");
    at += n;
    return bytes.substr(at - n, n);
  }
};

std::uint32_t big_endian(std::string_view b) {
  std::uint32_t n = 0;
  for (const char c : b) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

// The variable-length offset of pack files, which format 4 uses for the bytes to drop from the previous name.
Result<std::size_t> take_offset(Cursor& c) {
  std::size_t n = 0;
  for (int i = 0; i < 5; ++i) {
    WRIT_TRY(const auto byte, c.take(1));
    const auto b = static_cast<unsigned char>(byte[0]);
    n = (n << 7) + (b & 0x7f);
    if (!(b & 0x80)) return n;
    ++n;
  }
  return invalid("a name in the index of git has an impossible length");
}

Result<std::string> take_name(Cursor& c) {
  const auto end = c.bytes.find('\0', c.at);
  if (end == std::string_view::npos) return invalid("a name in the index of git does not end");
  WRIT_TRY(const auto name, c.take(end - c.at));
  if (name.size() > longest_name) return invalid("a name in the index of git is longer than any path");
  c.at += 1;
  return std::string(name);
}

bool at_or_below(std::string_view name, std::string_view path) {
  return name.starts_with(path) && (name.size() == path.size() || name[path.size()] == '/');
}

// One entry's name, given the name before it.
Result<std::string> take_entry(Cursor& c, std::uint32_t version, const std::string& previous) {
  const std::size_t start = c.at;
  WRIT_TRY(const auto fixed, c.take(fixed_part));
  const bool extended = static_cast<unsigned char>(fixed[60]) & 0x40;
  if (extended) WRIT_CHECK(c.take(2));
  if (version == 4) {
    WRIT_TRY(const std::size_t dropped, take_offset(c));
    if (dropped > previous.size()) return invalid("a name in the index of git drops more than there is");
    WRIT_TRY(const std::string rest, take_name(c));
    if (previous.size() - dropped + rest.size() > longest_name)
      return invalid("a name in the index of git is longer than any path");
    return previous.substr(0, previous.size() - dropped) + rest;
  }
  WRIT_TRY(std::string name, take_name(c));
  const std::size_t length = c.at - 1 - start;
  WRIT_CHECK(c.take((length + 8) / 8 * 8 - (length + 1)));  // one to eight NULs in all, so that entries stay aligned
  return name;
}

// A named pipe in a folder that a stranger packed would be waited for. Without a file, `unavailable`.
Result<std::string> read_plain_file(const std::string& path, ByteCount limit) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) return invalid("not a file", path);
  return read_file(path, limit);
}

std::string folder_above(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The folder that holds the index: `.git` itself, or where the file `.git` of a linked work tree points.
Result<std::string> git_folder(const std::string& dot_git, const std::string& top) {
  struct stat found {};
  if (::stat(dot_git.c_str(), &found) != 0) return std::string();
  if (S_ISDIR(found.st_mode)) return dot_git;
  WRIT_TRY(std::string text, read_plain_file(dot_git, 64 * KiB));
  if (!text.starts_with("gitdir: ")) return invalid("not a link to a repository", dot_git);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  text.erase(0, 8);
  return text.starts_with('/') ? text : top + "/" + text;
}

}  // namespace

Result<bool> index_names(std::string_view index, std::string_view path) {
  if (index.size() < 12 + trailer || !index.starts_with("DIRC")) return invalid("not an index of git");
  const std::uint32_t version = big_endian(index.substr(4, 4)), count = big_endian(index.substr(8, 4));
  if (version < 2 || version > 4) return invalid("an index of git in an unknown format");
  Cursor c{index.substr(0, index.size() - trailer), 12};
  std::string name;
  for (std::uint32_t i = 0; i < count; ++i) {
    WRIT_TRY(name, take_entry(c, version, name));
    if (at_or_below(name, path)) return true;
    // A sparse index names a folder with a '/' at its end in place of what lies below.
    if (name.ends_with('/') && path.starts_with(name)) return true;
  }
  while (c.bytes.size() - c.at >= 8) {  // extensions: a split index keeps its entries in another file
    WRIT_TRY(const auto head, c.take(8));
    if (head.starts_with("link")) return invalid("an index of git that is split over two files");
    WRIT_CHECK(c.take(big_endian(head.substr(4))));
  }
  return false;
}

Result<bool> tracked_by_git(const std::string& absolute_path) {
  for (std::string top = folder_above(absolute_path);; top = folder_above(top)) {
    const std::string base = top == "/" ? "" : top;
    WRIT_TRY(const std::string folder, git_folder(base + "/.git", top));
    if (!folder.empty()) {
      auto index = read_plain_file(folder + "/index", largest_index);
      if (index) return index_names(*index, absolute_path.substr(base.size() + 1));
      if (index.error().code != Code::unavailable) return std::move(index).error();  // no index: nothing is tracked
    }
    if (top == "/") return false;
  }
}

}  // namespace writ::cli
