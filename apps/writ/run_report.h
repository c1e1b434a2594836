// What `writ run` says at the end: one line for people, or the document writ.run/1.
#pragma once

#include <string>
#include <vector>

#include "exit_status.h"
#include "guest_output.h"
#include "output.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

// The exit status that a task's end gives, as interface.md lists them.
int exit_status(const task::Report&);

// "4f2a1b2c committed: 1 object; 1 denied; 0 sent. writ show 4f2a1b2c | writ why 4f2a1b2c"
std::string last_line(const task::Report&);

// For a task that the operator made: the document, where one is wanted, and the last line.
Status tell_report(Output&, const task::Report&);

// "3 files (+12 -4), "; empty where no file changed.
std::string files_text(const task::FilesChange&);

// The document; `captured` is what the guest wrote, or none for tasks without a guest.
Result<Document> run_document(const task::Report&, const GuestOutput* captured);

// The denials of a journal, each kind once, with the grant that would let it pass; `most` bounds how many are told.
struct Denials {
  std::vector<Document> told;
  std::uint64_t omitted = 0;
};
Denials denials_of(const std::vector<effect::Entry>& journal, std::size_t most);

Document object_change(const task::ObjectChange&);

}  // namespace writ::cli
