// Finding tasks in stores of 1e3, 1e4 and 1e5: what each search costs, and what reading every receipt would.
//
// The tasks have receipts of ordinary length (8 KB). One in 1000 trapped, one in 1000 was denied something, each touched an
// object of its own, one in 1000 a common one. What a search costs should not follow the number of tasks; reading every
// receipt does.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "writ/task/index.h"

namespace writ::task {
namespace {

constexpr std::size_t receipt_size = 8000;

struct Filled {
  std::string folder;
  std::unique_ptr<store::Store> store;
  ~Filled() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
};

// Receipts are there to be read through; a million of them would be 8 GB that no search looks at.
void add(store::Transaction& t, std::uint64_t n, bool has_receipt) {
  TaskId id = TaskId::random();
  const bool rare = n % 1000 == 500;
  std::vector<effect::Entry> journal(1);
  journal[0].resource = "o/" + std::to_string(n);
  if (rare) journal.emplace_back().resource = "common/object";
  const Entered task{id, WallTime{static_cast<std::int64_t>(1'000'000'000 + n)}, rare ? "trapped" : "completed", rare ? 1u : 0u};
  const bool ok = enter(t, task, journal, n % 1000 == 1 ? Wait::staged : Wait::settled) &&
                  (!has_receipt || t.put_record("task.receipt", id.bytes, as_bytes(std::string(receipt_size, 'r'))));
  if (!ok) std::abort();
}

store::Store& filled(std::uint64_t tasks) {
  static std::map<std::uint64_t, Filled> stores;
  auto& f = stores[tasks];
  if (f.store) return *f.store;
  f.folder = std::filesystem::temp_directory_path() / ("writ-index-bench-" + TaskId::random().brief());
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  f.store = std::move(*store::Store::open(f.folder, options));
  constexpr std::uint64_t batch = 1000;
  for (std::uint64_t n = 0; n < tasks; n += batch)
    if (!f.store->write([&](store::Transaction& t) -> Result<void> {
          for (std::uint64_t i = n; i < n + batch; ++i) add(t, i, tasks <= 100'000);
          return {};
        }))
      std::abort();
  return *f.store;
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1000);
  if (std::getenv("WRIT_BENCH_SMALL") == nullptr) b->Arg(10'000)->Arg(100'000);
}

void sizes_of_a_million(benchmark::internal::Benchmark* b) {
  sizes(b);
  if (std::getenv("WRIT_BENCH_SMALL") == nullptr) b->Arg(1'000'000);
}

void search(benchmark::State& state, const Wanted& wanted, std::size_t limit) {
  const auto view = *filled(static_cast<std::uint64_t>(state.range(0))).snapshot();
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    const auto done = visit_tasks(view, wanted, {}, [&](const TaskId&) -> Result<store::Visit> {
      return ++found < limit ? store::Visit::more : store::Visit::enough;
    });
    if (!done) state.SkipWithError(done.error().text().c_str());
  }
  state.counters["found"] = static_cast<double>(found);
}

void Newest50(benchmark::State& s) { search(s, {}, 50); }
void OneTouchedObject(benchmark::State& s) {
  Wanted w;
  w.touched = "o/" + std::to_string(s.range(0) / 2);
  search(s, w, 50);
}
void OneDeniedOfAThousand(benchmark::State& s) {
  Wanted w;
  w.denials = Wanted::Denials::some;
  search(s, w, 1);
}
void RareMeetsRare(benchmark::State& s) {
  Wanted w;
  w.touched = "common/object";
  w.outcome = "trapped";
  w.denials = Wanted::Denials::some;
  search(s, w, 1);
}
void NothingMeets(benchmark::State& s) {
  Wanted w;
  w.touched = "o/7";
  w.waiting = Wanted::Waiting::staged;
  search(s, w, 50);
}
void AMoment(benchmark::State& s) {
  Wanted w;
  w.since = WallTime{1'000'000'000 + s.range(0) / 2};
  w.until = WallTime{1'000'000'000 + s.range(0) / 2 + 10};
  search(s, w, 50);
}
// What it is compared with: every receipt is read until the one that is wanted, which is the oldest.
void EveryReceiptIsRead(benchmark::State& state) {
  const auto view = *filled(static_cast<std::uint64_t>(state.range(0))).snapshot();
  for (auto _ : state) {
    std::size_t bytes = 0;
    const auto done = visit_tasks(view, [&](const TaskId& id) -> Result<store::Visit> {
      WRIT_TRY(const auto receipt, view.record("task.receipt", id.bytes));
      bytes += receipt->size();
      return store::Visit::more;
    });
    if (!done) state.SkipWithError(done.error().text().c_str());
    benchmark::DoNotOptimize(bytes);
  }
}

BENCHMARK(Newest50)->Apply(sizes);
BENCHMARK(OneTouchedObject)->Apply(sizes_of_a_million);
BENCHMARK(OneDeniedOfAThousand)->Apply(sizes);
BENCHMARK(RareMeetsRare)->Apply(sizes);
BENCHMARK(NothingMeets)->Apply(sizes);
BENCHMARK(AMoment)->Apply(sizes);
BENCHMARK(EveryReceiptIsRead)->Apply(sizes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::task
