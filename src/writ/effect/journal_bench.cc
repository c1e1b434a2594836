// Recording an effect beside a bare append of 32 bytes to a ring of this thread; and how a long journal is written out.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "writ/effect/journal.h"

namespace writ::effect {
namespace {

struct Bare {
  std::uint64_t words[4];
};
thread_local std::array<Bare, 4096> ring;
thread_local std::size_t head = 0;

void BareAppend(benchmark::State& state) {
  std::uint64_t n = 0;
  for (auto _ : state) {
    ring[head++ & 4095] = {{n, n + 1, 7, 9}};
    benchmark::DoNotOptimize(ring.data());
    benchmark::ClobberMemory();
    ++n;
  }
}
BENCHMARK(BareAppend);

// The same resource again, as reading a file does: the run grows.
void RecordAgain(benchmark::State& state) {
  Journal journal;
  const auto place = journal.record({Kind::file_read, "/usr/share/zoneinfo/UTC", 0, 0}, Refusal::none);
  for (auto _ : state) {
    journal.record_again(Kind::file_read, place, 4096, 65536);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(RecordAgain);

// Two resources in turn: each effect is a run of its own, and 32 bytes.
void RecordAgainInTurn(benchmark::State& state) {
  constexpr std::size_t rest = 1 << 16;
  auto journal = std::make_unique<Journal>();
  std::array<Journal::Place, 2> places{};
  const auto open = [&] {
    journal = std::make_unique<Journal>();
    places = {journal->record({Kind::file_read, "/usr/share/zoneinfo/UTC", 0, 0}, Refusal::none),
              journal->record({Kind::state_read, "orders/2026.json", 0, 0}, Refusal::none)};
  };
  open();
  std::size_t n = 0;
  for (auto _ : state) {
    journal->record_again(Kind::file_read, places[n & 1], 4096, 65536);
    benchmark::ClobberMemory();
    if (++n % rest == 0) {
      state.PauseTiming();
      open();
      state.ResumeTiming();
    }
  }
}
BENCHMARK(RecordAgainInTurn);

// By its text, as a resource that was not open before.
void RecordByText(benchmark::State& state) {
  Journal journal;
  const Effect e{Kind::file_read, "/usr/share/zoneinfo/UTC", 4096, 65536};
  for (auto _ : state) {
    benchmark::DoNotOptimize(journal.record(e, Refusal::none));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(RecordByText);

// Many entries on a thousand resources, written out and encoded: linear in their number.
void Drain(benchmark::State& state) {
  Journal journal;
  std::vector<Journal::Place> places;
  for (int i = 0; i < 1000; ++i) places.push_back(journal.record({Kind::state_read, "orders/" + std::to_string(i), 0, 0}, Refusal::none));
  for (std::int64_t i = 1000; i < state.range(0); ++i) journal.record_again(Kind::state_read, places[static_cast<std::size_t>(i % 1000)], 1, 1);
  std::uint64_t size = 0;
  for (auto _ : state) {
    size = 0;
    for (const auto& e : journal.entries()) size += encode(e).size();
    benchmark::DoNotOptimize(size);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Drain)->Apply([](benchmark::internal::Benchmark* b) {
  if (std::getenv("WRIT_BENCH_SMALL") != nullptr) b->Arg(2000);
  else b->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
  b->Unit(benchmark::kMillisecond);
});

}  // namespace
}  // namespace writ::effect
