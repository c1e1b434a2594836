// Policies at the gate: asked after the capability, recorded, answered.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/actor/host_files.h"
#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/hindsight.h"
#include "writ/base/id.h"
#include "writ/gate/session.h"

namespace writ::gate {
namespace {

using authority::policy::Program;

std::shared_ptr<const Program> compiled(const std::string& rules) {
  auto program = authority::policy::load("policy P { " + rules + " }", "p.policy");
  EXPECT_TRUE(program) << program.error().text();
  return program ? *program : nullptr;
}

class PolicyGateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder_ + "-store", options);
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    std::filesystem::create_directories(folder_ + "/open");
    std::ofstream(folder_ + "/secret") << "secret";
    std::ofstream(folder_ + "/open/plain") << "plain";
    std::filesystem::create_symlink("../secret", folder_ + "/open/link");
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::remove_all(folder_ + "-store");
  }

  struct Task {
    Task(const store::Store& store, std::vector<std::string> grants, std::shared_ptr<const Program> own,
         const authority::policy::Source* source, OnDenial on_denial)
        : snapshot(*store.snapshot()), capabilities(parse(grants), {}, system_clock()) {
      Policing::Setup setup{std::move(own), source, {"job", "job.wasm", "", "none", {}}, system_clock()};
      for (std::uint32_t i = 0; i < capabilities.grants().size(); ++i) {
        const auto& g = capabilities.grants()[i];
          if (g.kind == effect::Kind::file_read) {
          EXPECT_TRUE(files.admit(i, g.resource->root()));
        }
      }
      policing.emplace(std::move(setup));
      policing->know(capabilities.grants());
      Session::Setup session_setup{.capabilities = capabilities,
                                   .journal = journal,
                                   .effect_limit = 100000,
                                   .on_denial = on_denial,
                                   .snapshot = snapshot,
                                   .host_files = files,
                                   .clock = system_clock(),
                                   .admitted = {},
                                   .seed = {},
                                   .environment = {"HOME=/home/x", "TOKEN=secret"}};
      session_setup.policing = &*policing;
      session.emplace(std::move(session_setup));
    }
    static std::vector<authority::Grant> parse(const std::vector<std::string>& texts) {
      std::vector<authority::Grant> grants;
      for (const auto& t : texts) grants.push_back(*authority::parse_grant(t, "/", WallTime{}));
      return grants;
    }
    Result<void> write(std::string_view path, std::string_view text) {
      WRIT_TRY(auto object, session->open_object(path, effect::Access::write, Creation::may_create));
      return object->write_at(0, as_bytes(text));
    }
    std::string last_by() const { return journal.entries().empty() ? "" : journal.entries().back().by; }
    store::Reader snapshot;
    effect::Journal journal;
    authority::CapabilitySet capabilities;
    actor::HostFiles files;
    std::optional<Policing> policing;
    std::optional<Session> session;
  };
  std::unique_ptr<Task> task(std::vector<std::string> grants, std::shared_ptr<const Program> own,
                             const authority::policy::Source* source = nullptr, OnDenial on_denial = OnDenial::refuse) {
    return std::make_unique<Task>(*store_, std::move(grants), std::move(own), source, on_denial);
  }

  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-policy-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
};
using PolicyGate = PolicyGateTest;

TEST_F(PolicyGate, APolicyOnlyNarrows) {
  auto t = task({"state.write:orders/"}, compiled("rule r severity Low { forall e: StateWrite { e.size <= 4.B } }"));
  EXPECT_TRUE(t->write("orders/1", "1234"));
  EXPECT_EQ(t->write("orders/1", "12345").error().code, Code::denied);
  EXPECT_EQ(t->journal.entries().back().refusal, effect::Refusal::policy);
  EXPECT_EQ(t->last_by(), "rule P.r at p.policy:1; severity Low, response log");
  EXPECT_EQ(t->write("other", "1").error().code, Code::denied)
      << "what no capability covers stays refused, whatever the policy says";
  EXPECT_EQ(t->journal.entries().back().refusal, effect::Refusal::no_capability);
  EXPECT_TRUE(t->write("orders/1", "4321")) << "Low only logs";
}

TEST_F(PolicyGate, RestrictTakesWhatWasTriedOutOfTheCapabilities) {
  auto t = task({"state.write:orders/"}, compiled("rule r { forall e: StateWrite { e.size <= 4.B } }"));
  EXPECT_EQ(t->write("orders/1", "12345").error().code, Code::denied);
  EXPECT_EQ(t->write("orders/1", "1").error().code, Code::denied) << "also what the rule would allow";
  EXPECT_EQ(t->last_by(), "restricted after rule P.r at p.policy:1; severity Medium, response restrict");
  EXPECT_TRUE(t->write("orders/2", "1"));
  EXPECT_FALSE(t->session->monitor().must_end());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(t->write("orders/1", "12345").error().code, Code::denied);
  EXPECT_FALSE(t->session->monitor().must_end()) << "what is gone is no violation and does not escalate";
}

