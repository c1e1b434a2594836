// refused: could not convert|cannot convert|no matching function
// A number does not become an owned descriptor by itself.
#include "writ/base/fd.h"

void keep(writ::Fd fd);

void use() {
#ifdef REFUSED
  keep(3);
#else
  keep(writ::Fd(3));
#endif
}
