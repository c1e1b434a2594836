// Guests that are processes: any executable, held by the kernel (supervise/enclosure.h).
//
// What such a guest may do is decided before it starts and then held for as long as it runs: the host's files that it was
// granted stand in its tree, everything else does not exist for it. So a grant that somebody would have to count or to match
// call by call is refused when the task begins. State objects stand in a folder, as copies, and what became of them passes the
// gate when the guest has ended (state_folder.h).
//
// prepare_as(code, program): `program` is the absolute path of what runs the code; without code it is the code itself.
#pragma once

#include <memory>
#include <optional>

#include "writ/guest/guest.h"
#include "writ/supervise/enclosure_probe.h"

namespace writ::guest::process {

// What the machine offers, by the names of `writ doctor`, as far as it is there.
std::vector<std::string> protections_of(const supervise::Offered&);

// `unsupported` where the machine offers no enclosure. In `digests`, a folder that is the caller's alone, digests of programs are kept
// (program.h).
Result<std::unique_ptr<Engine>> open_engine(const supervise::Offered&, std::string digests);

}  // namespace writ::guest::process
