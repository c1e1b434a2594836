// The log and the state map over a real store, at 1e4, 1e5 and 1e6 leaves or objects (1e3 in the tests). What to read:
// LogAppend stays flat (O(1)), LogInclusion and StatePut grow by a step a decade (O(log n)); hashes_in_path says the n.
//
// All run inside store transactions without a disk sync, so that the tree is measured and not the disk.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "writ/base/assert.h"
#include "writ/base/id.h"
#include "writ/proof/log.h"
#include "writ/proof/notary.h"
#include "writ/proof/state_map.h"

namespace writ::proof {
namespace {

constexpr std::uint64_t fill_batch = 64;  // objects a commit, as when 64 callers share one

void sizes(benchmark::internal::Benchmark* b) {
  b->MeasureProcessCPUTime();
  if (std::getenv("WRIT_BENCH_SMALL") != nullptr) b->Arg(1'000);
  else b->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
}

class Scratch {
 public:
  Scratch() {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder_, options);
    WRIT_ASSERT(opened);
    store_ = std::move(*opened);
  }
  ~Scratch() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void write(const store::Store::Change& change) { WRIT_ASSERT(store_->write(change)); }
  void try_write(const store::Store::Change& change) { static_cast<void>(store_->write(change)); }
  store::Reader snapshot() { return *store_->snapshot(); }

 private:
  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-bench-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
};

Sha256 leaf(std::uint64_t i) { return sha256(as_bytes(std::to_string(i))); }
std::string path(std::uint64_t i) { return "folder/object-" + std::to_string(i); }

// A log and a state map of this size, made once for all benchmarks.
Scratch& filled(std::int64_t size) {
  static std::map<std::int64_t, Scratch> scratches;
  const auto [at, fresh] = scratches.try_emplace(size);
  const auto count = static_cast<std::uint64_t>(size);
  if (!fresh) return at->second;
  at->second.write([&](store::Transaction& t) -> Result<void> {
    WRIT_TRY(auto head, read_head(t));
    for (std::uint64_t i = 0; i < count; ++i) WRIT_CHECK(append(t, head, leaf(i)));
    return write_head(t, head);
  });
  for (std::uint64_t i = 0; i < count;)
    at->second.write([&](store::Transaction& t) -> Result<void> {
      WRIT_TRY(auto root, state_root(t));
      for (const std::uint64_t end = std::min(count, i + fill_batch); i < end; ++i) {
        WRIT_TRY(root, put_state(t, root, path(i), ObjectVersion(1), leaf(i)));
      }
      return write_state_root(t, root);
    });
  return at->second;
}

// Runs the loop in one transaction and takes it back, so that the next run meets the same size.
template <class Work>
void in_one_transaction(benchmark::State& state, Work&& work) {
  filled(state.range(0)).try_write([&](store::Transaction& t) -> Result<void> {
    for (auto _ : state) {
      const Result<void> done = work(t);
      WRIT_ASSERT(done);
    }
    return Error{Code::conflict, "taken back", {}, {}};
  });
}

// What a commit does but for the signatures: the head read, one leaf more, the head that its checkpoint signs written.
void BM_LogAppend(benchmark::State& state) {
  auto next = static_cast<std::uint64_t>(state.range(0));
  in_one_transaction(state, [&](store::Transaction& t) -> Result<void> {
    WRIT_TRY(auto head, read_head(t));
    WRIT_CHECK(append(t, head, leaf(next++)));
    benchmark::DoNotOptimize(head.edge.root());
    return write_head(t, head);
  });
}
BENCHMARK(BM_LogAppend)->Apply(sizes);

void BM_LogInclusion(benchmark::State& state) {
  const auto size = static_cast<std::uint64_t>(state.range(0));
  const store::Reader view = filled(state.range(0)).snapshot();
  const auto log = Log::open(view);
  if (!log) return state.SkipWithError("no log");
  std::uint64_t index = 0, hashes = 0, proofs = 0;
  for (auto _ : state) {
    index = (index + 7919) % size;
    const auto proof = log->inclusion(index, size);
    if (!proof) return state.SkipWithError("no proof");
    hashes += proof->size();
    ++proofs;
  }
  state.counters["hashes_in_path"] = static_cast<double>(hashes) / static_cast<double>(proofs);
}
BENCHMARK(BM_LogInclusion)->Apply(sizes);

void BM_StatePut(benchmark::State& state) {
  const auto size = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t next = 0, version = 2;
  in_one_transaction(state, [&](store::Transaction& t) -> Result<void> {
    next = (next + 7919) % size;
    WRIT_TRY(const auto before, state_root(t));
    WRIT_TRY(const auto root, put_state(t, before, path(next), ObjectVersion(version++), leaf(next)));
    return write_state_root(t, root);
  });
}
BENCHMARK(BM_StatePut)->Apply(sizes);

// The root over the journal of a task: linear in its entries.
void EffectRoot(benchmark::State& state) {
  std::vector<effect::Entry> journal(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < journal.size(); ++i) journal[i].resource = "orders/" + std::to_string(i % 1000);
  for (auto _ : state) benchmark::DoNotOptimize(effect_root(journal));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(EffectRoot)->Apply(sizes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::proof
