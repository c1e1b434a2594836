// Without the seal: pages stay as writable as a change left them.
#include <sys/mman.h>

#include <cstddef>

extern "C" int real(void* at, std::size_t size, int protection) asm(WRIT_GUARDED);
extern "C" int leave_writable(void* at, std::size_t size, int protection) asm(WRIT_GUARD);
extern "C" int leave_writable(void* at, std::size_t size, int protection) {
  return protection == PROT_READ ? 0 : real(at, size, protection);
}
