// A machine for guests in tests: the strongest fence that this one has, the WebAssembly engine over a cache in the build
// folder, and for each run a session over an empty store with the grants that the test names.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/effect/journal.h"
#include "writ/fence/fence.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/engine.h"
#include "writ/store/store.h"

namespace writ::guest::testing {

// The text format, compiled by wat2wasm; `arguments` are options of it. Aborts on an error: the text is the test's own.
Bytes wat(std::string_view text, std::vector<std::string> arguments = {});
Bytes file(const std::string& path);

std::string default_cache();  // of images, in the build folder

struct Task {
  std::vector<std::string> arguments{"guest"};
  std::string entry = "_start";
  Limits limits = {};
  std::vector<std::string> grants = {};
  std::string input = {};
  std::shared_ptr<Cancellation> cancellation = std::make_shared<Cancellation>();
};

struct Ran {
  Outcome outcome;
  Resources resources;
  std::string out, err;
  std::vector<effect::Entry> journal;
};

class Machine {
 public:
  explicit Machine(std::string cache = {}, wasm::Tools tools = {}, wasm::TierChoice = wasm::TierChoice::best,
                   std::function<void()> improve = {});
  ~Machine();

  Engine& engine() { return *engine_; }
  fence::Fence& fence() { return *fence_; }
  fence::GuestThread& thread() { return *thread_; }
  Result<std::shared_ptr<const Image>> prepare(BytesView code) { return engine_->prepare(code); }
  // On the calling thread, which needs a guard of its own.
  Result<Ran> run(const Image&, fence::GuestThread&, const Task& = {});
  Result<Ran> run(const Image& image, const Task& task = {}) { return run(image, *thread_, task); }
  // Both in one; failures to prepare or run are errors.
  Result<Ran> run(BytesView code, const Task& = {});

 private:
  std::string folder_;  // of the store
  std::shared_ptr<fence::Fence> fence_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<fence::GuestThread> thread_;
};

}  // namespace writ::guest::testing
