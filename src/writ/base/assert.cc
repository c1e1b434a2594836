#include "writ/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace writ {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "writ: bug: %s is false at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace writ
