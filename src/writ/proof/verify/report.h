// What a verification found, for people and for programs: the same words in writ-verify and `writ verify`.
#pragma once

#include <string>
#include <string_view>

#include "writ/proof/verify/receipt.h"
#include "writ/wire/json.h"

namespace writ::proof {

// One line without its newline, safe for a terminal: "FILE: verified: task 4f2a0c1d committed, 2 writes; signed by ..."
std::string report_line(std::string_view file, const Verification&);

// An element of "receipts" in a writ.verify/1 document: {file, verdict, what, where, task, name, ...}. Nothing of a
// malformed receipt is repeated but why it is malformed.
Json report_json(std::string_view file, const Verification&);

}  // namespace writ::proof
