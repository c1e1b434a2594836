#include "writ/base/result.h"

#include <cerrno>
#include <cstring>

namespace writ {

std::string_view name(Code c) {
  switch (c) {
    case Code::invalid: return "invalid";
    case Code::denied: return "denied";
    case Code::exhausted: return "exhausted";
    case Code::conflict: return "conflict";
    case Code::corrupt: return "corrupt";
    case Code::unavailable: return "unavailable";
    case Code::poisoned: return "poisoned";
    case Code::unsupported: return "unsupported";
  }
  std::unreachable();
}

std::string Error::text() const {
  std::string s = what;
  if (!where.empty()) s += " (" + where + ")";
  if (!hint.empty()) s += "; " + hint;
  return s;
}

namespace {
Code code_of(int number) {
  switch (number) {
    case EACCES: case EPERM: case EROFS: return Code::denied;
    case ENOSPC: case EDQUOT: case ENOMEM: case EMFILE: case ENFILE: case EFBIG: return Code::exhausted;
    case EINVAL: case ENAMETOOLONG: case ENOTDIR: case EISDIR: case EEXIST: case ELOOP: return Code::invalid;
    case ENOSYS: case EOPNOTSUPP: return Code::unsupported;
    case EIO: return Code::corrupt;
    default: return Code::unavailable;
  }
}
}  // namespace

Error system_error(int number, std::string_view what, std::string_view where) {
  char buffer[128];
  return {code_of(number), std::string(what) + ": " + strerror_r(number, buffer, sizeof buffer), std::string(where), {}, number};
}

}  // namespace writ
