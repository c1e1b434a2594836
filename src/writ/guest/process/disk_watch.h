// DiskWatch: what a guest has written to the disk, as a whole, while it runs. The kernel limits each file of a process, and no
// folder; so this looks, now and then, and whoever asked ends the guest.
//
// It is over when the folders hold more than the limit (blocks, and at least 4 KiB a name; what was in them at the start is not
// counted), or when the disk that they lie on is nearly full and was not at the start: files that have no name any more, or that
// lie where nobody can look, are counted by nothing else.
//
// Looking costs what there is to look at, so the next look is the later the longer the last one took. A guest can write more than the
// limit between two looks; what it wrote then is never committed.   Threads: one.
#pragma once

#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/units.h"

namespace writ::guest::process {

class DiskWatch {
 public:
  enum class Over : std::uint8_t { no, limit, full };
  DiskWatch(std::vector<std::string> folders, ByteCount most);
  // `nearly_full`: so much has to be left on a disk; else a twentieth of it, at most 1 GiB.
  DiskWatch(std::vector<std::string> folders, ByteCount most, ByteCount nearly_full);

  bool watches() const { return !folders_.empty(); }
  Over look();
  Nanoseconds wait() const { return wait_; }  // until the next look is worth its cost

 private:
  struct Folder {
    std::string path;
    std::uint64_t at_start = 0;  // bytes in it
    std::uint64_t left = 0;      // of its disk, that have to be; 0: it was nearly full before
  };
  std::vector<Folder> folders_;
  ByteCount most_;
  Nanoseconds wait_;
};

}  // namespace writ::guest::process
