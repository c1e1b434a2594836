// What all-or-nothing costs: a commit of n files through the redo journal (with copies for undo, and the store's transaction),
// beside what a careful editor does without it: write a copy, fsync, rename, for each file, then fsync the folder. The second
// leaves a mix after a crash.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "writ/workspace/commit.h"
#include "writ/workspace/shadow.h"
#include "writ/workspace/testing_folder.h"

namespace writ::workspace {
namespace {

constexpr std::size_t file_size = 4096;

std::string content(std::int64_t n) { return std::string(file_size - 8, 'x') + std::to_string(10'000'000 + n % 10'000'000); }
std::string file(std::int64_t i) { return "f" + std::to_string(i); }

void redo_journal(benchmark::State& state) {
  testing::Folder base, own;
  for (std::int64_t i = 0; i < state.range(0); ++i) base.write(file(i), content(i));
  store::OpenOptions options;
  options.access = store::Access::create;
  auto store = store::Store::open(own.text(), options);
  const Places places{own.text()};
  std::int64_t round = 0;
  for (auto _ : state) {
    const TaskId id = TaskId::random();
    auto shadow = Shadow::open({base.text(), places.shadow(id), [] { return WallTime{1}; }});
    ++round;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto text = content(i + round);
      auto f = (*shadow)->open_file(file(i), Follow::no, Use::write, Create::if_absent, Empty::yes);
      if (!(*f)->write_at(0, std::as_bytes(std::span(text)))) throw std::runtime_error("write");
    }
    Changes changes;
    changes.trees.push_back(*(*shadow)->seal());
    auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
    if (!commit || !(*store)->write([&](store::Transaction& t) { return (*commit)->enter(t); }) || !(*commit)->apply() ||
        !(*commit)->finish(**store))
      throw std::runtime_error("commit");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void rename_each(benchmark::State& state) {
  testing::Folder base;
  for (std::int64_t i = 0; i < state.range(0); ++i) base.write(file(i), content(i));
  std::int64_t round = 0;
  for (auto _ : state) {
    ++round;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto text = content(i + round), target = base / file(i), copy = target + ".new";
      const int fd = ::open(copy.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
      if (::write(fd, text.data(), text.size()) < 0 || ::fsync(fd) != 0 || ::close(fd) != 0 || ::rename(copy.c_str(), target.c_str()) != 0)
        throw std::runtime_error("rename");
    }
    const int folder = ::open(base.text().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (::fsync(folder) != 0 || ::close(folder) != 0) throw std::runtime_error("sync");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(rename_each)->Arg(1)->Arg(10)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(redo_journal)->Arg(1)->Arg(10)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::workspace
