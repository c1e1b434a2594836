// What the store costs beside plain SQLite that writes the same rows, and how it grows with what it holds. Read the ratios
// of one run: absolute times are this machine's and this moment's. WRIT_BENCH_SMALL: only the smallest sizes, in the tests.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "writ/store/store.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

constexpr int objects_each_task = 4;
constexpr std::size_t object_size = 4096;
constexpr std::uint64_t paths = 20000;

bool small() { return std::getenv("WRIT_BENCH_SMALL") != nullptr; }

Bytes random_body(std::mt19937_64& random) {
  Bytes body(object_size);
  for (std::byte& b : body) b = static_cast<std::byte>(random());
  return body;
}
std::string some_path(std::mt19937_64& random, std::uint64_t among = paths) { return "bench/" + std::to_string(random() % among); }

std::unique_ptr<Store> fresh(const TestingFolder& folder, Durability durability) {
  auto store = Store::open(folder.path(), {.access = Access::create, .durability = durability, .disk = {}});
  if (!store) std::abort();
  return std::move(*store);
}
void put_task(Store& store, const std::vector<std::string>& names, const Bytes& body, const DigestPair& digest) {
  const auto written = store.write([&](Transaction& t) -> Result<void> {
    for (const std::string& name : names) WRIT_CHECK(t.put_object(name, body, digest));
    return {};
  });
  if (!written) std::abort();
}

