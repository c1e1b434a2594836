// Writes the log into a folder as tiles (merkle/tiles.h) with its checkpoint, for other people's tools and for any web
// server. Again on the same folder it adds what is new. The checkpoint comes last and whole, so that a reader never finds
// one whose tiles are not there, also after a crash.
//
// A folder that holds another log, a longer one, or tiles that do not lead to its checkpoint is refused and left alone:
// who publishes two versions of a log is caught by the first who compares.   Format: docs/formats/log.md.
#pragma once

#include <cstdint>
#include <string>

#include "writ/store/store.h"

namespace writ::proof {

struct Exported {
  std::uint64_t before = 0, size = 0;  // of the log in the folder
  std::uint64_t files = 0;             // written, the checkpoint included
};

// `corrupt` as said above, `invalid` if the folder holds something else, `conflict` if another export is under way.
Result<Exported> export_tiles(const store::View&, const std::string& folder);

}  // namespace writ::proof
