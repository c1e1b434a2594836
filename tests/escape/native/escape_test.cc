// Runs the table against the running fence: each attack ends as expected, the host is whole, and the next task runs clean in
// the same slot. Then all of them mixed, on two threads, without anything growing.
#include <dirent.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <thread>

#include "attack_table.h"
#include "host_state.h"
#include "image.h"
#include "writ/base/file.h"
#include "writ/fence/native_signals.h"
#include "writ/fence/native_slot.h"
#include "writ/fence/native_thread.h"
#include "writ/fence/scan.h"
#include "writ/memory/arena.h"
#include "writ/fence/testing_options.h"

namespace writ::escape {
namespace {

using fence::Ending;

const std::string secret_text =
    "a long text in the heap of the host, which no guest may read and no guest may change";

class Calls final : public fence::HostCalls {
 public:
  std::string damage;
  fence::HostReply call(std::uint64_t index, std::span<const std::uint64_t>) override {
    if (auto d = host_damage(); !d.empty()) damage = d;
    mark_vectors();
    if (index != CALL_FIRST_IMPORT) return fence::HostReply::refuse();
    return fence::HostReply::of(0);
  }
};

// One thread's place to run guests: a slot to attack from, and one to attack.
struct Place {
  std::unique_ptr<fence::GuestThread> thread;
  std::optional<memory::Arena> own, other;
  std::string secret = secret_text;
  Calls calls;

  void open(fence::Fence& fence) {
    thread = *fence.guard_thread();
    own.emplace(std::move(*memory::Arena::open(*fence.acquire(std::chrono::minutes(1)), {})));
    if (fence.slots() > 1)
      other.emplace(std::move(*memory::Arena::open(*fence.acquire(std::chrono::minutes(1)), {})));
  }
  static fence::NativeSlot& native(memory::Arena& a) { return static_cast<fence::NativeSlot&>(a.slot()); }

  Targets targets(const fence::Fence& fence) {
    Targets t;
    auto& slot = native(*own);
    auto& record = static_cast<fence::NativeThread&>(*thread).record();
    t.secret = reinterpret_cast<std::uint64_t>(secret.data());
    t.arena = own->address(0);
    t.gate = reinterpret_cast<std::uint64_t>(slot.gate());
    t.gate_call = t.gate + slot.gate_map().call;
    t.gate_abandon = t.gate + slot.gate_map().abandon;
    for (const auto w : slot.gate_map().writes)
      if (w) t.gate_writes.push_back(t.gate + w);
    std::memcpy(&t.control, slot.gate() + slot.gate_map().control[0], 8);
    t.selector = reinterpret_cast<std::uint64_t>(static_cast<fence::NativeThread&>(*thread).selector());
    t.record = reinterpret_cast<std::uint64_t>(&record);
    t.signal_stack = reinterpret_cast<std::uint64_t>(record.stack);
    t.avx512 = fence::probe_machine().vectors == fence::Machine::Vectors::avx512;
    if (other) {
      t.neighbour = other->address(ARENA_STATE);
      t.neighbour_gate = reinterpret_cast<std::uint64_t>(native(*other).gate());
      t.neighbour_gate_call = t.neighbour_gate + native(*other).gate_map().call;
    }
    if (fence.strength() == fence::Strength::key) t.restore_thunk = find_thunk();
    return t;
  }

  // The bytes of the checked XRSTOR, in whatever executable memory they are.
  static std::uint64_t find_thunk() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      unsigned long begin = 0, end = 0;
      char access[5] = {};
      if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) != 3 || std::strncmp(access, "r-x", 3) != 0)
        continue;
      if (line.find("[v") != std::string::npos) continue;
      const std::string_view code(reinterpret_cast<const char*>(begin), end - begin);
      std::string wanted("\x00\xae\x6c\x24\x48\xa9\x00\x02\x00\x00", 10);
      volatile char opcode = 0x0f;  // or the comparison's own constant would be such a gadget
      wanted[0] = opcode;
      const auto at = code.find(wanted);
      if (at != code.npos) return begin + at;
    }
    return 0;
  }

  Result<fence::Exit> run(const Image& image, const Case& c) {
    const std::uint64_t what = static_cast<std::uint64_t>(c.what) | reinterpret_cast<std::uint64_t>(secret.data())
                                                                        << 16;
    calls.damage.clear();
    mark_vectors();
    return own->enter(*thread, image.entry, what, c.at, c.budget, calls);
  }

  // Empty if all is as it should be.
  std::string check(const Image& image, const Case& c) {
    auto problem = attack(image, c);
    if (!problem.empty() && own->slot().poisoned() && !own->reset()) problem += ", and the slot cannot be rebuilt";
    return problem;
  }

 private:
  std::string attack(const Image& image, const Case& c) {
    const auto exit = run(image, c);
    if (!exit) return c.name + ": " + exit.error().text();
    const auto said = [&] {
      return c.name + ": " + std::string(name(exit->ending)) + " " + std::to_string(exit->detail);
    };
    if (std::ranges::find(c.expected, exit->ending) == c.expected.end()) return said();
    if (exit->ending == Ending::forbidden_call && exit->detail == 0xdead) return said() + " (it got through)";
    if (c.detail >= 0 && exit->detail != c.detail) return said();
    if (const auto damage = host_damage(); !damage.empty()) return c.name + " damaged the host: " + damage;
    if (!calls.damage.empty()) return c.name + " damaged a host call: " + calls.damage;
    if (secret != secret_text) return c.name + " changed the host's memory";
    const bool clean = exit->ending == Ending::returned || exit->ending == Ending::left;
    if (own->slot().poisoned() == clean) return c.name + (clean ? ": poisoned" : ": not poisoned");
    if (auto r = own->reset(); !r) return c.name + ": " + r.error().text();
    if (const auto next = run(image, {"", attack_nothing, 0, {}}); !next || next->ending != Ending::returned)
      return c.name + ": the next task did not run clean";
    return {};
  }
};

