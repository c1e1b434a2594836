// A task as the lists show it.
#pragma once

#include "output.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

Document summary_document(const runtime::TaskSummary&);
// "4f2a1b2c  2026-11-21 03:11:43  committed  completed  1 denied  name  code": for people; columns may be added.
std::string summary_line(const runtime::TaskSummary&);

}  // namespace writ::cli
