#include "writ/guest/guest.h"

#include <utility>

namespace writ::guest {

std::string_view name(End e) {
  switch (e) {
    case End::completed: return "completed";
    case End::trapped: return "trapped";
    case End::denied: return "denied";
    case End::timed_out: return "timed_out";
    case End::out_of_memory: return "out_of_memory";
    case End::cancelled: return "cancelled";
  }
  std::unreachable();
}

}  // namespace writ::guest
