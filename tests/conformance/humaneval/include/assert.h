/* assert for the programs of humaneval: as usual, except that the first assertion that is reached is turned round when the
   environment variable NEGATE is there. So one module shows both that a right program is committed and that a wrong one
   is not. Like the standard's, it means anew at each inclusion. */
#undef assert
#define assert(...) check_assertion(bool(__VA_ARGS__), #__VA_ARGS__)

#ifndef WRIT_HUMANEVAL_ASSERT
#define WRIT_HUMANEVAL_ASSERT
#include <stdio.h>
#include <stdlib.h>

inline void check_assertion(bool holds, const char* text) {
  static bool negate = getenv("NEGATE") != nullptr;
  if (negate) holds = !holds;
  negate = false;
  if (holds) return;
  fprintf(stderr, "assertion failed: %s\n", text);
  exit(1);
}
#endif
