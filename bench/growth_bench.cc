// How a store grows with small tasks: bytes on disk a task, CPU time a task with 64 callers, and what the audit of it all
// takes a task. Goals: at most 4 KiB a task signed by itself and 1 KiB in batches, flat; an audit that is linear.
//
// A small task here is one program under one grant that reads an object and, in half of the rows, writes one of 1000
// objects of 64 bytes. Admission, gate, journal, manifests, log, state map, signatures and commit are those of every task;
// the guest is a function of this file, so that nothing but the record is measured. The bytes are those of the store's
// folder after it was closed, the objects' own bytes included. The disk is not waited for.
#include <benchmark/benchmark.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <thread>

#include "figures.h"
#include "writ/base/assert.h"
#include "writ/base/id.h"
#include "writ/proof/notary.h"
#include "writ/runtime/audit.h"
#include "writ/task/executor.h"

namespace writ::bench {
namespace {

constexpr std::size_t callers = 64, objects = 1000;

enum class Task { reads, writes };

class SmallGuest final : public guest::Engine {
 public:
  SmallGuest(Task task, std::string object) : task_(task), object_(std::move(object)) {}
  std::string_view fence() const override { return "none"; }
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte>) override { return std::make_shared<const Nothing>(); }
  Result<guest::Run> run(const guest::Image&, guest::Call& call) override {
    (void)call.session.open_object("in/settings", effect::Access::read, gate::Creation::must_exist);
    if (task_ == Task::writes) {
      WRIT_TRY(auto object, call.session.open_object(object_, effect::Access::write, gate::Creation::may_create));
      WRIT_CHECK(object->truncate(0));
      WRIT_CHECK(object->write_at(0, Bytes(64, std::byte{'x'})));
    }
    return guest::Run{guest::Outcome{}, {}};
  }

 private:
  class Nothing final : public guest::Image {
    const guest::Tool& engine() const override { return tool_; }
    const guest::Tool& toolchain() const override { return tool_; }
    guest::Tool tool_{"function", digest({})};
  };
  Task task_;
  std::string object_;
};

struct House {
  const std::string folder = std::string(WRIT_BINARY_DIR) + "/growth-" + TaskId::random().brief();
  std::unique_ptr<store::Store> store;
  std::optional<proof::Notary> notary;

  explicit House(proof::Signing signing) {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder, options);
    WRIT_ASSERT(opened);
    store = std::move(*opened);
    auto key = SigningKey::generate();
    WRIT_ASSERT(key);
    notary.emplace(std::move(*key), "writ/growth", signing);
    if (signing == proof::Signing::batch) store->seal_with([this](store::Transaction& t) { return notary->seal(t); });
  }
  ~House() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  std::uint64_t bytes_when_closed() {
    store.reset();
    std::uint64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) bytes += file.file_size();
    return bytes;
  }
};

task::Spec spec() {
  task::Spec s;
  s.code_name = "small.wasm";
  s.code = to_bytes("a small program");
  for (const char* grant : {"state.read:in/", "state.write:out/"}) s.grants.push_back(*authority::parse_grant(grant, "/", {}));
  return s;
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

void small_tasks(benchmark::State& state, Task task, proof::Signing signing) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    House house(signing);
    std::atomic<std::uint64_t> next{0}, failed{0};
    const double before = cpu_seconds();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < callers; ++i)
      threads.emplace_back([&] {
        for (std::uint64_t n; (n = next++) < count;) {
          SmallGuest guest(task, "out/" + std::to_string(n % objects));
          const auto report = task::Executor({*house.store, guest, nullptr, *house.notary, system_clock()}).execute(spec());
          // Two callers may meet on one object; who loses leaves a receipt too.
          if (!report || !report->outcome.success()) ++failed;
        }
      });
    for (auto& t : threads) t.join();
    const double ran = cpu_seconds();
    if (failed != 0) return state.SkipWithError("a task failed");
    const auto report = runtime::audit(*house.store->snapshot(), {house.notary->verifier()}, system_clock());
    const double audited = cpu_seconds();
    if (!report || !report->failed.empty() || report->verified < count) return state.SkipWithError("the audit found something");
    const auto per_task = [&](double v) { return v / static_cast<double>(count); };
    state.counters["task_cpu_us"] = per_task((ran - before) * 1e6);
    state.counters["audit_cpu_us"] = per_task((audited - ran) * 1e6);
    state.counters["bytes"] = per_task(static_cast<double>(house.bytes_when_closed()));
  }
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
  if (small()) b->Arg(100);
  else b->Arg(10'000)->Arg(30'000)->Arg(100'000);
}
BENCHMARK_CAPTURE(small_tasks, reads_signed_each, Task::reads, proof::Signing::each)->Apply(sizes);
BENCHMARK_CAPTURE(small_tasks, reads_signed_in_batches, Task::reads, proof::Signing::batch)->Apply(sizes);
BENCHMARK_CAPTURE(small_tasks, writes_signed_each, Task::writes, proof::Signing::each)->Apply(sizes);
BENCHMARK_CAPTURE(small_tasks, writes_signed_in_batches, Task::writes, proof::Signing::batch)->Apply(sizes);

}  // namespace
}  // namespace writ::bench
