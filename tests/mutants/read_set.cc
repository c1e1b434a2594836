// Without validation of the read set: what a task has read may have changed since.
#include "writ/store/store.h"

namespace writ::store {

Result<void> still_so(Transaction*, std::string_view, ObjectVersion) asm(WRIT_GUARD);
Result<void> still_so(Transaction*, std::string_view, ObjectVersion) { return {}; }

}  // namespace writ::store
