#include "output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "terminal.h"
#include "writ/base/escape.h"

namespace writ::cli {

namespace {
constexpr std::size_t enough_to_write = 64 * 1024;
}

void Output::write(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() < enough_to_write) return;
  if (failure_ == 0) failure_ = write_all(STDOUT_FILENO, waiting_);
  waiting_.clear();
}

void Output::line(std::string_view text) {
  write(text);
  write("\n");
}

void Output::bytes(std::string_view raw) {
  if (!is_terminal(STDOUT_FILENO)) return write(raw);
  TerminalText safe;
  write(safe.add(raw));
  write(safe.end());
}

void Output::document(const Document& d) {
  // On a terminal everything beyond ASCII is escaped, so that no text of a guest turns the line around.
  // What is not UTF-8 (a damaged store) becomes U+FFFD and is no exception.
  line(d.dump(-1, ' ', is_terminal(STDOUT_FILENO), Document::error_handler_t::replace));
}

void Output::note(std::string_view text) {
  if (!quiet()) write_all(STDERR_FILENO, "writ: " + std::string(text) + "\n");
}

void Output::error(const Error& e) {
  write_all(STDERR_FILENO, "writ: " + escape_for_terminal(e.text()) + "\n");
  if (form_ == Form::text) return;
  document({{"schema", "writ.error/1"},
            {"error",
             {{"code", name(e.code)},
              {"what", json_text(e.what)},
              {"where", json_text(e.where)},
              {"hint", json_text(e.hint)}}}});
}

Result<void> Output::finish() {
  if (failure_ == 0) failure_ = write_all(STDOUT_FILENO, waiting_);
  waiting_.clear();
  if (failure_ != 0) {
    Error e = system_error(failure_, "cannot write the result", "standard output");
    e.code = Code::unavailable;
    return e;
  }
  return {};
}

std::string json_text(std::string_view text) { return is_utf8(text) ? std::string(text) : escape_for_terminal(text); }

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      // The wrong way round on purpose: reading or writing it fails as it would have on the closed one.
      const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
      if (opened != fd && opened >= 0) ::close(opened);
    }
}

}  // namespace writ::cli
