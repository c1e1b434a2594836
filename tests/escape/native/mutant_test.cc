// Each guard of the gate is worth its place: a gate without it lets an attack through that the whole gate stops. Every trial
// runs in a child, because what gets through may take the process with it.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "attacks.h"
#include "host_state.h"
#include "image.h"
#include "writ/fence/native_slot.h"
#include "writ/fence/native_thread.h"
#include "writ/memory/layout.h"
#include "writ/fence/testing_options.h"

#define WRIT_GATE(name)                                 \
  extern "C" const std::byte writ_gate_##name##_code[]; \
  extern "C" const writ::fence::GateMap writ_gate_##name##_map;
WRIT_GATE(key_without_check)
WRIT_GATE(key_whole)
WRIT_GATE(page_without_thread)
WRIT_GATE(page_without_flags)
WRIT_GATE(page_without_fpu)
WRIT_GATE(page_without_scrub)
WRIT_GATE(page_whole)
#define WRIT_TEMPLATE(name) \
  fence::GateTemplate { {writ_gate_##name##_code, writ_gate_##name##_map.size}, &writ_gate_##name##_map }

namespace writ::escape {
namespace {

using fence::Ending;

class Calls final : public fence::HostCalls {
 public:
  std::string damage;
  bool forbidden = false;  // whoever gets here has come through a gate that was not his
  fence::HostReply call(std::uint64_t index, std::span<const std::uint64_t>) override {
    if (forbidden) _exit(1);
    if (auto d = host_damage(); !d.empty()) damage = d;
    mark_vectors();
    return index == CALL_FIRST_IMPORT ? fence::HostReply::of(0) : fence::HostReply::refuse();
  }
};

// A slot beside those of the fence, with a gate of the test's choice.
struct Rig {
  std::shared_ptr<fence::Fence> fence;
  Image image = *load_image(*fence, WRIT_HOSTILE_IMAGE);
  fence::SlotHandle lent = *fence->acquire(Nanoseconds(0));
  std::unique_ptr<fence::GuestThread> thread = *fence->guard_thread();
  fence::GatePages gates = *fence::GatePages::reserve(1);
  std::unique_ptr<fence::NativeSlot> slot;
  std::string secret = "a secret in the heap of the host";
  std::uint64_t about = reinterpret_cast<std::uint64_t>(secret.data());  // what the attacker knows of the host
  Calls calls;

  explicit Rig(const fence::GateTemplate& gate)
      : fence(*fence::open_fence(wanted(gate.map->writes[0] ? fence::Want::key : fence::Want::page, 2))) {
    fence::SlotKeys keys;
    if (fence->strength() == fence::Strength::key)
      keys = {static_cast<int>(syscall(SYS_pkey_alloc, 0, 0)), static_cast<fence::NativeSlot&>(*lent).keys().shared};
    auto* page = gates.install(0, gate, keys.guest_pkru());
    slot = std::make_unique<fence::NativeSlot>(keys, gates.control(0), page, *gate.map, signal_stack());
    if (!gates.seal({}) || !slot->prepare()) std::abort();
    ready(*slot);
    ready(*lent);
  }
  static fence::Options wanted(fence::Want want, std::size_t slots) {
    return fence::testing_options(std::getenv(fence::signal_stack_variable), want, slots);
  }
  fence::SignalStack signal_stack() const {  // as the fence beside us chose
    const bool forced = wanted(fence::Want::automatic, 1).signal_stack == fence::SignalStack::slot;
    const bool in_slot = forced || !fence::probe_machine().signal_stack_in_denied_key;
    return in_slot && fence->strength() == fence::Strength::key ? fence::SignalStack::slot : fence::SignalStack::host;
  }
  static void ready(fence::Slot& s) {
    (void)s.protect(ARENA_STACK_TOP - ARENA_STACK, ByteCount(ARENA_STACK), fence::Access::read_write);
  }
  Ending attack(fence::Slot& from, Attack what, std::uint64_t at) {
    mark_vectors();
    const std::uint64_t first = static_cast<std::uint64_t>(what) | about << 16;
    const auto e = from.enter(
        *thread, {image.entry, first, at, ARENA_STACK_TOP, ByteCount(ARENA_STACK), Nanoseconds(1'000'000'000)},
        calls);
    return e && e->detail != 0xdead ? e->ending : Ending::left;
  }
  // As a test would see it.
  int verdict(Ending got, Ending wanted) {
    return got == wanted && host_damage().empty() && calls.damage.empty() ? 0 : 1;
  }
};

enum class Way { within, into };  // from the slot with that gate, or from another slot into that gate

// Once through the gate from further down the stack, so that the way out that it remembers is not by chance the right one.
[[gnu::noinline]] Ending run_deeper(Rig& rig) {
  volatile char space[16384];
  space[0] = 0;
  return rig.attack(*rig.slot, attack_nothing, static_cast<unsigned char>(space[0]));
}

int child(const fence::GateTemplate& gate, Way way, Attack what, int write, Ending wanted) {
  Rig rig(gate);
  const auto page = reinterpret_cast<std::uint64_t>(rig.slot->gate());
  if (run_deeper(rig) != Ending::returned) return 2;
  if (way == Way::into) return rig.verdict(rig.attack(*rig.lent, what, page + gate.map->call), wanted);
  return rig.verdict(rig.attack(*rig.slot, what, write < 0 ? 0 : page + gate.map->writes[write]), wanted);
}

void expect_guard(const fence::GateTemplate& whole, const fence::GateTemplate& mutant, Way way, Attack what,
                  int write, Ending wanted) {
  EXPECT_EXIT(_exit(child(whole, way, what, write, wanted)), testing::ExitedWithCode(0), "");
  const auto falls = [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; };
  EXPECT_EXIT(_exit(child(mutant, way, what, write, wanted)), falls, "");
}

bool keys() { return fence::probe_machine().why_not(fence::Strength::key).empty(); }

TEST(Mutants, WithoutTheCheckBehindWrpkru) {
  if (!keys()) GTEST_SKIP() << "NOT COVERED: no protection keys";
  expect_guard(WRIT_TEMPLATE(key_whole), WRIT_TEMPLATE(key_without_check), Way::within, attack_jump_forged, 0,
               Ending::illegal_instruction);
}

TEST(Mutants, WithoutTheComparisonOfThreads) {
  expect_guard(WRIT_TEMPLATE(page_whole), WRIT_TEMPLATE(page_without_thread), Way::into, attack_jump_forged, -1,
               Ending::illegal_instruction);
}

TEST(Mutants, WithoutTheHostsFlags) {
  expect_guard(WRIT_TEMPLATE(page_whole), WRIT_TEMPLATE(page_without_flags), Way::within, attack_flags, -1,
               Ending::returned);
}

TEST(Mutants, WithoutTheHostsFloatingPoint) {
  expect_guard(WRIT_TEMPLATE(page_whole), WRIT_TEMPLATE(page_without_fpu), Way::within, attack_fpu_full, -1,
               Ending::returned);
}

TEST(Mutants, WithoutTheScrub) {
  expect_guard(WRIT_TEMPLATE(page_whole), WRIT_TEMPLATE(page_without_scrub), Way::within, attack_leak_low_vectors, -1,
               Ending::returned);
}

// Not a mutant, but it has to run in a child as well: a guest that moved FS takes the process with it, because a signal
// handler has no other way to its thread. It must not get further than that: not through the gate of a slot where nobody is.
TEST(Mutants, LoadingFsKillsAndOpensNothing) {
  const auto killed_or_stopped = [](int status) { return WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) == 0; };
  const auto trial = [] {
    Rig rig(WRIT_TEMPLATE(page_whole));
    if (run_deeper(rig) != Ending::returned) return 2;
    rig.calls.forbidden = true;
    rig.about = reinterpret_cast<std::uint64_t>(rig.slot->base()) + ARENA_STACK_TOP - 256;  // arguments that its gate takes
    rig.attack(*rig.lent, attack_load_fs, reinterpret_cast<std::uint64_t>(rig.slot->gate()) + writ_gate_page_whole_map.call);
    return 0;
  };
  EXPECT_EXIT(_exit(trial()), killed_or_stopped, "");
}

// The same attack with the alternate stack as it is, and with one that stays armed while the guest runs.
int stack_attack(int flags) {
  Rig rig(WRIT_TEMPLATE(page_whole));
  const auto& record = static_cast<fence::NativeThread&>(*rig.thread).record();
  if (flags == 0) {
    stack_t s{};
    s.ss_sp = record.stack;
    s.ss_size = record.stack_size;
    if (sigaltstack(&s, nullptr)) return 2;
  }
  const auto near_its_end = reinterpret_cast<std::uint64_t>(record.stack) + 700;
  return rig.verdict(rig.attack(*rig.slot, attack_stack_there_then_syscall, near_its_end), Ending::forbidden_call);
}

TEST(Mutants, WithoutTheDisarmingOfTheSignalStack) {
  EXPECT_EXIT(_exit(stack_attack(1)), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(_exit(stack_attack(0)), testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace writ::escape