// Arguments: tasks that share one commit; Durability. In the store a batch is that many threads, each with its own write().
void commit_store(benchmark::State& state) {
  const TestingFolder folder;
  const auto store = fresh(folder, static_cast<Durability>(state.range(1)));
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(1);
  const Bytes body = random_body(random);
  const DigestPair known = digest(body);
  // A change that does what a batch of callers would, without paying for their threads.
  for (auto _ : state) {
    const auto written = store->write([&](Transaction& t) -> Result<void> {
      for (std::size_t i = 0; i < batch * objects_each_task; ++i) WRIT_CHECK(t.put_object(some_path(random), body, known));
      return {};
    });
    if (!written) std::abort();
  }
  state.counters["tasks"] = benchmark::Counter(static_cast<double>(batch) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// The same rows in the same tables and the same commits, by SQLite alone: no page checks, no versions looked up, no queue.
void commit_sqlite(benchmark::State& state) {
  const TestingFolder folder;
  sqlite3* db = nullptr;
  sqlite3_stmt *body_row = nullptr, *object_row = nullptr;
  const char* pragma = state.range(1) == static_cast<int>(Durability::none) ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL";
  if (sqlite3_open((folder.path() + "/plain.db").c_str(), &db) != SQLITE_OK ||
      sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
                       "CREATE TABLE object (path TEXT, version INTEGER, sequence INTEGER, kind INTEGER, size INTEGER, sha256 BLOB,"
                       "sha3_256 BLOB, body INTEGER, PRIMARY KEY (path, version)) WITHOUT ROWID", nullptr, nullptr, nullptr) != SQLITE_OK ||
      sqlite3_exec(db, pragma, nullptr, nullptr, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "INSERT INTO body (bytes) VALUES (?1)", -1, &body_row, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "INSERT INTO object VALUES (?1, ?2, ?2, 1, 4096, ?3, ?3, ?4)", -1, &object_row, nullptr) != SQLITE_OK)
    std::abort();
  std::mt19937_64 random(1);
  const Bytes body = random_body(random);
  sqlite3_int64 version = 0;
  const auto batch = state.range(0);
  for (auto _ : state) {
    sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    for (std::int64_t i = 0; i < batch * objects_each_task; ++i) {
      const std::string path = some_path(random);
      sqlite3_bind_blob(body_row, 1, body.data(), object_size, SQLITE_STATIC);
      if (sqlite3_step(body_row) != SQLITE_DONE) std::abort();
      sqlite3_reset(body_row);
      sqlite3_bind_text(object_row, 1, path.data(), static_cast<int>(path.size()), SQLITE_STATIC);
      sqlite3_bind_int64(object_row, 2, ++version);
      sqlite3_bind_blob(object_row, 3, body.data(), 32, SQLITE_STATIC);
      sqlite3_bind_int64(object_row, 4, sqlite3_last_insert_rowid(db));
      if (sqlite3_step(object_row) != SQLITE_DONE) std::abort();
      sqlite3_reset(object_row);
    }
    if (sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
  }
  state.counters["tasks"] = benchmark::Counter(static_cast<double>(batch) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  sqlite3_finalize(body_row);
  sqlite3_finalize(object_row);
  sqlite3_close(db);
}

void batches(benchmark::internal::Benchmark* b) {
  b->ArgNames({"batch", "durability"})->MeasureProcessCPUTime()->UseRealTime();
  for (const Durability durability : {Durability::sync, Durability::none})
    for (const int batch : {1, 8, 64})
      if (!small() || batch == 1) b->Args({batch, static_cast<int>(durability)});
}
BENCHMARK(commit_sqlite)->Apply(batches);
BENCHMARK(commit_store)->Apply(batches);

// Threads that each wait for their own commit: what sharing gives.
void commit_from_threads(benchmark::State& state) {
  static std::unique_ptr<TestingFolder> folder;
  static std::unique_ptr<Store> store;
  if (state.thread_index() == 0) {
    folder = std::make_unique<TestingFolder>();
    store = fresh(*folder, Durability::sync);
  }
  std::mt19937_64 random(static_cast<std::uint64_t>(state.thread_index()) + 2);
  const Bytes body = random_body(random);
  const DigestPair known = digest(body);
  for (auto _ : state) {
    std::vector<std::string> names;
    for (int i = 0; i < objects_each_task; ++i) names.push_back(some_path(random));
    put_task(*store, names, body, known);
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) store.reset(), folder.reset();
}
BENCHMARK(commit_from_threads)->ThreadRange(1, small() ? 1 : 16)->MeasureProcessCPUTime()->UseRealTime();

// Argument: objects in the store, each with one version.
struct Filled {
  TestingFolder folder;
  std::unique_ptr<Store> store = fresh(folder, Durability::none);
  explicit Filled(std::uint64_t objects) {
    std::mt19937_64 random(3);
    const Bytes body = random_body(random);
    const DigestPair known = digest(body);
    for (std::uint64_t i = 0; i < objects;) {
      std::vector<std::string> names;
      for (int n = 0; n < 500 && i < objects; ++n, ++i) names.push_back("bench/" + std::to_string(i));
      put_task(*store, names, body, known);
    }
  }
};
void read_body(benchmark::State& state) {
  const auto objects = static_cast<std::uint64_t>(state.range(0));
  const Filled filled(objects);
  const Reader reader = *filled.store->snapshot();
  std::mt19937_64 random(4);
  for (auto _ : state) {
    const auto body = reader.body(some_path(random, objects), ObjectVersion(1));
    if (!body) std::abort();
    benchmark::DoNotOptimize(body->data());
  }
}
void read_state(benchmark::State& state) {
  const auto objects = static_cast<std::uint64_t>(state.range(0));
  const Filled filled(objects);
  const Reader reader = *filled.store->snapshot();
  std::mt19937_64 random(4);
  for (auto _ : state) {
    const auto object = reader.object(some_path(random, objects));
    if (!object || !*object) std::abort();
    benchmark::DoNotOptimize(object->value().version);
  }
}
void write_task(benchmark::State& state) {
  const auto objects = static_cast<std::uint64_t>(state.range(0));
  const Filled filled(objects);
  std::mt19937_64 random(5);
  const Bytes body = random_body(random);
  const DigestPair known = digest(body);
  for (auto _ : state) {
    std::vector<std::string> names;
    for (int i = 0; i < objects_each_task; ++i) names.push_back(some_path(random, objects));
    put_task(*filled.store, names, body, known);
  }
}
void sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("objects")->MeasureProcessCPUTime()->UseRealTime();
  for (const int objects : {300, 3000, 30000})
    if (!small() || objects == 300) b->Arg(objects);
}
BENCHMARK(read_state)->Apply(sizes);
BENCHMARK(read_body)->Apply(sizes);
BENCHMARK(write_task)->Apply(sizes);

// One process's part: open, commit once, close.
void open_commit_close(benchmark::State& state) {
  const TestingFolder folder;
  { fresh(folder, Durability::sync); }
  std::mt19937_64 random(6);
  const Bytes body = random_body(random);
  const DigestPair known = digest(body);
  for (auto _ : state) put_task(*fresh(folder, Durability::sync), {"bench/x"}, body, known);
}
BENCHMARK(open_commit_close)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace writ::store
