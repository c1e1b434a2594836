// What a whole task costs beside running its code: manifests, journal, state root, two signatures, the log and the commit.
//
// Each kernel is run as tasks of a Runtime, on a store that does not wait for the disk and on one that does. The fenced
// kernel is what the task's report says: from entering its fence to leaving it, and the slot that it ran in, taken and wiped
// (the isolation, which tests/guest/engine_bench.cc compares with the bare kernel). What remains of execute() is the rest.
// `rest` and `rest_cpu` are the medians of that remainder over the medians of the fenced kernel (goal: at most 0.01).
// `nothing` is a guest that returns at once: there the remainder can be read in microseconds, undisturbed by a long kernel.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <ctime>
#include <filesystem>

#include "figures.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/runtime/runtime.h"

namespace writ::bench {
namespace {

// A store, keys and a cache of its own, on the disk that holds the build.
class House {
 public:
  explicit House(store::Durability durability) {
    runtime::Options o;
    o.store = folder_ + "/store";
    o.keys = folder_ + "/keys";
    o.durability = durability;
    std::filesystem::create_directories(folder_);
    auto opened = runtime::Runtime::open(o);
    if (opened) runtime_ = std::move(*opened);
    else complain(opened.error());
  }
  ~House() {
    image_.reset();
    runtime_.reset();
    std::filesystem::remove_all(folder_);
  }
  House(const House&) = delete;

  // As an embedder does who runs the same code often: while somebody holds the image, nobody reads it again.
  bool prepares(const Bytes& code) {
    if (!runtime_) return false;
    auto image = runtime_->prepare(code);
    if (!image) return complain(image.error()), false;
    image_ = std::move(*image);
    return true;
  }
  // Of the fenced kernel. None: it did not end by itself and commit.
  std::optional<guest::Isolation> commit(const task::Spec& spec) {
    const auto report = runtime_->execute(spec);
    if (!report) return complain(report.error()), std::nullopt;
    if (!report->outcome.success() || report->settlement != proof::Settlement::committed) return std::nullopt;
    isolation_.push_back(static_cast<double>(report->isolation.cpu.count()) / 1e3);
    return guest::Isolation{report->resources.time + report->isolation.time, report->resources.cpu + report->isolation.cpu};
  }

  double isolation() const { return median(isolation_); }

 private:
  void complain(const Error& e) const { std::fprintf(stderr, "task: %s\n", e.text().c_str()); }

  const std::string folder_ = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
  std::unique_ptr<runtime::Runtime> runtime_;
  std::shared_ptr<const guest::Image> image_;
  std::vector<double> isolation_;
};

double microseconds(Nanoseconds t) { return static_cast<double>(t.count()) / 1e3; }

Nanoseconds process_cpu() {  // of all threads
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + Nanoseconds(t.tv_nsec);
}

void task_beside_its_guest(benchmark::State& state, const std::string& entry, store::Durability durability) {
  const auto text = read_file(WRIT_KERNELS, MiB);
  if (!text) return state.SkipWithError(text.error().text().c_str());
  task::Spec spec;
  spec.code_name = "kernels.wasm";
  spec.code = to_bytes(*text);
  spec.entry = entry;
  House house(durability);
  if (!house.prepares(spec.code) || !house.commit(spec)) return state.SkipWithError("the task does not run");
  std::vector<double> guest_wall, guest_cpu, rest_wall, rest_cpu;
  for (auto _ : state) {
    const Nanoseconds cpu = process_cpu(), start = system_clock().monotonic();
    const auto used = house.commit(spec);
    const Nanoseconds wall_all = system_clock().monotonic() - start, cpu_all = process_cpu() - cpu;
    if (!used) return state.SkipWithError("a task did not commit");
    guest_wall.push_back(microseconds(used->time));
    guest_cpu.push_back(microseconds(used->cpu));
    rest_wall.push_back(microseconds(wall_all - used->time));
    rest_cpu.push_back(microseconds(cpu_all - used->cpu));
  }
  state.counters["slot_cpu_us"] = house.isolation();
  state.counters["guest_us"] = median(guest_wall);
  state.counters["guest_cpu_us"] = median(guest_cpu);
  state.counters["rest_us"] = median(rest_wall);
  state.counters["rest_cpu_us"] = median(rest_cpu);
  state.counters["rest"] = median(rest_wall) / median(guest_wall);
  state.counters["rest_cpu"] = median(rest_cpu) / median(guest_cpu);
}

void without_sync(benchmark::State& state, const std::string& entry) {
  task_beside_its_guest(state, entry, store::Durability::none);
}
void with_sync(benchmark::State& state, const std::string& entry) {
  task_beside_its_guest(state, entry, store::Durability::sync);
}

void rounds(benchmark::internal::Benchmark* b) { b->Iterations(small() ? 2 : 100)->Unit(benchmark::kMillisecond)->UseRealTime(); }
BENCHMARK_CAPTURE(without_sync, nothing, "result")->Iterations(small() ? 2 : 3000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(with_sync, nothing, "result")->Apply(rounds);
BENCHMARK_CAPTURE(without_sync, matmul, "matmul")->Apply(rounds);
BENCHMARK_CAPTURE(with_sync, matmul, "matmul")->Apply(rounds);
BENCHMARK_CAPTURE(without_sync, sieve, "sieve")->Apply(rounds);
BENCHMARK_CAPTURE(with_sync, sieve, "sieve")->Apply(rounds);
BENCHMARK_CAPTURE(without_sync, sha256, "sha256")->Apply(rounds);
BENCHMARK_CAPTURE(with_sync, sha256, "sha256")->Apply(rounds);
BENCHMARK_CAPTURE(without_sync, sort, "sort")->Apply(rounds);
BENCHMARK_CAPTURE(with_sync, sort, "sort")->Apply(rounds);

}  // namespace
}  // namespace writ::bench
