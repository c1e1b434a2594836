// Without quiescence: a slot goes to its next holder while who held it before can still cancel what runs in it.
#include "writ/fence/native_slot.h"

namespace writ::fence {

void given_back_as_it_is(NativeSlot*) asm(WRIT_GUARD);
void given_back_as_it_is(NativeSlot*) {}

}  // namespace writ::fence
