// Without the check of key ids: a signer's id is whatever it claims to be.
#include "writ/proof/verify/key.h"

namespace writ::proof {

bool any_id_holds(const ClaimedKey*) asm(WRIT_GUARD);
bool any_id_holds(const ClaimedKey*) { return true; }

}  // namespace writ::proof
