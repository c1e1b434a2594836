// Shadow: a task's private copy of the state objects that it may write, over its snapshot.
//
// Writes land here; the task reads its own writes; nobody else sees them until the commit. It also keeps the read set:
// the version of every object that the task looked at, which the commit validates (optimistic concurrency control).
// Discarding is destroying it. Threads: one task, one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/store/store.h"

namespace writ::gate {

class Shadow {
 public:
  explicit Shadow(const store::View& snapshot) : snapshot_(snapshot) {}

  // The object as the task sees it; nothing if it does not exist. Notes the version in the read set.
  Result<const std::string*> find(std::string_view path);
  Result<bool> exists(std::string_view path);
  // For writing in place; an object that does not exist begins empty.
  Result<std::string*> edit(std::string_view path);
  Result<std::string*> replace(std::string_view path);  // begins empty without looking at what was there
  Result<void> remove(std::string_view path);
  // Paths below the prefix as the task sees them, with sizes; notes each in the read set.
  Result<std::vector<std::pair<std::string, std::uint64_t>>> list(std::string_view prefix);

  struct Write {
    std::string path;
    std::optional<std::string> body;  // none: removed
  };
  std::vector<Write> writes() const;                                        // by path
  const std::map<std::string, ObjectVersion, std::less<>>& read_set() const { return read_set_; }  // 0: did not exist
  // Folders listed: a commit also validates that nothing appeared in or vanished from them.
  const std::map<std::string, std::vector<std::string>, std::less<>>& listed() const { return listed_; }

 private:
  struct Object {
    std::optional<std::string> body;  // none: does not exist (any more)
    bool dirty = false;
  };
  Result<Object*> load(std::string_view path);

  const store::View& snapshot_;
  std::map<std::string, Object, std::less<>> objects_;
  std::map<std::string, ObjectVersion, std::less<>> read_set_;
  std::map<std::string, std::vector<std::string>, std::less<>> listed_;
};

}  // namespace writ::gate
