// refused: deleted function
// A signing key lies once in secret memory: it moves and is never copied.
#include "writ/wire/sign.h"

writ::SigningKey take(writ::SigningKey& key) {
#ifdef REFUSED
  return key;
#else
  return std::move(key);
#endif
}
