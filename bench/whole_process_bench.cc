// `writ run` of a trivial module that is in the cache, as a whole process, from posix_spawn to wait4: the store is opened,
// the task runs, its receipt is signed, and all of it is on the disk before the process ends. Against what else a person
// would type for that: Node's WASI with the same module, and `node`, `deno` and `bun` with a script that prints the same line.
// /bin/true is the floor under all of them. WRIT_NODE, WRIT_DENO and WRIT_BUN name the programs where PATH does not; whoever
// is found nowhere is left out, and named.
//
// And `writ run -- /bin/true` with a workspace, its commit and its receipt, against the programs that people enclose a command
// with: bubblewrap, firejail, and @anthropic-ai/sandbox-runtime from npm (WRIT_BWRAP, WRIT_FIREJAIL, WRIT_SRT).
//
// They take turns, round by round, so that whatever else the machine does hits all alike. Counters: medians of the wall
// and of the CPU time of each in milliseconds, and the ratios of those medians (goal: below 1).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <string>

#include "figures.h"
#include "process.h"
#include "writ/base/file.h"
#include "writ/base/id.h"

namespace writ::bench {
namespace {

constexpr std::string_view greeting = "hello\n";

struct Contender {
  std::string name;
  std::vector<std::string> command;
  std::string_view says = greeting;
  std::vector<double> wall_ms = {}, cpu_ms = {};
  double peak_MiB = 0;
};

// A store, keys and a cache of their own, on the disk that holds the build (a folder in memory would make syncing free).
class House {
 public:
  House() { std::filesystem::create_directories(folder_); }
  ~House() { std::filesystem::remove_all(folder_); }
  House(const House&) = delete;
  std::string store() const { return folder_ + "/store"; }
  std::string scratch() const { return folder_ + "/output"; }
  std::string workspace() const {
    std::filesystem::create_directories(folder_ + "/workspace");
    return folder_ + "/workspace";
  }
  // Nothing of the caller's: NODE_OPTIONS and NODE_EXTRA_CA_CERTS alone can double what Node takes to start.
  std::vector<std::string> environment() const {
    return {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=" + folder_, "XDG_CONFIG_HOME=" + folder_ + "/config",
            "XDG_DATA_HOME=" + folder_ + "/data", "XDG_CACHE_HOME=" + folder_ + "/cache", "DENO_DIR=" + folder_ + "/deno", "DENO_NO_UPDATE_CHECK=1"};
  }

 private:
  const std::string folder_ = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief();
};

std::optional<std::string> find_peer(const std::string& name) {
  std::string variable = "WRIT_" + name;
  for (char& c : variable) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (const char* named = std::getenv(variable.c_str())) return named;
  auto found = find_program(name);
  if (!found)
    std::fprintf(stderr, "whole_process: NOT COMPARED with %s: it is not on PATH, and %s does not name it\n", name.c_str(), variable.c_str());
  return found;
}

std::vector<Contender> contenders(const House& house) {
  std::vector<Contender> all{{"writ", {WRIT_PROGRAM, "run", "--store", house.store(), WRIT_HELLO}}};
  if (const auto node = find_peer("node")) {
    all.push_back({"node", {*node, WRIT_PEERS "/hello.cjs"}});
    all.push_back({"node_wasi", {*node, "--no-warnings", WRIT_PEERS "/wasi.cjs", WRIT_HELLO}});
  }
  if (const auto deno = find_peer("deno")) all.push_back({"deno", {*deno, "run", WRIT_PEERS "/hello.mjs"}});
  if (const auto bun = find_peer("bun")) all.push_back({"bun", {*bun, WRIT_PEERS "/hello.mjs"}});
  all.push_back({"true", {"/bin/true"}, ""});
  return all;
}

std::vector<Contender> enclosures(const House& house) {
  const std::string folder = house.workspace();
  std::vector<Contender> all{{"writ", {WRIT_PROGRAM, "run", "-q", "--store", house.store(), "--workspace", folder, "--", "/bin/true"}, ""}};
  if (const auto bwrap = find_peer("bwrap"))
    all.push_back({"bwrap",
                   {*bwrap, "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink",
                    "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--bind", folder, folder,
                    "/bin/true"}, ""});
  if (const auto firejail = find_peer("firejail"))
    all.push_back({"firejail", {*firejail, "--quiet", "--noprofile", "--net=none", "--whitelist=" + folder, "/bin/true"}, ""});
  if (const auto srt = find_peer("srt")) all.push_back({"srt", {*srt, "/bin/true"}, ""});
  all.push_back({"true", {"/bin/true"}, ""});
  return all;
}

// Once, before anything is timed: it does what the others do. It also fills Writ's cache and the page cache.
std::string wrong(const Contender& c, const House& house) {
  const Finished done = run_process(c.command, house.environment(), house.scratch());
  if (done.status != 0) return c.name + " fails";
  const auto said = read_file(house.scratch(), KiB);
  if (!said || *said != c.says) return c.name + " does not print what it should";
  return {};
}

void report(benchmark::State& state, const std::vector<Contender>& all) {
  const Contender& writ = all.front();
  for (const Contender& c : all) {
    state.counters[c.name + "_ms"] = median(c.wall_ms);
    state.counters[c.name + "_cpu_ms"] = median(c.cpu_ms);
    state.counters[c.name + "_peak_MiB"] = c.peak_MiB;
    if (&c == &writ || c.name == "true") continue;
    state.counters["writ/" + c.name] = median(writ.wall_ms) / median(c.wall_ms);
    state.counters["writ/" + c.name + "_cpu"] = median(writ.cpu_ms) / median(c.cpu_ms);
  }
}

void compete(benchmark::State& state, const House& house, std::vector<Contender> all) {
  for (const Contender& c : all)
    if (const std::string what = wrong(c, house); !what.empty()) return state.SkipWithError(what.c_str());
  std::size_t round = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      Contender& c = all[(round + i) % all.size()];  // each goes first in turn
      const Finished done = run_process(c.command, house.environment());
      if (done.status != 0) return state.SkipWithError((c.name + " fails").c_str());
      c.wall_ms.push_back(done.wall_ms);
      c.cpu_ms.push_back(done.cpu_ms);
      c.peak_MiB = std::max(c.peak_MiB, done.peak_MiB);
    }
    ++round;
    state.SetIterationTime(all.front().wall_ms.back() / 1e3);
  }
  report(state, all);
}

bool made(benchmark::State& state, const House& house, const std::vector<std::string>& words) {
  std::vector<std::string> command{WRIT_PROGRAM, "--store", house.store()};
  command.insert(command.end(), words.begin(), words.end());
  if (run_process(command, house.environment()).status == 0) return true;
  state.SkipWithError(("writ " + words[0] + " fails").c_str());
  return false;
}

void whole_process(benchmark::State& state) {
  const House house;
  if (!made(state, house, {"init"}) || !made(state, house, {"build", WRIT_HELLO})) return;
  compete(state, house, contenders(house));
}
BENCHMARK(whole_process)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(small() ? 2 : 100);

void enclosed_process(benchmark::State& state) {
  const House house;
  if (made(state, house, {"init"})) compete(state, house, enclosures(house));
}
BENCHMARK(enclosed_process)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(small() ? 2 : 100);

}  // namespace
}  // namespace writ::bench
