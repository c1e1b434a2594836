// start_thread: a thread, or the error that the machine gives no further one. std::thread throws then, and exceptions do not
// cross rooms.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "writ/base/result.h"

namespace writ {

template <class Work>
Result<std::thread> start_thread(Work&& work) {
  try {
    return std::thread(std::forward<Work>(work));
  } catch (const std::system_error& e) {
    return system_error(e.code().value(), "no further thread can be started", {});
  }
}

}  // namespace writ
