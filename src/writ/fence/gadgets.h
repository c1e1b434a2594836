// The process's own gadgets: instructions in libraries that write PKRU, where a guest could jump. Text of key 0 is
// executable for everybody, so they are taken out of the libraries when a fence of strength key is opened.
//
//   pkey_set of glibc           its WRPKRU becomes UD2: who needs pkey_set while a fence lives gets SIGILL
//   the lazy resolver of ld.so  its XRSTOR becomes a call of a thunk that restores and then checks that PKRU was not among
//                               the restored; lazy binding goes on working
//   inside the displacement     the call or jump goes to a thunk with another displacement, which jumps on (found in
//   of a call or jump           Debian 12's libcrypto)
//   anything else               is reported as open
//
// A page is replaced by a patched copy in one mremap, so that no page is ever writable and executable, and other threads
// see the old or the new. Libraries loaded later are not seen.
#pragma once

#include <vector>

#include "writ/base/result.h"
#include "writ/fence/fence.h"

namespace writ::fence {
Result<std::vector<Gadget>> remove_gadgets();
}
