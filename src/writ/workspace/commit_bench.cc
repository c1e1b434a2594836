// What all-or-nothing costs.
//
// `redo_journal` is a commit of n files (with copies for undo, and the store's transaction) with the writing and sealing before it,
// beside `rename_each`, what a careful editor does: write a copy, fsync, rename, for each file, then fsync the folder, which leaves
// a mix after a crash.
//
// `commit_some` is the commit alone of n of m files of 4 KiB in folders of a hundred, durable, beside `copy_and_rename`, the other
// way to all or nothing: cp -a of the whole folder, n files written in the copy, two renames, sync.
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

void commit_all(store::Store& store, const Places& places, const TaskId& id, const Changes& changes) {
  auto commit = Commit::prepare(host_files(), places, id, changes, places.shadow(id));
  if (!commit || !store.write([&](store::Transaction& t) { return (*commit)->enter(t); }) || !(*commit)->apply() || !(*commit)->finish(store))
    throw std::runtime_error("commit");
}

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
    commit_all(**store, places, id, changes);
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

std::string in_tree(std::int64_t i) { return "d" + std::to_string(i / 100) + "/f" + std::to_string(i % 100); }

void make_tree(const testing::Folder& base, std::int64_t files, const std::string& below = {}) {
  for (std::int64_t i = 0; i < files; ++i) base.write(below + in_tree(i), content(i));
  ::sync();
}

// Every so many files, so that changes lie in all folders.
std::int64_t nth(const benchmark::State& state, std::int64_t i) { return i * (state.range(1) / state.range(0)); }

void commit_some(benchmark::State& state) {
  testing::Folder base, own;
  make_tree(base, state.range(1));
  store::OpenOptions options;
  options.access = store::Access::create;
  auto store = store::Store::open(own.text(), options);
  const Places places{own.text()};
  std::int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const TaskId id = TaskId::random();
    auto shadow = Shadow::open({base.text(), places.shadow(id), [] { return WallTime{1}; }});
    ++round;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto text = content(i + round);
      auto f = (*shadow)->open_file(in_tree(nth(state, i)), Follow::no, Use::write, Create::if_absent, Empty::yes);
      if (!(*f)->write_at(0, std::as_bytes(std::span(text)))) throw std::runtime_error("write");
    }
    Changes changes;
    changes.trees.push_back(*(*shadow)->seal());
    shadow->reset();
    // What the task wrote to, beside what was sealed of it: a mounted shadow (mounted.h) has removed it by now.
    for (const auto& e : std::filesystem::directory_iterator(places.shadow(id)))
      if (e.path().filename().string().starts_with("new-")) std::filesystem::remove(e.path());
    ::sync();
    state.ResumeTiming();
    commit_all(**store, places, id, changes);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void copy_and_rename(benchmark::State& state) {
  testing::Folder top;
  make_tree(top, state.range(1), "tree/");
  const auto tree = top / "tree", copy = top / "copy", old = top / "old";
  std::int64_t round = 0;
  for (auto _ : state) {
    ++round;
    if (std::system(("cp -a '" + tree + "' '" + copy + "'").c_str()) != 0) throw std::runtime_error("cp");
    for (std::int64_t i = 0; i < state.range(0); ++i) top.write("copy/" + in_tree(nth(state, i)), content(i + round));
    if (::rename(tree.c_str(), old.c_str()) != 0 || ::rename(copy.c_str(), tree.c_str()) != 0) throw std::runtime_error("rename");
    ::sync();
    state.PauseTiming();
    std::filesystem::remove_all(old);
    ::sync();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(rename_each)->Arg(1)->Arg(10)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(redo_journal)->Arg(1)->Arg(10)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(copy_and_rename)->Args({10, 100})->Args({100, 1000})->Args({1000, 10'000})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(commit_some)->Args({10, 100})->Args({100, 1000})->Args({1000, 10'000})->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ::workspace
