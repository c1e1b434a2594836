#include "exit_status.h"

namespace writ::cli {

int exit_status(Code code) {
  switch (code) {
    case Code::invalid:
      return exit_bad_input;
    case Code::denied:
      return exit_denied;
    case Code::exhausted:
      return exit_not_available;
    case Code::conflict:
      return exit_conflict;
    case Code::corrupt:
      return exit_bad_input;
    case Code::unavailable:
      return exit_not_available;
    case Code::poisoned:
      return exit_not_available;
    case Code::unsupported:
      return exit_not_available;
  }
  std::unreachable();
}

}  // namespace writ::cli
