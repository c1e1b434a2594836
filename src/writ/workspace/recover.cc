#include <cerrno>
#include <filesystem>

#include "writ/base/escape.h"
#include "writ/workspace/commit.h"
#include "writ/workspace/locks.h"
#include "writ/workspace/redo.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;

std::optional<TaskId> task_of(BytesView key) {
  TaskId id;
  if (key.size() != id.bytes.size()) return std::nullopt;
  std::copy(key.begin(), key.end(), id.bytes.begin());
  return id;
}

struct Intent {
  TaskId id;
  Changes changes;
};

Result<std::vector<Intent>> intents(const store::View& view, Recovered& done) {
  std::vector<Intent> found;
  WRIT_CHECK(view.scan(intent_table, {}, {}, [&](BytesView key, BytesView value) -> Result<store::Visit> {
    const auto id = task_of(key);
    auto changes = parse_changes(as_text(value));
    if (id && changes) found.push_back({*id, std::move(*changes)});
    else done.failures.push_back("the intent of a commit cannot be read: " + hex(key));
    return store::Visit::more;
  }));
  return found;
}

// What a commit prepared and never entered, and the private folder of a task that is over.
Result<void> forget(Files& files, const store::Store& store, const Places& places, const TaskId& id, const Keep& keep) {
  const auto held = take_contents(places.shadow(id));
  if (!held) return {};  // the task is alive
  WRIT_TRY(const auto view, store.snapshot());  // now that it is over: it may have committed, or been staged, a moment ago
  WRIT_TRY(const auto intent, view.record(intent_table, id.bytes));
  if (intent) return {};
  WRIT_TRY(const auto committed, view.record(changes_table, id.bytes));
  WRIT_TRY(const auto prepared, read_marker(places, id));
  if (prepared && !committed) {
    WRIT_CHECK(clear_prepared(files, id, *prepared));
    WRIT_CHECK(remove_contents(places.undo(id)));
    fs::remove(prepared_marker(places, id));
  }
  WRIT_TRY(const bool wanted, keep(view, id));
  return wanted ? Result<void>() : remove_contents(places.shadow(id));
}

}  // namespace

Result<bool> has_unfinished(const store::View& view) {
  bool found = false;
  WRIT_CHECK(view.scan(intent_table, {}, {}, [&](BytesView, BytesView) -> Result<store::Visit> {
    found = true;
    return store::Visit::enough;
  }));
  return found;
}

Result<Recovered> recover(Files& files, store::Store& store, const Places& places, const Keep& keep) {
  Recovered done;
  std::error_code failed;
  const fs::path shadows = places.store + "/shadows";
  if (!fs::exists(shadows, failed)) return done;
  auto locks = Locks::take(places, {}, Wait::no);
  if (!locks) return done;  // somebody commits now; whoever comes next finds what is left
  WRIT_TRY(const auto view, store.snapshot());
  WRIT_TRY(const auto open, intents(view, done));
  for (const auto& [id, changes] : open) {
    auto left = redo(files, id, changes, places.undo(id));
    auto finished = left ? store.write([&](store::Transaction& t) { return t.remove_record(intent_table, id.bytes); })
                         : Result<store::Sequence>(left.error());
    if (!finished) {
      done.failures.push_back(id.brief() + ": " + finished.error().text());
      continue;
    }
    done.finished.push_back(id);
    done.left.insert(done.left.end(), left->begin(), left->end());
  }
  for (fs::directory_iterator i(shadows, failed), end; !failed && i != end; i.increment(failed)) {
    const auto id = TaskId::parse(i->path().filename().string());
    if (!id) continue;
    if (auto cleared = forget(files, store, places, *id, keep); !cleared)
      done.failures.push_back(id->brief() + ": " + cleared.error().text());
  }
  return done;
}

Result<void> forget_undo(store::Store& store, const Places& places, WallTime older_than) {
  std::error_code failed;
  std::vector<TaskId> old;
  for (fs::directory_iterator i(places.store + "/undo", failed), end; !failed && i != end; i.increment(failed)) {
    struct stat s{};
    const auto id = TaskId::parse(i->path().filename().string());
    if (id && ::stat(i->path().c_str(), &s) == 0 && WallTime{s.st_mtim.tv_sec * 1'000'000'000} < older_than) old.push_back(*id);
  }
  for (const auto& id : old) WRIT_CHECK(remove_contents(places.undo(id)));
  if (old.empty()) return {};
  WRIT_CHECK(store.write([&](store::Transaction& t) -> Result<void> {
    for (const auto& id : old) WRIT_CHECK(t.remove_record(changes_table, id.bytes));
    return {};
  }));
  return {};
}

}  // namespace writ::workspace
