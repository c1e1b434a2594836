// What a read and a write of 4 KiB cost a WebAssembly guest, capability check and journal included, against the bare system
// calls on a file of the same size: `ratio` (goal: at most 1.5). The guest's loop is timed as its task's report times it. Both
// take turns; medians. `yield` is a host call that asks for nothing, so that its time is the way there and back.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "figures.h"
#include "writ/authority/grant.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/runtime/runtime.h"

namespace writ::bench {
namespace {

constexpr long piece = 4096, pieces = 256;  // as in guests/transfer.c

double thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// The guest's loop, bare. None: it fails.
std::optional<double> bare(const std::string& mode, const std::string& file, long count) {
  static char buffer[piece];
  const bool reads = mode == "read";
  const Fd fd(::open(mode == "output" ? "/dev/null" : file.c_str(), reads ? O_RDONLY : O_WRONLY | O_CREAT, 0600));
  const double start = thread_ns();
  for (long i = 0; i < count; ++i) {
    if (i % pieces == 0 && mode != "output" && ::lseek(fd.get(), 0, SEEK_SET) != 0) return std::nullopt;
    if ((reads ? ::read(fd.get(), buffer, piece) : ::write(fd.get(), buffer, piece)) != piece) return std::nullopt;
  }
  return (thread_ns() - start) / static_cast<double>(count);
}

void transfer(benchmark::State& state, const std::string& mode, const std::string& grant) {
  const std::string folder = std::string(WRIT_BINARY_DIR) + "/bench-" + TaskId::random().brief(), file = folder + "/file";
  std::filesystem::create_directories(folder);
  // Enough reads that opening the file, which digests it, does not weigh.
  const long count = small() ? 2 * pieces : (mode == "read" ? 1000 : 200) * pieces;
  runtime::Options options;
  options.store = folder + "/store";
  options.keys = folder + "/keys";
  options.durability = store::Durability::none;
  auto runtime = runtime::Runtime::open(options);
  const auto code = read_file(WRIT_TRANSFER, MiB);
  if (!runtime || !code || !replace_file(file, std::string(piece * pieces, 'x'), 0600)) return state.SkipWithError("no runtime, guest or file");
  task::Spec spec;
  spec.code_name = "transfer.wasm";
  spec.code = to_bytes(*code);
  spec.limits.effects = 100'000'000;
  spec.limits.output = GiB;
  spec.arguments = {mode, std::to_string(mode == "yield" ? 20 * count : count), mode == "read" ? file : "/state/file"};
  if (!grant.empty()) {
    const auto parsed = authority::parse_grant(mode == "read" ? grant + file : grant, "/", {});
    if (!parsed) return state.SkipWithError(parsed.error().text().c_str());
    spec.grants.push_back(*parsed);
  }
  std::vector<double> guest, host;
  for (auto _ : state) {
    const auto report = (*runtime)->execute(spec);
    if (!report || !report->outcome.success()) return state.SkipWithError("the guest did not end by itself");
    guest.push_back(static_cast<double>(report->resources.cpu.count()) / std::stod(spec.arguments[1]));
    if (mode == "yield") continue;
    const auto ns = bare(mode, file, count);
    if (!ns) return state.SkipWithError("the bare loop fails");
    host.push_back(*ns);
  }
  state.counters["guest_ns"] = median(guest);
  if (!host.empty()) {
    state.counters["bare_ns"] = median(host);
    state.counters["ratio"] = median(guest) / median(host);
  }
  runtime->reset();
  std::filesystem::remove_all(folder);
}
void rounds(benchmark::internal::Benchmark* b) { b->Iterations(small() ? 1 : 9)->Unit(benchmark::kMillisecond); }
BENCHMARK_CAPTURE(transfer, yield, "yield", "")->Apply(rounds);
BENCHMARK_CAPTURE(transfer, read_file, "read", "file.read:")->Apply(rounds);
BENCHMARK_CAPTURE(transfer, write_object, "write", "state.write:file")->Apply(rounds);
BENCHMARK_CAPTURE(transfer, write_output, "output", "")->Apply(rounds);

}  // namespace
}  // namespace writ::bench
