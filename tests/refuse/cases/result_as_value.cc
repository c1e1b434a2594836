// refused: cannot convert|could not convert
// A Result is not its value: somebody has to look.
#include "writ/base/result.h"

writ::Result<int> number();

int use() {
#ifdef REFUSED
  return number();
#else
  return number().value_or(0);
#endif
}