class Escape : public testing::Test {
 protected:
  void SetUp() override {
    auto f = fence::open_fence(fence::testing_options(std::getenv(fence::signal_stack_variable)));
    ASSERT_TRUE(f) << f.error().text();
    fence = *f;
    auto i = load_image(*fence, WRIT_HOSTILE_IMAGE);
    ASSERT_TRUE(i) << i.error().text();
    image = std::move(*i);
  }
  std::shared_ptr<fence::Fence> fence;
  Image image;
};

TEST_F(Escape, EveryAttackEndsAsExpected) {
  Place place;
  place.open(*fence);
  const auto all = cases(fence->strength(), place.targets(*fence));
  ASSERT_GE(all.size(), fence->strength() == fence::Strength::key ? 450u : 85u);
  for (const auto& c : all) EXPECT_EQ(place.check(image, c), "");
  if (fence->strength() != fence::Strength::key)
    std::printf("NOT COVERED: attacks on the host's memory: strength is %s (%s)\n",
                std::string(name(fence->strength())).c_str(),
                fence::probe_machine().why_not(fence::Strength::key).c_str());
}

TEST_F(Escape, NoGadgetIsLeftOpen) {
  for (const auto& g : fence->gadgets())
    EXPECT_NE(g.state, fence::Gadget::State::open) << g.instruction << " at " << g.where;
  const auto* libc = static_cast<const std::byte*>(dlsym(RTLD_DEFAULT, "pkey_set"));
  ASSERT_NE(libc, nullptr);
  EXPECT_EQ(fence::scan({libc, 128}).empty(), fence->strength() == fence::Strength::key);
}

long lines(const char* path) {
  std::ifstream f(path);
  long n = 0;
  for (std::string l; std::getline(f, l);) ++n;
  return n;
}
long descriptors() {
  long n = 0;
  DIR* d = opendir("/proc/self/fd");
  while (readdir(d)) ++n;
  closedir(d);
  return n;
}
long resident_kib() {
  std::ifstream f("/proc/self/status");
  for (std::string word; f >> word;)
    if (word == "VmRSS:") {
      long v = 0;
      f >> v;
      return v;
    }
  return 0;
}

TEST_F(Escape, MixedOnTwoThreadsNothingGrows) {
  std::atomic<int> wrong{0}, done{0};
  std::string first_wrong;
  std::mutex mutex;
  const auto work = [&](unsigned seed, int count) {
    std::mt19937 random(seed);
    while (count > 0) {
      Place place;  // a new loan of a slot every now and then; on one slot the threads take turns
      place.open(*fence);
      const auto all = cases(fence->strength(), place.targets(*fence));
      for (int i = 0; i < 100 && count > 0; ++i, --count, ++done) {
        const auto problem = place.check(image, all[random() % all.size()]);
        if (problem.empty()) continue;
        std::lock_guard lock(mutex);
        if (!wrong++) first_wrong = problem;
      }
      place.own.reset();
      place.other.reset();
    }
  };
  const auto round = [&](int count) {
    std::thread a(work, 1u, count), b(work, 2u, count);
    a.join();
    b.join();
  };
  // A few thousand; a hundred thousand in `./dev soak`; fewer where the CPU is emulated.
  const int count = std::getenv("WRIT_SOAK") ? 50'000 : std::getenv("WRIT_EMULATED") ? 500 : 2000;
  round(300);  // warm
  const long fds = descriptors(), mappings = lines("/proc/self/maps"), resident = resident_kib();
  round(count);
  EXPECT_EQ(wrong, 0) << first_wrong;
  EXPECT_EQ(done, 2 * (300 + count));
  EXPECT_EQ(descriptors(), fds);
  EXPECT_LE(lines("/proc/self/maps"), mappings + 8);
  EXPECT_LE(resident_kib(), resident + 2048);
}

}  // namespace
}  // namespace writ::escape
