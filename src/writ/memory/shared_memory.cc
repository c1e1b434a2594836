#include "writ/memory/shared_memory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "writ/base/fd.h"

namespace writ::memory {

Result<SharedMemory> SharedMemory::open(const std::string& path, ByteCount size) {
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_error(errno, "the shared memory of the store cannot be opened", path);
  while (::flock(file.get(), LOCK_EX) != 0)  // only one makes it
    if (errno != EINTR) return system_error(errno, "the shared memory of the store cannot be locked", path);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return system_error(errno, "the shared memory of the store cannot be read", path);
  const auto length = static_cast<off_t>(size.value());
  if (!S_ISREG(found.st_mode) || (found.st_size != 0 && found.st_size != length))
    return Error{Code::corrupt, "the shared memory of the store has another size", path, "move it away; it is made anew"};
  if (found.st_size == 0) {
    if (const int number = ::posix_fallocate(file.get(), 0, length); number != 0) {
      static_cast<void>(::ftruncate(file.get(), 0));
      return system_error(number, "there is no room for the shared memory of the store", path);
    }
  }
  static_cast<void>(::flock(file.get(), LOCK_UN));  // a mapping would hold it
  void* at = ::mmap(nullptr, size.value(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) return system_error(errno, "the shared memory of the store cannot be mapped", path);
  return SharedMemory({static_cast<std::byte*>(at), size.value()});
}

Result<void> SharedMemory::sync() const {
  if (::msync(bytes_.data(), bytes_.size(), MS_SYNC) != 0) return system_error(errno, "the shared memory of the store cannot be written", {});
  return {};
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace writ::memory
