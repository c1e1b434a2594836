// What a policy adds to one effect, with 3 to 2,000 rules: remembered (everything about it is fixed), dynamic (one rule
// looks at the size), new (a resource never seen before). bench/peers/cedar.mjs measures Cedar on an equal policy.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/enforcer.h"

namespace writ::authority::policy {
namespace {

// Each tenant has a bound of its own for what it writes, and nobody reads another's secrets.
std::shared_ptr<const Program> policy_of(std::int64_t rules) {
  std::string text = "policy P {\n";
  for (std::int64_t i = 0; i < rules; ++i)
    text +=
        i % 2 == 0
            ? fmt::format("rule r{0} {{ forall e: StateWrite where e.resource like \"tenant{0}/**\" {{ e.size <= {1}.KB }} }}\n",
                          i, 100 + i)
            : fmt::format(
                  "rule r{0} {{ forall e: StateRead where e.resource like \"tenant{0}/secret/**\" {{ component.name == \"t{0}\" "
                  "}} }}\n",
                  i);
  auto program = load(text + "}", "bench.policy");
  return program ? *program : nullptr;
}

Enforcer enforcer_of(const std::shared_ptr<const Program>& program) {
  return {program, {"job", "", "", "", {}}, {{"/", {}}}, system_clock()};
}

void BM_Remembered(benchmark::State& state) {
  const auto program = policy_of(state.range(0));
  if (!program) return state.SkipWithError("the policy does not compile");
  auto enforcer = enforcer_of(program);
  const effect::Effect e{effect::Kind::state_read, "tenant1/orders/2026", 4096, 4096};
  for (auto _ : state)
    if (!enforcer.decide(e, 0, {}).empty()) return state.SkipWithError("refused");
}
BENCHMARK(BM_Remembered)->Arg(3)->Arg(20)->Arg(200)->Arg(2000);

void BM_Dynamic(benchmark::State& state) {
  const auto program = policy_of(state.range(0));
  if (!program) return state.SkipWithError("the policy does not compile");
  auto enforcer = enforcer_of(program);
  effect::Effect e{effect::Kind::state_write, "tenant0/orders/2026", 4096, 4096};
  for (auto _ : state) {
    e.size = (e.size + 1) & 0xffff;
    if (!enforcer.decide(e, 0, {}).empty()) return state.SkipWithError("refused");
  }
}
BENCHMARK(BM_Dynamic)->Arg(3)->Arg(20)->Arg(200)->Arg(2000);

void BM_New(benchmark::State& state) {
  const auto program = policy_of(state.range(0));
  if (!program) return state.SkipWithError("the policy does not compile");
  auto enforcer = enforcer_of(program);
  effect::Effect e{effect::Kind::state_write, "tenant0/orders/00000000", 4096, 4096};
  std::uint64_t n = 0;
  for (auto _ : state) {
    for (std::uint64_t rest = ++n, at = 0; at < 8; ++at, rest /= 10)
      e.resource[e.resource.size() - 1 - at] = static_cast<char>('0' + rest % 10);
    if (!enforcer.decide(e, 0, {}).empty()) return state.SkipWithError("refused");
  }
}
BENCHMARK(BM_New)->Arg(3)->Arg(20)->Arg(200)->Arg(2000);

void BM_Compile(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(policy_of(state.range(0)));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(BM_Compile)->Arg(3)->Arg(20)->Arg(200)->Arg(2000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace writ::authority::policy
