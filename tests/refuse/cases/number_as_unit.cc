// refused: could not convert|cannot convert
// A bare number has no unit.
#include "writ/base/units.h"

void limit(writ::ByteCount bytes);

void use() {
#ifdef REFUSED
  limit(4096);
#else
  limit(writ::ByteCount(4096));
#endif
}