TEST_F(PolicyGate, IsolateAndTerminateEndTheTaskAndRefuseEverythingAfter) {
  for (const bool isolate : {true, false}) {
    auto t = task({"state.write:/"}, compiled(std::string("rule r severity ") + (isolate ? "High" : "Critical") +
                                              " { forall e: StateWrite { e.size <= 4.B } }"));
    EXPECT_TRUE(t->write("a", "1234"));
    EXPECT_EQ(t->write("a", "12345").error().code, Code::denied);
    EXPECT_TRUE(t->session->monitor().must_end());
    EXPECT_TRUE(t->session->monitor().ended_by_denial());
    EXPECT_EQ(t->session->monitor().isolated(), isolate);
    EXPECT_EQ(t->write("b", "1").error().code, Code::denied);
    EXPECT_EQ(t->session->monitor().end_reason(), std::string(isolate ? "isolated" : "terminated") +
                                                      " by rule P.r at p.policy:1; severity " +
                                                      (isolate ? "High, response isolate" : "Critical, response terminate"));
  }
}

TEST_F(PolicyGate, RepeatsEscalateUntilTheTaskEnds) {
  auto t = task({"state.write:/"}, compiled("rule r severity Low { forall e: StateWrite { e.size <= 4.B } }"));
  int tried = 0;
  for (; !t->session->monitor().must_end() && tried < 100; ++tried) (void)t->write("a" + std::to_string(tried), "12345");
  EXPECT_EQ(tried, 7) << "three are logged, three restricted, the seventh isolates";
  EXPECT_TRUE(t->session->monitor().isolated());
}

TEST_F(PolicyGate, StrictEndsAtAPolicysRefusalToo) {
  auto t = task({"state.write:/"}, compiled("rule r severity Low { forall e: StateWrite { e.size <= 4.B } }"), nullptr,
                OnDenial::end_task);
  EXPECT_EQ(t->write("a", "12345").error().code, Code::denied);
  EXPECT_TRUE(t->session->monitor().must_end());
}

TEST_F(PolicyGate, ALinkDoesNotLeadAroundAPolicy) {
  auto t = task({"file.read:" + folder_ + "/"},
                compiled("rule r severity Low { forall e: FileRead { !(e.resource like \"" + folder_ + "/secret\") } }"));
  EXPECT_TRUE(t->session->open_file(folder_ + "/open/plain"));
  EXPECT_EQ(t->session->open_file(folder_ + "/secret").error().code, Code::denied);
  EXPECT_EQ(t->session->open_file(folder_ + "/open/link").error().code, Code::denied) << "the same file by another name";
  EXPECT_EQ(t->journal.entries().back().refusal, effect::Refusal::policy);
  EXPECT_EQ(t->journal.entries().back().resource, folder_ + "/secret");
}

TEST_F(PolicyGate, ListingsHideWhatAPolicyForbids) {
  auto writer = task({"state.write:/"}, nullptr);
  for (const char* path : {"a/open", "a/hidden"}) ASSERT_TRUE(writer->write(path, "x"));
  auto t = task({"state.read:/", "state.write:/"},
                compiled("rule r severity Low { forall e: StateRead { !(e.resource like \"**/hidden\") } }"));
  for (const char* path : {"a/open", "a/hidden"}) ASSERT_TRUE(t->write(path, "x"));
  const auto listed = t->session->list_objects("a");
  ASSERT_TRUE(listed) << listed.error().text();
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().name, "open");
  auto closed = task({"state.read:/"}, compiled("rule r severity Low { forall e: StateRead { !(e.resource like \"a/\") } }"));
  EXPECT_EQ(closed->session->list_objects("a").error().code, Code::denied) << "a listing is an effect like others";
}

TEST_F(PolicyGate, AVariableThatAPolicyForbidsIsNotSeen) {
  auto t = task({"env:*"}, compiled("rule r severity Low { forall e: env { e.resource != \"TOKEN\" } }"));
  EXPECT_EQ(t->session->environment(), std::vector<std::string>{"HOME=/home/x"});
}

TEST_F(PolicyGate, AReplacementHoldsFromTheNextEffectAndIsOnRecord) {
  authority::policy::Source source;
  auto t = task({"state.write:/"}, nullptr, &source);
  EXPECT_TRUE(t->write("a", "12345"));
  const auto tight = compiled("rule r severity Low { forall e: StateWrite { e.size <= 4.B } }");
  source.set(tight);
  EXPECT_EQ(t->write("b", "12345").error().code, Code::denied);
  source.set(nullptr);
  EXPECT_TRUE(t->write("b", "12345"));
  const auto reasons = t->session->nondeterminism();
  ASSERT_EQ(reasons.size(), 2u);
  EXPECT_EQ(reasons[0], "policy " + tight->digest.sha256.hex() + " from effect 2 on");
  EXPECT_EQ(reasons[1].substr(0, 22), "policy none from effec");
  EXPECT_FALSE(check_again(tight, {}, t->capabilities.grants(), t->journal.entries()))
      << "a commit asks the policy in force about what was done before";
  EXPECT_TRUE(check_again(compiled("rule r { forall e: StateWrite { e.size <= 5.B } }"), {}, t->capabilities.grants(),
                          t->journal.entries()));
}

