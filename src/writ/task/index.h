// Index: where a task is found again without reading its receipt: by when it began, how it ended, whether it was denied
// something, whether it waits to be settled, and by what its journal names.
//
// Tables: task.order (start, id -> user, completed or not), and task.index (criterion, 0, start, id -> empty) with a row for
// each criterion that a task meets. A search meets several by stepping from one to the next (a zigzag join): each step is one look into
// the store's tree, so what it costs follows the rarest criterion, not the size of the store.
//
// What a folder's name with a slash asks for, everything below it, is gathered first: that follows the number of rows below
// it. A task that touched more than max_touched things has one row that says so, and its journal is read instead.
//
// Threads: those of the View or Transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/id.h"
#include "writ/effect/journal.h"
#include "writ/store/store.h"

namespace writ::task {

inline constexpr std::size_t max_touched = 1000;        // rows for one task: its commit is one transaction
inline constexpr std::size_t max_touched_text = 480;    // of a resource in a key (store/object.h max_key_size)

struct Entered {
  TaskId id;
  WallTime started;
  std::string outcome;  // guest::name(End)
  std::uint64_t denied = 0;
};
enum class Wait : std::uint8_t { settled, staged };

// In the transaction that makes the task visible.
Result<void> enter(store::Transaction&, const Entered&, const std::vector<effect::Entry>& journal, Wait);
// The task waits no more.
Result<void> leave_staged(store::Transaction&, const TaskId&, WallTime started);

struct Wanted {
  std::optional<WallTime> since, until;  // started in [since, until)
  std::string outcome;                   // empty: any
  std::string touched;                   // a resource, or a folder with its slash and all below; empty: any
  enum class Denials : std::uint8_t { any, some } denials = Denials::any;
  enum class Waiting : std::uint8_t { any, staged } waiting = Waiting::any;
};
using JournalOf = std::function<Result<std::vector<effect::Entry>>(const TaskId&)>;
using TaskVisitor = std::function<Result<store::Visit>(const TaskId&)>;

// Newest first, until the visitor has enough.
Result<void> visit_tasks(const store::View&, const Wanted&, const JournalOf&, const TaskVisitor&);
// All of them.
Result<void> visit_tasks(const store::View&, const TaskVisitor&);

// The same for one user's tasks, by the user that the process runs as.
Result<void> visit_own_tasks(const store::View&, const TaskVisitor&);

}  // namespace writ::task
