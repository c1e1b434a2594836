// Shadow: a task's private copy of the state objects that it may write, over its snapshot.
//
// Writes land here; the task reads its own writes; nobody else sees them until the commit. It also keeps the read set:
// the version of every object that the task looked at, which the commit validates (optimistic concurrency control).
// Discarding is destroying it. What it holds is bounded: writes by max_staged and max_written (`exhausted` beyond them),
// copies of what was only read by max_cached (they are read again). A pointer is valid until the next call.
// Threads: one task, one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/gate/change_set.h"
#include "writ/store/store.h"

namespace writ::gate {

inline constexpr ByteCount max_staged = 256 * MiB;  // writes live in memory until the commit, which is one transaction
inline constexpr ByteCount max_cached = 64 * MiB;   // one object of the largest size
// What the writes may take in the receipt, which is one record of the store (store/object.h): some 24,000 objects.
inline constexpr ByteCount max_written = 8 * MiB;

class Shadow {
 public:
  explicit Shadow(const store::View& snapshot) : snapshot_(snapshot) {}

  // The object as the task sees it; nothing if it does not exist. Notes the version in the read set.
  Result<const std::string*> find(std::string_view path);
  Result<bool> exists(std::string_view path);
  // For writing in place, once it has this size (zero-filled where it grows); an object that does not exist begins empty.
  Result<std::string*> edit(std::string_view path, std::uint64_t size);
  Result<void> replace(std::string_view path, std::string body);  // without reading what was there
  Result<void> remove(std::string_view path);
  // Paths below the prefix as the task sees them, with sizes. The commit validates the paths, not the sizes.
  Result<std::vector<std::pair<std::string, std::uint64_t>>> list(std::string_view prefix);

  // Whether there is anything below. Looks no further than it must, and the commit validates no more than the answer: one
  // object that is there, or that none came.
  Result<bool> any_below(std::string_view prefix);

  // What came of it, with the read set and the folders listed, which the commit validates.
  ChangeSet changes() const;

 private:
  struct Object {
    std::optional<std::string> body;  // none: does not exist (any more)
    bool stored = false;  // it exists in the snapshot
    bool dirty = false;
  };
  Result<Object*> load(std::string_view path);
  Result<void> stage(std::string_view path, Object& object, std::uint64_t size);
  Result<void> put(std::string_view path, bool there, std::optional<std::string> body);
  void evict(std::string_view keep);

  const store::View& snapshot_;
  std::map<std::string, Object, std::less<>> objects_;
  std::uint64_t staged_ = 0, cached_ = 0;  // bytes of bodies that are dirty, and that are not
  std::uint64_t written_ = 0;              // bytes that the dirty ones take in the receipt, at most
  std::map<std::string, ObjectVersion, std::less<>> read_set_;
  std::map<std::string, std::vector<std::string>, std::less<>> listed_;
};

}  // namespace writ::gate
