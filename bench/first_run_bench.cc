// The first run of a module that nobody has seen, and the second one on its best image, as whole processes, against Node's
// WASI on the same module. `words` is C++ with vector, map, string and scanf, `streams` the same with iostreams.
//
// A module is unseen when its digest is: each round appends a custom section of its own, which changes nothing else. The
// builder in the background is off while the first run is timed, since it would be timed too; the second run is that of
// the module as it is, built before. They take turns, round by round. Counters: medians in milliseconds and their ratios
// (goals: first at most 1.5, second below 1).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "figures.h"
#include "process.h"
#include "writ/base/file.h"
#include "writ/base/id.h"

namespace writ::bench {
namespace {

struct Times {
  std::vector<double> wall_ms, cpu_ms;
  void add(const Finished& f) {
    wall_ms.push_back(f.wall_ms);
    cpu_ms.push_back(f.cpu_ms);
  }
};

class House {
 public:
  House() { std::filesystem::create_directories(folder_); }
  ~House() { std::filesystem::remove_all(folder_); }
  House(const House&) = delete;
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::vector<std::string> environment() const {
    return {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + folder_, "WRIT_BACKGROUND=off"};
  }
  Finished run(const std::vector<std::string>& command) const { return run_process(command, environment(), file("output")); }

 private:
  const std::string folder_ = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
};

// A custom section without a name and with 16 bytes that no other module has.
std::string unseen(const std::string& module) {
  const TaskId id = TaskId::random();
  std::string section{'\0', static_cast<char>(1 + id.bytes.size()), '\0'};
  for (const auto b : id.bytes) section += static_cast<char>(b);
  return module + section;
}

void first_and_second(benchmark::State& state, const std::string& module) {
  const House house;
  const auto text = read_file(module, 64 * MiB);
  const auto node = find_program("node");
  if (!text) return state.SkipWithError(text.error().text().c_str());
  const std::string fresh = house.file("fresh.wasm");
  const std::vector<std::string> writ_first{WRIT_PROGRAM, "run", "--store", house.file("store"), fresh};
  const std::vector<std::string> writ_second{WRIT_PROGRAM, "run", "--store", house.file("store"), module};
  const std::vector<std::string> peer{node.value_or("/bin/true"), "--no-warnings", WRIT_PEERS "/wasi.cjs", fresh};
  if (!node) std::fprintf(stderr, "first_run: node is not installed; the ratios compare with /bin/true and mean nothing\n");
  if (house.run({WRIT_PROGRAM, "init", "--store", house.file("store")}).status != 0 ||
      house.run({WRIT_PROGRAM, "build", "--store", house.file("store"), module}).status != 0)
    return state.SkipWithError("the module does not build");
  Times first, second, other;
  for (auto _ : state) {
    if (!replace_file(fresh, unseen(*text), 0600, Survives::crash)) return state.SkipWithError("cannot write a module");
    const Finished a = house.run(writ_first), b = house.run(peer), c = house.run(writ_second);
    if (a.status != 0 || b.status != 0 || c.status != 0) return state.SkipWithError("a run fails");
    first.add(a);
    other.add(b);
    second.add(c);
    state.SetIterationTime(a.wall_ms / 1e3);
  }
  state.counters["module_KB"] = static_cast<double>(text->size()) / 1e3;
  state.counters["first_ms"] = median(first.wall_ms);
  state.counters["first_cpu_ms"] = median(first.cpu_ms);
  state.counters["second_ms"] = median(second.wall_ms);
  state.counters["second_cpu_ms"] = median(second.cpu_ms);
  state.counters["node_ms"] = median(other.wall_ms);
  state.counters["node_cpu_ms"] = median(other.cpu_ms);
  state.counters["first/node"] = median(first.wall_ms) / median(other.wall_ms);
  state.counters["first/node_cpu"] = median(first.cpu_ms) / median(other.cpu_ms);
  state.counters["second/node"] = median(second.wall_ms) / median(other.wall_ms);
  state.counters["second/node_cpu"] = median(second.cpu_ms) / median(other.cpu_ms);
}

void rounds(benchmark::internal::Benchmark* b) { b->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(small() ? 1 : 30); }
BENCHMARK_CAPTURE(first_and_second, words, WRIT_WORDS)->Apply(rounds);
BENCHMARK_CAPTURE(first_and_second, streams, WRIT_STREAMS)->Apply(rounds);

}  // namespace
}  // namespace writ::bench
