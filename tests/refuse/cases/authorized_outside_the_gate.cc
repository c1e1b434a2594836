// refused: is private within this context
// Only the gate says yes: nobody else can make the value that actors act on.
#include "writ/effect/effect.h"

const writ::effect::Effect& look(const writ::effect::Authorized& allowed) { return allowed.effect(); }

#ifdef REFUSED
writ::effect::Authorized forge(writ::effect::Effect effect) { return writ::effect::Authorized(effect, 0, "/", 0); }
#endif
