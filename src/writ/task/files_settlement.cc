#include "writ/task/files_settlement.h"

#include <filesystem>

#include "writ/base/escape.h"
#include "writ/workspace/staged_contents.h"
#include "writ/workspace/locks.h"

namespace writ::task {

workspace::Places places_of(const store::Store& store) { return {std::filesystem::absolute(store.folder()).string()}; }

Result<void> FilesSettlement::prepare(const workspace::Changes& changes, const std::string& contents,
                                      const std::function<Result<void>()>& may_begin) {
  commit_.reset();
  if (changes.empty()) return {};
  WRIT_TRY(commit_, workspace::Commit::prepare(files_, places_of(store_), id_, changes, contents, may_begin, manner_));
  return {};
}

Result<void> FilesSettlement::keep(const workspace::Changes& changes) {
  WRIT_CHECK(workspace::check_base(files_, changes));
  WRIT_TRY(kept_, workspace::keep_contents(files_, places_of(store_), id_, changes));
  return {};
}

Result<void> FilesSettlement::enter(store::Transaction& t) { return commit_ ? commit_->enter(t) : Result<void>(); }

std::vector<std::string> FilesSettlement::complete() {
  std::vector<std::string> warnings;
  if (!commit_) {
    forget();
    return warnings;
  }
  const auto unfinished = [&](const Error& e) {
    warnings.push_back("the files are not all in place yet: " + e.text() + "; the next command goes on");
  };
  const auto left = commit_->apply();
  if (!left) {
    unfinished(left.error());
    return warnings;
  }
  for (const auto& path : *left) warnings.push_back("somebody changed it meanwhile, so it was left alone: " + escape_for_terminal(path));
  if (const auto finished = commit_->finish(store_); !finished) unfinished(finished.error());
  return warnings;
}

void FilesSettlement::forget() {
  abandon();
  kept_.reset();
  const auto places = places_of(store_);
  const auto folder = places.shadow(id_);
  // Somebody who prepares a commit of it finds out at its end that it is settled, and then it is that one's to clear away; of one
  // that a crash cut short, recover() knows where its copies lie.
  const auto taken = holder_ == Holder::stage ? workspace::take_contents(folder) : std::optional<Fd>();
  std::error_code failed;
  if (holder_ == Holder::stage && (!taken || std::filesystem::exists(workspace::prepared_marker(places, id_), failed))) return;
  (void)!workspace::remove_contents(folder).has_value();  // recover() does it else
}

void FilesSettlement::abandon() {
  if (commit_) commit_->abandon();
  commit_.reset();
}

std::vector<proof::FileWrite> file_writes(const workspace::Changes& changes) {
  std::vector<proof::FileWrite> out;
  for (const auto& tree : changes.trees)
    for (const auto& c : tree.changes)
      out.push_back({c.digest, c.base ? c.base->digest : std::nullopt, static_cast<proof::FileChange>(c.happened),
                     static_cast<proof::FileKind>(c.kind), c.mode, (tree.root == "/" ? "/" : tree.root + "/") + c.path, c.target});
  return out;
}

static_assert(static_cast<int>(proof::FileChange::removed) == static_cast<int>(workspace::Happened::removed) &&
              static_cast<int>(proof::FileKind::link) == static_cast<int>(workspace::Kind::link));

}  // namespace writ::task
