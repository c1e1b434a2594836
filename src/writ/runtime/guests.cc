#include "writ/runtime/guests.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "writ/guest/process/engine.h"
#include "writ/guest/wasm/engine.h"
#include "writ/runtime/build.h"
#include "writ/supervise/enclosure_probe.h"

namespace writ::runtime {

Result<Guests> open_guests(const Options& options, const Surroundings& s) {
  const auto want = options.fence == FenceChoice::key    ? fence::Want::key
                    : options.fence == FenceChoice::page ? fence::Want::page
                                                         : fence::Want::automatic;
  Guests made;
  WRIT_TRY(made.fence, fence::open_fence({want, fence::Options{}.slots}));
  guest::wasm::Options engine;
  engine.fence = made.fence;
  engine.cache = std::filesystem::absolute(options.cache.empty() ? options.store + "/cache" : options.cache);
  engine.tools.stop_on(options.interrupt);
  engine.tier = options.tier == TierChoice::fast   ? guest::wasm::TierChoice::fast
                : options.tier == TierChoice::best ? guest::wasm::TierChoice::best
                                                   : guest::wasm::TierChoice::automatic;
  // A builder that does not start is no reason against the run: the next one asks again.
  if (!options.builder.empty())
    engine.improve = [program = options.builder, cache = engine.cache] { (void)start_building(program, cache); };
  WRIT_TRY(made.engine, guest::wasm::open_engine(std::move(engine)));
  // No more than can be inside a fence at once: at strength page one, and the others wait in the order of their coming.
  const std::size_t workers = std::min<std::size_t>(std::max(1u, std::thread::hardware_concurrency()), made.fence->slots());
  made.threads = std::make_unique<task::GuestThreads>(*made.fence, workers);
  made.executor = std::make_unique<task::Executor>(
      task::Executor::Parts{s.store, *made.engine, made.threads.get(), s.notary, s.clock, s.policy, options.store + "/isolated"});
  return made;
}

Result<Processes> open_processes(const Surroundings& s) {
  Processes made;
  WRIT_TRY(made.engine, guest::process::open_engine(supervise::probe_enclosure(), s.store.folder() + "/programs"));
  made.executor = std::make_unique<task::Executor>(task::Executor::Parts{s.store, *made.engine, nullptr, s.notary, s.clock, s.policy});
  return made;
}

}  // namespace writ::runtime
