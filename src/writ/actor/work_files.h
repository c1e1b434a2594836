// WorkFiles: the port of effect/work_files.h over shadows of the room workspace.
//
// Made when a task is admitted, from the roots of what it may change: each is opened then, following links, since they are
// the operator's words. A root that does not exist yet is a name in the nearest folder above that does. Roots that lie in one
// another share one shadow, so there is one truth about every file.   Threads: one task, one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "writ/effect/work_files.h"
#include "writ/workspace/changes.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/shadow.h"

namespace writ::actor {

class WorkFiles final : public effect::WorkFiles {
 public:
  // `contents`: the task's private folder; `store`: what is never visible. `now` dates what the task makes. `hides` says of
  // "/" and a path below one of the roots whether it is hidden from the task.
  using Hides = std::function<bool(const std::string& path)>;
  static Result<std::unique_ptr<WorkFiles>> admit(const std::vector<std::string>& roots, const std::string& contents,
                                                  const std::string& store, std::function<WallTime()> now, Hides hides = {});

  // What differs from the base, of all roots (workspace/shadow.h seal()).
  Result<workspace::Changes> seal();

  bool covers(const std::string& path) const override { return root_of(path) != nullptr; }
  Result<effect::Whereabouts> resolve(const std::string& path, effect::Follow) override;
  Result<std::vector<std::string>> below(const std::string& folder) override;
  Result<effect::Metadata> stat(const effect::Authorized&, effect::Follow) override;
  Result<std::vector<effect::DirectoryEntry>> list(const effect::Authorized&) override;
  Result<std::string> read_link(const effect::Authorized&) override;
  Result<std::unique_ptr<effect::WorkFile>> open(const effect::Authorized&, effect::Follow, effect::Access, effect::Making,
                                                 effect::Cut) override;
  Result<void> make_folder(const effect::Authorized&) override;
  Result<void> remove_folder(const effect::Authorized&) override;
  Result<void> remove_file(const effect::Authorized&) override;
  Result<void> rename(const effect::Authorized& from, const effect::Authorized& to) override;
  Result<void> make_link(const effect::Authorized&, const std::string& target) override;
  Result<void> add_name(const effect::Authorized& existing, const effect::Authorized& name) override;
  Result<void> set_times(const effect::Authorized&, effect::Follow, effect::FileTimes) override;

 private:
  struct Root {
    std::string words;   // absolute, as the operator named it
    std::string inside;  // where that is below the shadow's root
    workspace::Shadow* shadow;
  };
  struct Spot {
    const Root* root;
    std::string path;  // below the shadow's root
  };
  const Root* root_of(std::string_view path) const;
  Result<Spot> find(const std::string& path) const;

  std::vector<std::unique_ptr<workspace::Shadow>> shadows_;
  std::vector<Root> roots_;  // longest words first
};

}  // namespace writ::actor
