// refused: ignoring return(ed)? value
// Also where there is nothing to return but success.
#include "writ/base/file.h"

bool save() {
#ifdef REFUSED
  writ::replace_file("a", "b", 0600);
#endif
  return writ::replace_file("a", "b", 0600).has_value();
}
