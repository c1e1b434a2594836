#include "writ/base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "writ/base/assert.h"

namespace writ {

void fill_random(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    WRIT_ASSERT(n > 0 || errno == EINTR);
    if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace writ
