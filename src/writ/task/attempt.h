// Attempt: one task from its spec to what it leaves behind.
//
//   admit   check the spec, prepare the image, mint capabilities, take a snapshot, write the input manifest
//   run     on a guest thread, every effect through the session
//   seal    outcome, streams, journal, resources and changes, as a value
//
// A task that learns may do whatever is read or staged and holds no secrets, besides what it was granted, so that its
// journal says what it needs. It ends as one that failed: nothing of it is ever committed.
//
// It writes nothing that outlives it; what becomes of the sealed value is for others to decide (settlement.h).
//
// Threads: one. Each step once, in this order. An Error from admit() or run() means that nothing ran.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "writ/actor/work_files.h"
#include "writ/gate/ledger.h"
#include "writ/proof/verify/manifest.h"
#include "writ/store/store.h"
#include "writ/task/admission.h"
#include "writ/task/guest_threads.h"
#include "writ/task/mounted_files.h"
#include "writ/task/policies.h"
#include "writ/task/sealed.h"
#include "writ/task/streams.h"

namespace writ::task {

class Attempt {
 public:
  // What tasks run on. What it points to must outlive the attempt.
  struct Parts {
    store::Store& store;
    guest::Engine& engine;
    GuestThreads* threads;  // null: the engine needs no fence, and runs on the caller's thread
    gate::Ledger* ledger;   // null: no capabilities but those that the task is given
    const Clock& clock;
    const authority::policy::Source* policy = nullptr;  // in force for every task; may be null
    std::string isolated = {};                          // folder for the memory of isolated tasks; empty: not kept
  };
  Attempt(const Parts& parts, Spec spec) : parts_(parts), spec_(std::move(spec)) { sealed_.state = State::admitted; }

  Result<void> admit();
  Result<void> run(guest::Cancellation&);
  Sealed seal();
  const proof::InputManifest& input() const { return sealed_.input; }  // as of the admission

 private:
  Result<void> check_manner() const;
  void move(Event);
  void judge();
  void judge_step();
  Result<void> open_session();
  Result<void> open_root(std::uint32_t capability);
  Result<void> open_work_files();
  Result<void> open_mounted_files();
  Result<std::string> private_folder();
  void seal_files();
  bool may_keep() const;
  std::unique_ptr<effect::HostFiles> host_files() const;
  Result<void> ask_policies();
  void seal_input();
  void seal_output();
  void seal_recipe();

  Parts parts_;
  Spec spec_;
  Sealed sealed_;
  Admission admission_;
  std::shared_ptr<const guest::Image> image_;
  DigestPair code_;
  std::optional<store::Reader> snapshot_;
  std::optional<authority::CapabilitySet> capabilities_;
  effect::Journal journal_;
  std::unique_ptr<effect::HostFiles> files_;
  Fd private_folder_;  // empty: not made
  std::optional<MountedFiles> mounted_files_;  // of an engine with layers, in place of the next
  std::unique_ptr<actor::WorkFiles> work_files_;  // none: no file may be changed
  std::function<bool()> must_stop_;  // while the guest runs: whether a long call of the host is to give up
  std::optional<Streams> streams_;
  std::optional<gate::Policing> policing_;
  std::optional<gate::Session> session_;
  guest::Resources resources_;
  Result<void> kept_ = {};  // the memory of an isolated task; an error stands in the outcome
  Streams::Totals totals_;
};

}  // namespace writ::task
