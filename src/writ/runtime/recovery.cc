#include "writ/runtime/recovery.h"

#include "writ/base/clock.h"
#include "writ/task/files_settlement.h"
#include "writ/task/stage.h"
#include "writ/workspace/commit.h"

namespace writ::runtime {
namespace {

Result<void> recover(store::Store& store) {
  const auto places = task::places_of(store);
  WRIT_CHECK(workspace::recover(workspace::host_files(), store, places, task::is_staged));
  const WallTime old{system_clock().wall().ns - std::chrono::nanoseconds(workspace::undo_kept_for).count()};
  return workspace::forget_undo(store, places, old);
}

}  // namespace

Result<void> recover_files(store::Store& store, const Options& options) {
  if (options.access != Access::read) return recover(store);
  WRIT_TRY(const auto view, store.snapshot());
  WRIT_TRY(const bool unfinished, workspace::has_unfinished(view));
  if (!unfinished) return {};
  store::OpenOptions open;
  open.access = store::Access::write;
  open.durability = options.durability;
  WRIT_TRY(const auto writing, store::Store::open(options.store, open));
  return recover(*writing);
}

}  // namespace writ::runtime
