// What the fence costs a guest that computes: the same image, with the fence and bare, taking turns, so that whatever else
// the machine does hits both. `ratio` is the quotient of the medians (goal: at most 1.03).
// And what it takes from bytes to an image: cold, from the cache, and already loaded.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>

#include "bare.h"
#include "fixture.h"
#include "writ/guest/wasm/image.h"
#include "writ/guest/wasm/translate.h"

namespace writ::guest::testing {
namespace {

double median(std::vector<double> v) {
  std::ranges::nth_element(v, v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2));
  return v[v.size() / 2];
}

template <class F>
double milliseconds(F&& f) {
  const Nanoseconds start = system_clock().monotonic();
  f();
  return static_cast<double>((system_clock().monotonic() - start).count()) / 1e6;
}

const Bytes& kernels() {
  static const Bytes code = file(WRIT_TEST_GUESTS "/kernels.wasm");
  return code;
}

void fenced_and_bare(benchmark::State& state, const std::string& kernel) {
  Machine m;
  const auto image = m.prepare(kernels());
  if (!image) return state.SkipWithError(image.error().text().c_str());
  const auto& wasm_image = dynamic_cast<const wasm::WasmImage&>(**image);
  const auto cache = wasm::Cache::open(default_cache());
  const auto object = wasm::translate(kernels(), wasm_image.module(), *wasm::find_toolchain({}, wasm::Tier::best, *cache), cache->folder());
  if (!object) return state.SkipWithError(object.error().text().c_str());
  Bare bare(*object);
  const std::uint32_t function = wasm_image.module().exports.find(kernel)->second;
  Task task;
  task.entry = kernel;
  std::vector<double> with, without;
  for (auto _ : state) {
    without.push_back(milliseconds([&] { bare.run(function); }));
    Result<Ran> r = Ran{};
    with.push_back(milliseconds([&] { r = m.run(**image, task); }));
    if (!r || !r->outcome.success()) return state.SkipWithError("the guest did not end by itself");
  }
  state.counters["bare_ms"] = median(without);
  state.counters["fenced_ms"] = median(with);
  state.counters["ratio"] = median(with) / median(without);
}

void prepare_cold(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    const std::string folder = default_cache() + "/cold";
    std::filesystem::remove_all(folder);
    Machine m(folder);
    state.ResumeTiming();
    if (!m.prepare(kernels())) state.SkipWithError("not prepared");
    state.PauseTiming();
    std::filesystem::remove_all(folder);
    state.ResumeTiming();
  }
}

void prepare_from_cache(benchmark::State& state) {
  Machine m;
  (void)m.prepare(kernels());
  for (auto _ : state)  // nobody holds the image: it is read, checked and mapped each time
    if (!m.prepare(kernels())) state.SkipWithError("not prepared");
}

void prepare_loaded(benchmark::State& state) {
  Machine m;
  const auto held = m.prepare(kernels());
  for (auto _ : state)
    if (!m.prepare(kernels())) state.SkipWithError("not prepared");
}

// A guest that does nothing: slot, arena, instance, entry, and all given back.
void run_nothing(benchmark::State& state) {
  Machine m;
  const auto image = m.prepare(wat("(module (memory 1) (func (export \"_start\")))"));
  for (auto _ : state)
    if (!m.run(**image)) state.SkipWithError("not run");
}

BENCHMARK_CAPTURE(fenced_and_bare, matmul, "matmul")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fenced_and_bare, sieve, "sieve")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fenced_and_bare, sha256, "sha256")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fenced_and_bare, sort, "sort")->Unit(benchmark::kMillisecond);
BENCHMARK(prepare_cold)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(prepare_from_cache)->Unit(benchmark::kMicrosecond);
BENCHMARK(prepare_loaded)->Unit(benchmark::kMicrosecond);
BENCHMARK(run_nothing)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace writ::guest::testing
