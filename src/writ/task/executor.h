// Executor: runs tasks, each from admission to its receipt: an Attempt (attempt.h), whose sealed outcome is settled
// (settlement.h).
//
// execute() answers an Error when nothing ran (bad code, bad spec, no slot): then there is no task and no receipt. How a
// guest ended is in the Report. A lost race is in the Report too: discarded, with `conflict` saying over what.
//
// Threads: execute() from any thread; it blocks. What the parts point to must outlive the executor.
#pragma once

#include <mutex>
#include <set>
#include <string_view>

#include "writ/gate/ledger.h"
#include "writ/proof/notary.h"
#include "writ/store/store.h"
#include "writ/task/guest_threads.h"
#include "writ/task/sealed.h"
#include "writ/task/spec.h"
#include "writ/task/task_states.h"
#include "writ/workspace/files.h"

namespace writ::task {

class Executor {
 public:
  struct Parts {
    store::Store& store;
    guest::Engine& engine;
    GuestThreads* threads;  // null: the engine needs no fence, and runs on the caller's thread
    const proof::Notary& notary;
    const Clock& clock;
    const authority::policy::Source* policy = nullptr;  // in force for every task; may be null
    std::string isolated = {};                          // folder for the memory of isolated tasks; empty: not kept
    workspace::Files* files = nullptr;                  // how a commit changes the host; null: as it does
  };
  explicit Executor(Parts parts) : parts_(parts) {}

  // `ledger` keeps the capabilities that the spec names; null if it names none.
  Result<Report> execute(Spec spec, gate::Ledger* ledger = nullptr);
  Result<Report> execute(Spec spec, gate::Ledger* ledger, guest::Cancellation&);  // for who wants to cancel this one task
  // Runs it as it ran before, with nothing settled. `unsupported` unless the same image runs it.
  Result<Sealed> repeat(Spec spec, const Clock&, const proof::InputManifest& as);
  void cancel_all();  // every running task ends as cancelled
  // The running task with this name, id or prefix of four or more digits, which no other running one has; false: none.
  bool cancel(std::string_view task);

 private:
  class Running;  // registers a cancellation while its task runs

  Parts parts_;
  std::mutex mutex_;
  std::set<Running*> running_;  // guarded by mutex_
};

}  // namespace writ::task
