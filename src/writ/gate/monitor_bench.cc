// What the gate adds to an effect: check and journal around a read of 64 KiB, beside the read alone. And how long a
// revocation takes to reach those who use a capability.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "writ/authority/policy/compile.h"
#include "writ/base/assert.h"
#include "writ/base/fd.h"
#include "writ/gate/monitor.h"

namespace writ::gate {
namespace {

authority::Grant grant(std::string_view text) {
  auto g = authority::parse_grant(text, "/", WallTime{});
  WRIT_ASSERT(g);
  return std::move(*g);
}

constexpr std::size_t size = 64 * 1024;

Fd file_of_64_kib() {
  std::string name = "/tmp/writ-bench-XXXXXX";
  Fd file(::mkstemp(name.data()));
  WRIT_ASSERT(file);
  ::unlink(name.c_str());
  const std::string bytes(size, 'x');
  WRIT_ASSERT(::write(file.get(), bytes.data(), size) == static_cast<ssize_t>(size));
  return file;
}

struct Gate {
  authority::CapabilitySet capabilities{{grant("file.read:/usr/share/")}, {}, system_clock()};
  effect::Journal journal;
  Monitor monitor{capabilities, journal, UINT64_MAX, OnDenial::refuse};
  effect::Authorized key = *monitor.perform({effect::Kind::file_read, "/usr/share/zoneinfo/UTC", 0, 0});
};

void GateAlone(benchmark::State& state) {
  Gate gate;
  for (auto _ : state) benchmark::DoNotOptimize(gate.monitor.repeat(gate.key, size, size));
}
BENCHMARK(GateAlone);

// The same under a policy of twenty rules, of which what was asked before is remembered.
void GateUnderAPolicy(benchmark::State& state) {
  std::string text = "policy P {\n";
  for (int i = 0; i < 20; ++i)
    text += "rule r" + std::to_string(i) + " { forall e: FileRead where e.resource like \"/usr/share/tenant" + std::to_string(i) +
            "/**\" { false } }\n";
  Policing policing({*authority::policy::load(text + "}", "bench.policy"), nullptr, {"job", "", "", "", {}}, system_clock()});
  authority::CapabilitySet capabilities{{grant("file.read:/usr/share/")}, {}, system_clock()};
  policing.know(capabilities.grants());
  effect::Journal journal;
  Monitor monitor(capabilities, journal, UINT64_MAX, OnDenial::refuse, &policing);
  const auto key = *monitor.perform({effect::Kind::file_read, "/usr/share/zoneinfo/UTC", 0, 0});
  for (auto _ : state) benchmark::DoNotOptimize(monitor.repeat(key, size, size));
}
BENCHMARK(GateUnderAPolicy);

// An effect on what was not open before: matched, recorded, and a key is made.
void GateOpens(benchmark::State& state) {
  Gate gate;
  for (auto _ : state) benchmark::DoNotOptimize(gate.monitor.perform({effect::Kind::file_read, "/usr/share/zoneinfo/UTC", 0, 0}));
}
BENCHMARK(GateOpens);

void Read64KiB(benchmark::State& state) {
  const Fd file = file_of_64_kib();
  std::string out(size, 0);
  for (auto _ : state) WRIT_ASSERT(::pread(file.get(), out.data(), size, 0) == static_cast<ssize_t>(size));
}
BENCHMARK(Read64KiB);

void Read64KiBThroughTheGate(benchmark::State& state) {
  Gate gate;
  const Fd file = file_of_64_kib();
  std::string out(size, 0);
  for (auto _ : state) {
    WRIT_ASSERT(gate.monitor.repeat(gate.key, size, size));
    WRIT_ASSERT(::pread(file.get(), out.data(), size, 0) == static_cast<ssize_t>(size));
  }
}
BENCHMARK(Read64KiBThroughTheGate);

// From the call of revoke() until the last use began that was still allowed, of eight threads that use the capability without
// pause, each time with a capability of its own. Real time: who revokes waits for a processor, and that is part of it.
void RevocationReachesEightThreads(benchmark::State& state) {
  using Instant = std::chrono::steady_clock::time_point;
  std::vector<double> took;
  for (auto _ : state) {
    authority::CapabilityTable table(4, system_clock());
    const auto root = *table.mint(grant("state.read:a/"));
    const auto child = *table.attenuate(root, grant("state.read:a/b"));
    std::atomic<int> using_it{0};
    std::array<std::atomic<std::int64_t>, 8> last{};  // when the last use that was allowed began
    std::vector<std::thread> threads;
    for (auto& mine : last)
      threads.emplace_back([&] {
        bool told = false;
        for (;;) {
          const auto begun = std::chrono::steady_clock::now().time_since_epoch().count();
          if (!table.use(child, 0).allowed()) return;
          mine = begun;
          if (!std::exchange(told, true)) ++using_it;
        }
      });
    while (using_it < 8) std::this_thread::yield();
    const Instant begin = std::chrono::steady_clock::now();
    WRIT_ASSERT(table.revoke(root));
    for (auto& t : threads) t.join();
    std::int64_t end = begin.time_since_epoch().count();
    for (const auto& l : last) end = std::max(end, l.load());
    const double seconds = static_cast<double>(end - begin.time_since_epoch().count()) * 1e-9;
    took.push_back(seconds);
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
  std::ranges::sort(took);
  state.counters["p99_us"] = took[took.size() * 99 / 100] * 1e6;
  state.counters["max_us"] = took.back() * 1e6;
}
BENCHMARK(RevocationReachesEightThreads)
    ->UseManualTime()
    ->Iterations(std::getenv("WRIT_BENCH_SMALL") != nullptr ? 5 : 1000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace writ::gate
