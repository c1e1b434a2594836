// A warm task at its smallest: an engine whose image is loaded, a slot of the fence, a guest that returns at once, and the slot
// as good as new for the next one. `p50_us` and `p99_us` are CPU time of single tasks (goal: a median of at most 25 µs). And that
// nothing grows: resident memory, mappings and descriptors after a million of them, less what they were after the first
// thousand.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "figures.h"
#include "writ/actor/host_files.h"
#include "writ/authority/capability.h"
#include "writ/base/id.h"
#include "writ/base/file.h"
#include "writ/gate/session.h"
#include "writ/guest/wasm/engine.h"
#include "writ/store/store.h"

namespace writ::bench {
namespace {

class Silent final : public guest::Stdio {
  Result<std::size_t> read(std::span<std::byte>, Nanoseconds) override { return 0u; }
  Result<void> write(guest::Stream, std::span<const std::byte>) override { return {}; }
};

double thread_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

std::size_t entries(const char* folder) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

struct Held {
  double resident_KiB = 0, mappings = 0, descriptors = 0;
  static Held now() {
    Held h;
    std::ifstream maps("/proc/self/maps"), status("/proc/self/statm");
    for (std::string line; std::getline(maps, line);) ++h.mappings;
    double all = 0, resident = 0;
    status >> all >> resident;
    h.resident_KiB = resident * 4;
    h.descriptors = static_cast<double>(entries("/proc/self/fd"));
    return h;
  }
};

void warm_task(benchmark::State& state) {
  const std::string folder = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
  const auto code = read_file(WRIT_KERNELS, MiB);
  auto fence = fence::open_fence({});
  auto store = store::Store::open(folder, {.access = store::Access::create, .disk = {}});
  if (!code || !fence || !store) return state.SkipWithError("no fence, no store or no guest");
  guest::wasm::Options options;
  options.fence = *fence;
  options.cache = std::string(WRIT_BINARY_DIR) + "/images";
  auto engine = guest::wasm::open_engine(std::move(options));
  if (!engine) return state.SkipWithError(engine.error().text().c_str());
  auto image = (*engine)->prepare(as_bytes(*code));
  auto thread = (*fence)->guard_thread();
  if (!image || !thread) return state.SkipWithError("the guest cannot be prepared");

  authority::CapabilitySet nothing({}, {}, system_clock());
  effect::Journal journal;
  actor::HostFiles files;
  const auto snapshot = (*store)->snapshot();
  gate::Session session({nothing, journal, 1, gate::OnDenial::refuse, *snapshot, files, system_clock(), system_clock().wall(), {}, {}});
  Silent silent;
  std::vector<double> each(100'001);  // touched before anything is measured
  each.clear();
  Held before, after;
  std::size_t done = 0;
  for (auto _ : state) {
    guest::Cancellation cancellation;
    guest::Call call{{"kernels"}, "result", {}, session, silent, cancellation, **thread};
    const double start = thread_us();
    const auto run = (*engine)->run(**image, call);
    each.push_back(thread_us() - start);
    if (!run || !run->outcome.success()) return state.SkipWithError("the guest did not end by itself");
    if (++done == 1000) before = Held::now();
    if (done % 100'000 == 0) each.resize(50'000);  // so that what is measured is not what measures
  }
  after = Held::now();
  state.counters["p50_us"] = median(each);
  std::ranges::sort(each);
  state.counters["p99_us"] = each[each.size() * 99 / 100];
  if (done > 1000) {
    state.counters["resident_growth_KiB"] = after.resident_KiB - before.resident_KiB;
    state.counters["mappings_growth"] = after.mappings - before.mappings;
    state.counters["descriptors_growth"] = after.descriptors - before.descriptors;
  }
  store->reset();
  std::filesystem::remove_all(folder);
}
BENCHMARK(warm_task)->Iterations(small() ? 100 : 1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace writ::bench
