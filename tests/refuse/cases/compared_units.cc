// refused: no match for
// A log index is not an object version, though both count from small numbers.
#include "writ/base/units.h"

bool newer(writ::ObjectVersion version, writ::LogIndex index) {
#ifdef REFUSED
  return version < index;
#else
  return version.value() < index.value();
#endif
}