TEST_F(PolicyGate, WhileAPolicyIsReplacedEachEffectIsJudgedByOneOfThem) {
  // Each allows what the other refuses, by two rules: a mixture would refuse everything or nothing.
  const auto a = compiled(
      "rule x severity Low { forall e: StateWrite where e.resource == \"a\" { false } } rule y severity Low { forall e: "
      "StateWrite where e.resource == \"c\" { false } }");
  const auto b = compiled(
      "rule x severity Low { forall e: StateWrite where e.resource == \"b\" { false } } rule y severity Low { forall e: "
      "StateWrite where e.resource == \"c\" { false } }");
  authority::policy::Source source;
  source.set(a);
  std::atomic<bool> stop{false};
  std::thread swap([&] {
    for (int i = 0; !stop; ++i) source.set(i % 2 == 0 ? b : a);
  });
  Policing policing({nullptr, &source, {}, system_clock()});
  for (int i = 0; i < 20000; ++i) {
    EXPECT_FALSE(policing.permits({effect::Kind::state_write, "c", 0, 0}, 0, {})) << "both forbid it, at every moment";
    const auto program = policing.program();
    const bool now_a = program == a;
    // permits() may take the next program; what it says belongs to the one that it leaves in force.
    const bool permits_a = policing.permits({effect::Kind::state_write, "a", 0, 0}, 0, {});
    EXPECT_EQ(permits_a, policing.program() == b) << now_a;
  }
  stop = true;
  swap.join();
}

// Two capabilities for one thing: the policy lets the first, and not the second, which is taken when others used the first up
// in between. What the second took it gets back.
struct Shared {
  authority::CapabilityTable table{8, system_clock()};
  authority::Handle bounded, unbounded;
  explicit Shared(const std::string& uses)
      : bounded(*table.mint(*authority::parse_grant("state.write:x,max_size=1KiB,uses=" + uses, "/", WallTime{}))),
        unbounded(*table.mint(*authority::parse_grant("state.write:x,uses=1000000,rate=1000000/h,bytes=1GiB", "/", WallTime{}))) {}
  std::uint64_t left(authority::Handle h) const { return *table.left(h).uses; }
};
struct Gatekeeper {
  explicit Gatekeeper(Shared& shared, const std::shared_ptr<const Program>& program, const Clock& clock = system_clock())
      : set({}, {}, system_clock()), policing({program, nullptr, {"job", "", "", "", {}}, clock}) {
    set.add(shared.table, shared.bounded);
    set.add(shared.table, shared.unbounded);
    policing.know(set.grants());
  }
  bool write() { return monitor.perform({effect::Kind::state_write, "x", 10, 10}).has_value(); }
  authority::CapabilitySet set;
  effect::Journal journal;
  Policing policing;
  Monitor monitor{set, journal, 1'000'000, OnDenial::refuse, &policing};
};
constexpr const char* only_bounded =
    "rule r severity Low { forall e: StateWrite { capability.bounds(\"max_size\") } }"
    "rule answer { on v: SecurityViolation { match v.severity { _ => log } } }"
    "rule often { forall c: Component { c.effect_rate <= 100000000.per_second } }";

TEST(Budgets, APolicyThatRefusesAfterTheyWereTakenGivesThemBack) {
  Shared shared("1");
  class : public Clock {  // asked while the policy decides: then somebody else takes the last use
   public:
    Nanoseconds monotonic() const override {
      auto* once = std::exchange(shared, nullptr);
      EXPECT_TRUE(once == nullptr || once->table.use(bounded, 0).allowed());
      return Nanoseconds(1);
    }
    WallTime wall() const override { return {}; }
    mutable Shared* shared = nullptr;
    authority::Handle bounded;
  } clock;
  Gatekeeper keeper(shared, compiled(only_bounded), clock);
  clock.bounded = shared.bounded;
  clock.shared = &shared;
  EXPECT_FALSE(keeper.write());
  EXPECT_EQ(keeper.journal.entries().back().refusal, effect::Refusal::policy);
  EXPECT_EQ(shared.left(shared.bounded), 0u);
  EXPECT_EQ(shared.left(shared.unbounded), 1'000'000u);
  EXPECT_EQ(*shared.table.left(shared.unbounded).bytes, 1 * GiB);
}

TEST(Budgets, AreExactUnderEightThreads) {
  Shared shared("5000");
  const auto program = compiled(only_bounded);
  std::atomic<std::uint64_t> allowed{0};
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 8; ++n)
      threads.emplace_back([&] {
        Gatekeeper keeper(shared, program);
        for (int i = 0; i < 2000; ++i) allowed += keeper.write() ? 1 : 0;
        EXPECT_EQ(keeper.journal.effects(), 2000u);
      });
  }
  EXPECT_EQ(allowed.load(), 5000u);
  EXPECT_EQ(shared.left(shared.bounded), 0u);
  EXPECT_EQ(shared.left(shared.unbounded), 1'000'000u) << "what a policy refused was given back";
}

}  // namespace
}  // namespace writ::gate
