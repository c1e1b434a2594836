// refused: deleted function
// A descriptor has one owner: it moves and is never copied.
#include "writ/base/fd.h"

writ::Fd take(writ::Fd& fd) {
#ifdef REFUSED
  return fd;
#else
  return std::move(fd);
#endif
}
