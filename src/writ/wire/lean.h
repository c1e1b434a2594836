// For a program that uses OpenSSL for our digests and for nothing else: without its configuration file, its error texts and
// its lists of algorithms, which take four fifths of the time until the first digest. What the machine's openssl.cnf says
// does not hold for such a program. It is the process's, so a library may not decide it: main() does, before any digest.
#pragma once

namespace writ {

void start_digests_lean();

}  // namespace writ
