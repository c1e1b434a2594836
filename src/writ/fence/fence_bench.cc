// What the fence costs, as ratios in one run: entering and leaving, and one host call round trip, against a raw pair of
// WRPKRU (where the machine has keys) and against a bare system call measured before any of it is armed.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "writ/fence/fence.h"
#include "writ/fence/gadgets.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {

constexpr std::uint64_t stack_top = 1ull << 31;
constexpr ByteCount stack = 16 * page_size;

class Calls final : public HostCalls {
 public:
  HostReply call(std::uint64_t, std::span<const std::uint64_t> a) override { return HostReply::of(a[0]); }
};

// ret; and: rbx = arena, r12 = rdi; do call [rbx] with index 3 and the stack as arguments, r12 times.
constexpr std::uint8_t code_bytes[] = {
    0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
    0x90, 0x90, 0x53, 0x41, 0x54, 0x48, 0x83, 0xec, 0x68,  // push rbx; push r12; sub rsp, 104
    0x48, 0x89, 0xe3, 0x48, 0xc1, 0xeb, 0x22, 0x48, 0xc1, 0xe3, 0x22, 0x49, 0x89, 0xfc,  // rbx = arena; r12 = rdi
    0xbf, 0x03, 0x00, 0x00, 0x00, 0x48, 0x89, 0xe6, 0xff, 0x13,  // edi = 3; rsi = rsp; call [rbx]
    0x49, 0xff, 0xcc, 0x75, 0xf1,                                // dec r12; jnz
    0x48, 0x83, 0xc4, 0x68, 0x41, 0x5c, 0x5b, 0xc3};

struct Bench {
  std::shared_ptr<Fence> fence;
  SlotHandle slot;
  std::unique_ptr<Code> code;
  std::unique_ptr<GuestThread> thread;
  Calls calls;

  Bench() {
    fence = *open_fence({});
    slot = *fence->acquire(Nanoseconds(0));
    (void)slot->protect(stack_top - stack.value(), stack, Access::read_write);
    code = *fence->reserve_code(page_size);
    const Segment text{Segment::Kind::text, 0, page_size, std::as_bytes(std::span(code_bytes))};
    if (!code->load({&text, 1}) || !code->seal(Seal::until_unloaded)) std::abort();
    thread = *fence->guard_thread();
  }
  void enter(std::uint64_t offset, std::uint64_t argument, Nanoseconds budget) {
    auto e = slot->enter(*thread, {code->base() + offset, argument, 0, stack_top, stack, budget}, calls);
    if (!e || e->ending != Ending::returned) std::abort();
  }
};

void bare_system_call(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_getppid));
}
BENCHMARK(bare_system_call);

// Both directions of what the hardware does at the least.
void raw_pair_of_wrpkru(benchmark::State& state) {
  for (auto _ : state) {
    asm volatile("wrpkru" : : "a"(0x55555554), "c"(0), "d"(0) : "memory");
    asm volatile("wrpkru" : : "a"(0x55555554), "c"(0), "d"(0) : "memory");
  }
}
bool register_where_there_are_keys() {
  if (probe_machine().protection_keys != 0) return benchmark::RegisterBenchmark("raw_pair_of_wrpkru", raw_pair_of_wrpkru) != nullptr;
  std::fprintf(stderr, "raw_pair_of_wrpkru: left out, this machine has no protection keys\n");
  return false;
}
[[maybe_unused]] const bool has_keys = register_where_there_are_keys();

void enter_and_leave(benchmark::State& state) {
  Bench b;
  for (auto _ : state) b.enter(0, 0, Nanoseconds(0));
  state.SetLabel(std::string(name(b.fence->strength())));
}
BENCHMARK(enter_and_leave);

void enter_and_leave_with_timer(benchmark::State& state) {
  Bench b;
  for (auto _ : state) b.enter(0, 0, Nanoseconds(1'000'000'000));
}
BENCHMARK(enter_and_leave_with_timer);

void host_call_round_trip(benchmark::State& state) {
  Bench b;
  constexpr int batch = 1000;
  while (state.KeepRunningBatch(batch)) b.enter(16, batch, Nanoseconds(0));
  state.SetLabel(std::string(name(b.fence->strength())));
}
BENCHMARK(host_call_round_trip);

void system_call_of_a_guest_thread(benchmark::State& state) {
  Bench b;
  for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_getppid));
}
BENCHMARK(system_call_of_a_guest_thread);

void open_a_fence(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(open_fence({}));
}
BENCHMARK(open_a_fence)->Unit(benchmark::kMicrosecond)->Iterations(200);  // sealed gates stay mapped: not without end

void rebuild_a_slot(benchmark::State& state) {
  Bench b;
  for (auto _ : state) {
    if (!b.slot->rebuild() || !b.slot->protect(stack_top - stack.value(), stack, Access::read_write)) std::abort();
    b.enter(0, 0, Nanoseconds(0));
  }
}
BENCHMARK(rebuild_a_slot)->Unit(benchmark::kMicrosecond);

// Code as compilers make it: this program's own.
void scan_an_image(benchmark::State& state) {
  const auto* begin = reinterpret_cast<const std::byte*>(&code_bytes);
  std::vector<std::byte> code;
  for (int i = 0; i < 1 << 20; ++i) code.push_back(begin[static_cast<std::size_t>(i) % sizeof code_bytes]);
  for (auto _ : state) benchmark::DoNotOptimize(first_forbidden(code));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(code.size()));
}
BENCHMARK(scan_an_image);

// What `open_a_fence` of strength key adds: all executable memory of this process is scanned and patched (once).
void scan_this_process(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(remove_gadgets());
}
BENCHMARK(scan_this_process)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace writ::fence
