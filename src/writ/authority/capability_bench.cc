// What asking a capability costs, beside an indirect call plus a load; the pattern of a path beside RE2; and how both grow
// with the number of capabilities and their depth.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <numeric>

#ifdef WRIT_RE2
#include <re2/re2.h>
#endif

#include "writ/authority/capability.h"
#include "writ/base/assert.h"

namespace writ::authority {
namespace {

Grant grant(std::string_view text) {
  auto g = parse_grant(text, "/", WallTime{});
  WRIT_ASSERT(g);
  return std::move(*g);
}

bool small() { return std::getenv("WRIT_BENCH_SMALL") != nullptr; }

using Question = bool (*)(const std::uint64_t*);
bool is_odd(const std::uint64_t* word) { return *word & 1; }

void IndirectCallAndLoad(benchmark::State& state) {
  Question question = is_odd;
  std::uint64_t word = 7;
  for (auto _ : state) {
    benchmark::DoNotOptimize(question);
    benchmark::DoNotOptimize(word);
    benchmark::DoNotOptimize(question(&word));
  }
}
BENCHMARK(IndirectCallAndLoad);

// A capability that was matched with its resource when that was opened: what every read and write after that asks.
void CheckBound(benchmark::State& state) {
  CapabilityTable table(4, system_clock());
  const auto h = *table.mint(grant("file.read:/usr/share/"));
  for (auto _ : state) benchmark::DoNotOptimize(table.stands(h));
}
BENCHMARK(CheckBound);

void UseBound(benchmark::State& state) {
  CapabilitySet set({grant("file.read:/usr/share/")}, {}, system_clock());
  for (auto _ : state) benchmark::DoNotOptimize(set.use_again(0, 4096, 65536));
}
BENCHMARK(UseBound);

void UseBoundWithABudget(benchmark::State& state) {
  CapabilitySet set({grant("file.read:/usr/share/,uses=18446744073709551615,bytes=9000000GiB")}, {}, system_clock());
  for (auto _ : state) benchmark::DoNotOptimize(set.use_again(0, 1, 65536));
}

// What a task has, as it begins: copied into pages that are then sealed; and copied as values are.
std::vector<Grant> grants_of_a_task() {
  return {grant("state.read:orders/"), grant("state.write:orders/,bytes=10MiB"), grant("file.read:/usr/share/dict/words"), grant("clock.real")};
}
void MakeTheSetOfATask(benchmark::State& state) {
  const auto grants = grants_of_a_task();
  for (auto _ : state) {
    CapabilitySet set(grants, {}, system_clock());
    benchmark::DoNotOptimize(set.grants().data());
  }
}
BENCHMARK(MakeTheSetOfATask);

void CopyTheGrantsOfATask(benchmark::State& state) {
  const auto grants = grants_of_a_task();
  for (auto _ : state) {
    auto copy = grants;
    benchmark::DoNotOptimize(copy.data());
  }
}
BENCHMARK(CopyTheGrantsOfATask);

// Decided from nothing: the patterns are matched.
void UseUnbound(benchmark::State& state) {
  CapabilitySet set({grant("file.read:/usr/share/**/*.tab")}, {}, system_clock());
  const effect::Effect e{effect::Kind::file_read, "/usr/share/zoneinfo/right/America/Argentina/zone1970.tab", 0, 0};
  for (auto _ : state) benchmark::DoNotOptimize(set.use(e));
}
BENCHMARK(UseUnbound);

struct Glob {
  const char *pattern, *expression, *path;
};
constexpr Glob globs[] = {
    {"/usr/share/zoneinfo/*", "/usr/share/zoneinfo/[^/]*", "/usr/share/zoneinfo/Europe"},
    {"/usr/share/**/*.tab", "/usr/share/(?:[^/]+/)*[^/]*\\.tab", "/usr/share/zoneinfo/right/America/zone1970.tab"},
    {"/srv/*/data/2026-*-*.json", "/srv/[^/]*/data/2026-[^/]*-[^/]*\\.json", "/srv/orders/data/2026-11-25.json"},
    {"/a/*a*a*a*a*b", "/a/[^/]*a[^/]*a[^/]*a[^/]*a[^/]*b", "/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

void PatternGlob(benchmark::State& state) {
  const auto& g = globs[state.range(0)];
  const auto p = *Pattern::parse(g.pattern, effect::ResourceForm::host_path, "/");
  std::string path = g.path;
  for (auto _ : state) {
    benchmark::DoNotOptimize(path.data());
    benchmark::DoNotOptimize(p.covers(path));
  }
}
BENCHMARK(PatternGlob)->DenseRange(0, 3);

#ifdef WRIT_RE2
void Re2Glob(benchmark::State& state) {
  const auto& g = globs[state.range(0)];
  const re2::RE2 expression(g.expression);
  std::string path = g.path;
  const auto p = *Pattern::parse(g.pattern, effect::ResourceForm::host_path, "/");
  if (re2::RE2::FullMatch(path, expression) != p.covers(path)) state.SkipWithError("the two patterns differ");
  for (auto _ : state) {
    benchmark::DoNotOptimize(path.data());
    benchmark::DoNotOptimize(re2::RE2::FullMatch(path, expression));
  }
}
BENCHMARK(Re2Glob)->DenseRange(0, 3);
#endif

// `count` capabilities below one root, in lines of `depth`; the deepest of them are asked in turn.
struct Family {
  Family(std::uint32_t count, std::uint32_t depth) : table(count + 1, system_clock()) {
    root = *table.mint(grant("file.read:/usr/"));
    for (auto line = root; leaves.size() * depth < count;) {
      line = root;
      for (std::uint32_t d = 0; d < depth; ++d) line = *table.attenuate(line, table.find(root)->grant);
      leaves.push_back(line);
    }
  }
  CapabilityTable table;
  Handle root;
  std::vector<Handle> leaves;
};

void CheckOneOfMany(benchmark::State& state) {
  Family family(static_cast<std::uint32_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)));
  for (const auto h : family.leaves) benchmark::DoNotOptimize(family.table.stands(h));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(family.table.stands(family.leaves[i]));
    if (++i == family.leaves.size()) i = 0;
  }
}

void RevokeTheRoot(benchmark::State& state) {
  Family family(static_cast<std::uint32_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)));
  for (auto _ : state) WRIT_ASSERT(family.table.revoke(family.root));
  WRIT_ASSERT(!family.table.stands(family.leaves.back()));
}

// The first question after some revocation walks to the root, once for each capability.
void CheckAfterARevocation(benchmark::State& state) {
  Family family(static_cast<std::uint32_t>(state.range(0)), static_cast<std::uint32_t>(state.range(1)));
  const auto other = *family.table.attenuate(family.root, family.table.find(family.root)->grant);
  for (auto _ : state) {
    family.table.mark_revoked(other);
    benchmark::DoNotOptimize(family.table.stands(family.leaves.back()));
  }
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"capabilities", "depth"});
  if (small()) {
    b->Args({100, 10});
    return;
  }
  b->Args({100, 1})->Args({1000, 100})->Args({10'000, 100})->Args({100'000, 100});
}
BENCHMARK(CheckOneOfMany)->Apply(sizes);
BENCHMARK(RevokeTheRoot)->Apply(sizes);
BENCHMARK(CheckAfterARevocation)->Apply(sizes);
BENCHMARK(UseBoundWithABudget);

}  // namespace
}  // namespace writ::authority
