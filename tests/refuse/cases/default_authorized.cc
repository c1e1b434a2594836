// refused: no matching function
// There is no empty authority to fill in later.
#include "writ/effect/effect.h"

#ifdef REFUSED
writ::effect::Authorized nothing{};
#else
const writ::effect::Authorized* nothing = nullptr;
#endif
