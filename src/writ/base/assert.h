// WRIT_ASSERT: a bug of ours, or a caller's breach of contract. Stays on in release; prints one line and aborts.
#pragma once

namespace writ {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define WRIT_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::writ::assertion_failed(#condition, __FILE__, __LINE__))
