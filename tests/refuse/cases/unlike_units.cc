// refused: no match for
// Bytes and pages do not add.
#include "writ/base/units.h"

writ::ByteCount sum(writ::ByteCount bytes, writ::WasmPageCount pages) {
#ifdef REFUSED
  return bytes + pages;
#else
  return bytes + pages.value() * 64 * writ::KiB;
#endif
}
