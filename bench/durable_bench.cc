// Small durable tasks: 64 callers at once, each with a WebAssembly guest that writes four objects of 4 KiB; every task is
// signed, logged and on the disk before its caller goes on. Against plain SQLite that writes the same rows (plain_sqlite.h), with
// the same durability and 64 tasks to a commit, the most that the 64 callers can share.
//
// `ratio` is the quotient of tasks a second by the clock (goal: at least 0.8), `ratio_cpu` of tasks a CPU second.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <thread>

#include "figures.h"
#include "plain_sqlite.h"
#include "writ/authority/grant.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/runtime/runtime.h"

namespace writ::bench {
namespace {

constexpr std::size_t callers = 64;

double seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::optional<std::string> run_tasks(runtime::Runtime& runtime, const Bytes& code, std::size_t tasks) {
  std::atomic<std::size_t> next = 0, failed = 0;
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < std::min(callers, tasks); ++i)
    running.emplace_back([&, i] {
      task::Spec spec;
      spec.code_name = "objects.wasm";
      spec.code = code;
      const std::string folder = "caller" + std::to_string(i);
      spec.grants = {*authority::parse_grant("state.write:" + folder + "/", "/", {}), *authority::parse_grant("state.read:" + folder + "/", "/", {})};
      for (std::size_t n; (n = next++) < tasks;) {
        spec.arguments = {folder, std::string(1, static_cast<char>('a' + n % 20))};
        const auto report = runtime.execute(spec);
        if (!report || report->settlement != proof::Settlement::committed || report->objects.size() != 4) ++failed;
      }
    });
  for (auto& t : running) t.join();
  if (failed != 0) return std::to_string(failed) + " tasks did not commit four objects";
  return std::nullopt;
}

void durable_tasks(benchmark::State& state, store::Durability durability) {
  const std::string folder = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
  std::filesystem::create_directories(folder);
  const std::size_t tasks = small() ? 8 : 4000;
  const auto code = read_file(WRIT_OBJECTS, MiB);
  if (!code) return state.SkipWithError(code.error().text().c_str());
  for (auto _ : state) {
    runtime::Options options;
    options.store = folder + "/store";
    options.keys = folder + "/keys";
    options.durability = durability;
    auto runtime = runtime::Runtime::open(options);
    if (!runtime) return state.SkipWithError(runtime.error().text().c_str());
    const Bytes bytes = to_bytes(*code);
    const auto image = (*runtime)->prepare(bytes);
    if (!image) return state.SkipWithError(image.error().text().c_str());
    const double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (const auto wrong = run_tasks(**runtime, bytes, tasks)) return state.SkipWithError(wrong->c_str());
    const double wall_s = seconds(CLOCK_MONOTONIC) - start, cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    runtime->reset();
    const auto rows = read_rows(options.store, 0);
    if (!rows || rows->size() != tasks) return state.SkipWithError("the rows cannot be read");
    const auto plain = write_rows(folder + "/plain.db", *rows, callers, durability == store::Durability::none ? Sync::normal : Sync::full);
    if (!plain) return state.SkipWithError("plain SQLite does not write");
    const double n = static_cast<double>(tasks);
    state.counters["tasks_s"] = n / wall_s;
    state.counters["plain_tasks_s"] = n / plain->seconds;
    state.counters["cpu_us"] = cpu_s / n * 1e6;
    state.counters["plain_cpu_us"] = plain->cpu_seconds / n * 1e6;
    state.counters["ratio"] = plain->seconds / wall_s;
    state.counters["ratio_cpu"] = plain->cpu_seconds / cpu_s;
    std::filesystem::remove_all(folder);
  }
}
BENCHMARK_CAPTURE(durable_tasks, sync, store::Durability::sync)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(durable_tasks, group, store::Durability::group)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(durable_tasks, none, store::Durability::none)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::bench
