// Memory that is resident. `slot_KiB`: what a slot keeps after a small guest has run in it and gone, above the pages that are
// the guest's (goal: at most 200). `peak_MiB`: of this whole process while 100 callers run tasks of 1 MiB each at once (goal: at
// most 250). `slots` says how many of them can be inside at the same time: with strength `page` it is one, the others wait.
#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "figures.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/fence/fence.h"
#include "writ/runtime/runtime.h"

namespace writ::bench {
namespace {

double of_status(const std::string& name) {  // in KiB
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::stod(line.substr(name.size()));
  return 0;
}

void idle_slot(benchmark::State& state) {
  const auto fence = fence::open_fence({});
  if (!fence) return state.SkipWithError(fence.error().text().c_str());
  constexpr std::uint64_t stack_top = 1ull << 31;
  constexpr std::uint64_t touched = 32;  // pages
  for (auto _ : state) {
    { const auto first = (*fence)->acquire(Nanoseconds(0)); }  // what the pool itself takes
    const double before = of_status("VmRSS:");
    {
      const auto slot = (*fence)->acquire(Nanoseconds(0));
      if (!slot || !(*slot)->protect(stack_top, ByteCount(MiB), fence::Access::read_write)) return state.SkipWithError("no slot");
      for (std::uint64_t i = 0; i < touched; ++i) (*slot)->base()[stack_top + i * 4096] = std::byte{1};
    }
    state.counters["slots"] = static_cast<double>((*fence)->slots());
    state.counters["slot_KiB"] = of_status("VmRSS:") - before - static_cast<double>(touched * 4);
  }
}

void hundred_tasks(benchmark::State& state) {
  const std::string folder = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
  std::filesystem::create_directories(folder);
  runtime::Options options;
  options.store = folder + "/store";
  options.keys = folder + "/keys";
  options.durability = store::Durability::none;
  auto runtime = runtime::Runtime::open(options);
  const auto code = read_file(WRIT_MEGABYTE, MiB);
  if (!runtime || !code) return state.SkipWithError("no runtime or guest");
  task::Spec spec;
  spec.code_name = "megabyte.wasm";
  spec.code = to_bytes(*code);
  const auto image = (*runtime)->prepare(spec.code);
  if (!image) return state.SkipWithError(image.error().text().c_str());
  for (auto _ : state) {
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak starts again
    std::atomic<int> failed = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 100; ++i)
      callers.emplace_back([&] {
        const auto report = (*runtime)->execute(spec);
        if (!report || !report->outcome.success()) ++failed;
      });
    for (auto& t : callers) t.join();
    if (failed != 0) return state.SkipWithError("a task failed");
    state.counters["peak_MiB"] = of_status("VmHWM:") / 1024;
  }
  runtime->reset();
  std::filesystem::remove_all(folder);
}

BENCHMARK(idle_slot)->Iterations(1);
BENCHMARK(hundred_tasks)->Iterations(1);

}  // namespace
}  // namespace writ::bench
