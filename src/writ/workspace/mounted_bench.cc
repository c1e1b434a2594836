// What a mounted shadow costs beside the guest: opening it (each folder is listed once, the kernel is asked), and sealing what a
// task wrote, for a folder of n files; a private copy beside the overlay.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "writ/base/id.h"
#include "writ/workspace/contents.h"
#include "writ/workspace/mounted.h"
#include "writ/workspace/testing_folder.h"

namespace writ::workspace {
namespace {

struct Tree {
  explicit Tree(std::int64_t files) {
    for (std::int64_t i = 0; i < files; ++i)
      base.write("d" + std::to_string(i / 100) + "/f" + std::to_string(i % 100), std::string(4096, 'x'));
    ::usleep(12'000);
  }
  MountedShadow::Setup setup() const { return {base.text(), places.shadow(TaskId::random()), {}, {}, {}}; }
  testing::Folder base, own;
  Places places{own.text()};
};

template <class Open>
void open_and_close(benchmark::State& state, const Open& open) {
  const Tree tree(state.range(0));
  for (auto _ : state) {
    auto shadow = open(tree.setup());
    if (!shadow) return state.SkipWithError(shadow.error().text().c_str());
  }
}
void open_overlay_of(benchmark::State& state) {
  open_and_close(state, [](auto setup) { return open_overlay(std::move(setup), ::geteuid() == 0 ? Overlay::trusted : Overlay::user); });
}
void open_copy_of(benchmark::State& state) {
  open_and_close(state, [](auto setup) { return open_copy(std::move(setup)); });
}

// Ten files of 4 KiB changed, by writing where a copy keeps what the task writes.
void seal_ten(benchmark::State& state) {
  const Tree tree(state.range(0));
  std::int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto shadow = open_copy(tree.setup());
    if (!shadow) return state.SkipWithError(shadow.error().text().c_str());
    for (int i = 0; i < 10; ++i)
      std::ofstream((*shadow)->folder() + "/d0/f" + std::to_string(i)) << std::string(4000, 'y') << ++round;
    state.ResumeTiming();
    const auto sealed = (*shadow)->seal();
    if (!sealed || sealed->changes.size() != 10) return state.SkipWithError("seal");
  }
}

BENCHMARK(open_overlay_of)->Arg(100)->Arg(10'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(open_copy_of)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(seal_ten)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::workspace
