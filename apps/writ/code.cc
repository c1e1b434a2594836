#include "code.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "writ/base/fd.h"
#include "writ/base/units.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_code = 256 * MiB;

Status cannot_open(int number, const std::string& name) {
  const Error e = system_error(number, "cannot open the code", name);
  return {e, number == ENOENT || number == ENOTDIR ? exit_not_found : exit_not_executable};
}

Result<void> read_whole(int fd, const std::string& name, Bytes& out) {
  std::array<std::byte, 64 * 1024> piece;
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read the code", name);
    if (n == 0) return {};
    if (out.size() + static_cast<std::size_t>(n) > largest_code.value())
      return invalid("the code is larger than 256MiB", name, "split it");
    out.insert(out.end(), piece.begin(), piece.begin() + n);
  }
}

}  // namespace

Status read_code(const std::string& name, Bytes& out) {
  if (name == "-") {
    const auto read = read_whole(STDIN_FILENO, "standard input", out);
    return read ? Status(exit_holds) : Status(read.error(), exit_bad_input);
  }
  const Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot_open(errno, name);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return cannot_open(errno, name);
  if (S_ISDIR(found.st_mode)) return cannot_open(EISDIR, name);
  if (const auto read = read_whole(file.get(), name, out); !read) return {read.error(), exit_bad_input};
  return exit_holds;
}

Status check_module(const std::string& name, const Bytes& code) {
  const std::string_view text = as_text(code);
  if (text.starts_with(std::string_view("\0asm", 4))) return exit_holds;
  if (text.empty()) return {invalid("the code is empty", name, "a WebAssembly module (.wasm), a script or an executable"), exit_bad_input};
  return {invalid("this is not a WebAssembly module: it does not begin with \\0asm", name,
                  name.ends_with(".wat") ? "wat2wasm makes one from text" : "a module in binary form (.wasm)"),
          exit_bad_input};
}

}  // namespace writ::cli
