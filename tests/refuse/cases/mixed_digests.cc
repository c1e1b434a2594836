// refused: no match for|cannot convert|could not convert
// A SHA-256 digest is never compared with a SHA3-256 digest, though both have 32 bytes.
#include "writ/wire/digest.h"

bool same(const writ::Sha256& a, const writ::Sha256& b, const writ::Sha3& c) {
#ifdef REFUSED
  return a == c;
#else
  return a == b && c == c;
#endif
}
