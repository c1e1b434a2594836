// Executor: runs one task from admission to its receipt.
//
//   admit   check the spec, prepare the image, mint capabilities, take a snapshot, write the input manifest
//   run     on a guest thread, every effect through the session
//   seal    outcome, streams, journal, resources: the output manifest
//   settle  commit or discard, with a receipt either way (gate/commit.h)
//
// execute() answers an Error when nothing ran (bad code, bad spec, no slot): then there is no task and no receipt. How a
// guest ended is in the Report. A lost race is in the Report too: discarded, with `conflict` saying over what.
//
// Threads: execute() from any thread; it blocks. What the parts point to must outlive the executor.
#pragma once

#include <mutex>
#include <set>

#include "writ/proof/notary.h"
#include "writ/store/store.h"
#include "writ/task/guest_threads.h"
#include "writ/task/spec.h"
#include "writ/task/task_states.h"

namespace writ::task {

class Executor {
 public:
  struct Parts {
    store::Store& store;
    guest::Engine& engine;
    GuestThreads* threads;  // null: the engine needs no fence, and runs on the caller's thread
    const proof::Notary& notary;
    const Clock& clock;
  };
  explicit Executor(Parts parts) : parts_(parts) {}

  Result<Report> execute(Spec spec);
  void cancel_all();  // every running task ends as cancelled

 private:
  class Running;  // registers a cancellation while its task runs

  Parts parts_;
  std::mutex mutex_;
  std::set<guest::Cancellation*> running_;  // guarded by mutex_
};

}  // namespace writ::task
