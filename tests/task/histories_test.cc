// Many tasks at once on one store, through one process's view of it and through two: what was committed must be what some
// order of the same tasks, one after the other, would have given. The order is known, since each task has a place in the
// log; so the history is run again over a map, and everything that a committed task saw must be what the map then says.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/task/executor_fixture.h"
#include "writ/base/id.h"
#include "writ/base/random.h"
#include "writ/runtime/audit.h"
#include "writ/task/executor.h"

namespace writ::task {
namespace {

using Model = std::map<std::string, std::string>;

// What one task saw and did, in its order.
struct Step {
  enum class What { read, list, look, write, remove } what;
  std::string path;
  std::string found;  // body, "-" if there is none; names of a listing; "yes" or "no" of a look at a folder
};

std::string names_below(const Model& m, const std::string& folder) {
  std::set<std::string> names;
  for (const auto& [path, body] : m)
    if (path.starts_with(folder + "/")) names.insert(path.substr(folder.size() + 1));
  std::string all;
  for (const auto& n : names) all += n + " ";
  return all;
}

class Histories : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("WRIT_SEED");
    if (given) seed_ = std::strtoull(given, nullptr, 10);
    else fill_random(std::as_writable_bytes(std::span(&seed_, 1)));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
    notary_ = std::make_unique<proof::Notary>(std::move(*SigningKey::generate()), "writ/test");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<store::Store> open() const {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    options.patience = std::chrono::seconds(60);
    auto opened = store::Store::open(folder_, options);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  static Spec spec() {
    Spec s;
    s.code_name = "test.wasm";
    s.code = to_bytes("code");
    for (const char* g : {"state.read:**", "state.write:**"}) s.grants.push_back(*authority::parse_grant(g, "/", system_clock().wall()));
    return s;
  }

  // A few random operations, on few enough objects that tasks get in each other's way.
  static guest::Outcome act(gate::Session& session, std::uint64_t seed, std::vector<Step>& steps) {
    std::mt19937_64 random(seed);
    static constexpr const char* folders[] = {"a", "b", "c"};
    for (std::uint64_t i = 0, n = 1 + random() % 4; i < n; ++i) {
      const std::string folder = folders[random() % 3], path = folder + "/" + std::to_string(random() % 4);
      switch (random() % 6) {
        case 0: {
          const auto list = session.list_objects(folder);
          std::string names;
          if (list)
            for (const auto& e : *list) names += e.name + " ";
          steps.push_back({Step::What::list, folder, names});
          break;
        }
        case 1: steps.push_back({Step::What::look, folder, session.stat_object(folder) ? "yes" : "no"}); break;
        case 2: steps.push_back({Step::What::remove, path, session.remove_object(path) ? "yes" : "no"}); break;
        case 3:
        case 4: {
          const auto body = read(session, path);
          steps.push_back({Step::What::read, path, body ? *body : "-"});
          break;
        }
        default: {
          const std::string body = std::to_string(seed) + "." + std::to_string(i);
          EXPECT_TRUE(write(session, path, body));
          steps.push_back({Step::What::write, path, body});
        }
      }
      if (random() % 4 == 0) std::this_thread::yield();
    }
    return {};
  }

  static void replay(Model& m, const Step& s, std::uint64_t index) {
    const auto at = m.find(s.path);
    switch (s.what) {
      case Step::What::read: EXPECT_EQ(s.found, at == m.end() ? "-" : at->second) << index << " read " << s.path; return;
      case Step::What::list: EXPECT_EQ(s.found, names_below(m, s.path)) << index << " list " << s.path; return;
      case Step::What::look: EXPECT_EQ(s.found, names_below(m, s.path).empty() ? "no" : "yes") << index << " look " << s.path; return;
      case Step::What::write: m[s.path] = s.found; return;
      case Step::What::remove:
        EXPECT_EQ(s.found, at == m.end() ? "no" : "yes") << index << " remove " << s.path;
        m.erase(s.path);
        return;
    }
  }

  // `views` stores of the one folder, among which the threads are dealt out.
  void run(std::size_t threads, int tasks_each, std::size_t views) {
    std::vector<std::unique_ptr<store::Store>> stores;
    for (std::size_t i = 0; i < views; ++i) stores.push_back(open());
    std::mutex mutex;
    std::map<std::uint64_t, std::vector<Step>> committed;  // by place in the log
    std::atomic<int> lost = 0;
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t)
      all.emplace_back([&, t] {
        for (int i = 0; i < tasks_each; ++i) {
          std::vector<Step> steps;
          FunctionEngine engine([&](guest::Call& call) { return act(call.session, seed_ + t * 1000 + static_cast<std::uint64_t>(i), steps); });
          Executor executor({*stores[t % views], engine, nullptr, *notary_, system_clock()});
          const auto report = executor.execute(spec());
          ASSERT_TRUE(report) << report.error().text();
          EXPECT_EQ(report->settlement == proof::Settlement::committed, report->conflict.empty());
          if (!report->conflict.empty()) ++lost;
          const std::lock_guard lock(mutex);
          if (report->conflict.empty()) { EXPECT_TRUE(committed.emplace(report->log_index, std::move(steps)).second); }
        }
      });
    for (auto& t : all) t.join();
    Model m;
    for (const auto& [index, steps] : committed)
      for (const Step& s : steps) replay(m, s, index);
    const auto view = stores[0]->snapshot();
    const auto objects = view->list("", 1000);
    ASSERT_TRUE(objects);
    std::string stored, expected;
    for (const auto& s : *objects) stored += s.path + "=" + std::string(as_text(*view->body(s.path, s.version))) + "\n";
    for (const auto& [path, body] : m) expected += path + "=" + body + "\n";
    EXPECT_EQ(stored, expected);
    const auto audit = runtime::audit(*view, {notary_->verifier()}, system_clock());
    ASSERT_TRUE(audit);
    EXPECT_EQ(audit->verified, threads * static_cast<std::size_t>(tasks_each));
    std::printf("%zu committed, %d lost a race\n", committed.size(), lost.load());
    EXPECT_GT(committed.size(), threads / 4);
  }

  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-histories-" + TaskId::random().brief());
  std::uint64_t seed_ = 0;
  std::unique_ptr<proof::Notary> notary_;
};

int rounds(int usual, int at_length) { return std::getenv("WRIT_SOAK") ? at_length : usual; }

TEST_F(Histories, SixtyFourTasksAtOnceAreSerialisable) { run(64, rounds(4, 200), 1); }
TEST_F(Histories, SoAreThoseOfTwoWhoShareTheStore) { run(16, rounds(8, 400), 2); }

// The classic lost update, through conflicts and new tries.
TEST_F(Histories, NoneOfFortyIncrementsIsLost) {
  const auto first = open(), second = open();
  std::vector<std::thread> all;
  std::atomic<int> tries = 0;
  for (int t = 0; t < 40; ++t)
    all.emplace_back([&, t] {
      FunctionEngine engine([](guest::Call& call) {
        const auto before = read(call.session, "n");
        EXPECT_TRUE(write(call.session, "n", std::to_string(before ? std::stoi(*before) + 1 : 1)));
        return guest::Outcome{};
      });
      Executor executor({t % 2 ? *first : *second, engine, nullptr, *notary_, system_clock()});
      for (;;) {
        ++tries;
        const auto report = executor.execute(spec());
        ASSERT_TRUE(report) << report.error().text();
        if (report->conflict.empty()) return;
      }
    });
  for (auto& t : all) t.join();
  const auto view = first->snapshot();
  EXPECT_EQ(as_text(*view->body("n", *view->version("n"))), "40");
  EXPECT_EQ(view->version("n")->value(), 40u);
  std::printf("40 increments in %d tries\n", tries.load());
}

}  // namespace
}  // namespace writ::task
