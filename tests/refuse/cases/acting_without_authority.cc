// refused: cannot convert|could not convert|no matching function
// An actor takes what the gate has allowed, not what somebody wants.
#include "writ/effect/actor.h"

using namespace writ::effect;

bool open(HostFiles& files, const Authorized& allowed, const Effect& wanted) {
#ifdef REFUSED
  return files.open(wanted).has_value();
#else
  return files.open(allowed).has_value() && allowed.effect() == wanted;
#endif
}
