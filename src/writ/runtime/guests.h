// What runs guests: engines, the threads that their fence needs, an executor each. Opened when the first guest of its kind comes,
// so that reading commands stay light.
#pragma once

#include <memory>

#include "writ/fence/fence.h"
#include "writ/runtime/runtime.h"
#include "writ/task/executor.h"

namespace writ::runtime {

// WebAssembly, in this process.
struct Guests {
  std::shared_ptr<fence::Fence> fence;
  std::unique_ptr<guest::Engine> engine;
  std::unique_ptr<task::GuestThreads> threads;
  std::unique_ptr<task::Executor> executor;
};

// Executables, which need no fence in this one.
struct Processes {
  std::unique_ptr<guest::Engine> engine;
  std::unique_ptr<task::Executor> executor;
};

struct Surroundings {
  store::Store& store;
  const proof::Notary& notary;
  const Clock& clock;
  const authority::policy::Source* policy;
};
Result<Guests> open_guests(const Options&, const Surroundings&);
Result<Processes> open_processes(const Surroundings&);

}  // namespace writ::runtime
