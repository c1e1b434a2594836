// docs/effects.md, made from the tables of the code: vocabulary, limits, sensitive resources. A test fails when the file
// is not what this returns; run writ_authority_test with WRIT_WRITE_DOCS=1 to write it.
#pragma once

#include <string>

namespace writ::authority {
std::string effects_page();
}
