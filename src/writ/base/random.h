// Secure random bytes from the kernel (getrandom(2)). Never fails once the system is up: a failure is a bug and aborts.
#pragma once

#include <cstddef>
#include <span>

namespace writ {
void fill_random(std::span<std::byte> out);
}
