// refused: ignoring return(ed)? value
// A failure cannot be dropped by accident: Result is nodiscard as a class.
#include "writ/base/result.h"

writ::Result<int> number();

int use() {
#ifdef REFUSED
  number();
#endif
  return number().value_or(0);
}
