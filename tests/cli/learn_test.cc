// `writ learn`: what it writes is enough, each line of it is needed, and nothing of the run remains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/schema.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Ended learn(const Place& p, Words words, Words options = {}) {
  Words all{"learn"};
  all.insert(all.end(), options.begin(), options.end());
  all.push_back(WRIT_PROBE);
  all.insert(all.end(), words.begin(), words.end());
  return p.run(all);
}

TEST(Learn, TheManifestIsEnoughAndEachLineIsNeeded) {
  const Place p;
  p.write_object("in/a", "hello");
  const std::string host = p.file("host file's \"name\".txt", "from the host");
  for (const Words& words : {Words{"get", "in/a"}, Words{"put", "out/b c", "x"}, Words{"get", host}, Words{"increment", "n"},
                             Words{"put", p.work() + "/made by \"it\".txt", "x"}}) {
    const std::string file = p.work() + "/learned.toml";
    const Ended learned = learn(p, words, {"-o", file});
    ASSERT_EQ(learned.status, 0) << learned.err;
    EXPECT_EQ(learned.out, "") << "standard output is for the manifest";
    const Ended whole = p.run({"run", "--strict", "--manifest", file});
    EXPECT_EQ(whole.status, 0) << whole.err << read_all(file);
    std::size_t granted = 0;
    const auto all = lines(read_all(file));
    for (std::size_t without = 0; without < all.size(); ++without) {
      if (!all[without].starts_with("  \"")) continue;  // a resource stands on a line of its own
      ++granted;
      std::string less;
      for (std::size_t i = 0; i < all.size(); ++i) less += i == without ? "" : all[i] + "\n";
      EXPECT_EQ(p.run({"run", "--strict", "--manifest", p.file("less.toml", less)}).status, 77) << less;
    }
    EXPECT_GT(granted, 0u);
  }
}

TEST(Learn, NothingOfTheRunRemains) {
  const Place p;
  const Ended e = learn(p, {"put", "out/a", "x"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, HasSubstr("\"state.write\" = [\n  \"out/a\",\n]"));
  EXPECT_THAT(e.last_line(), HasSubstr("nothing changed"));
  EXPECT_THAT(p.document({"state", "ls"})["objects"], IsEmpty());
}

TEST(Learn, TheGuestsOutputIsNotTheManifests) {
  const Place p;
  const Ended e = learn(p, {"say", "[grants]\n\"state.write\" = [\"/\"]\n"});
  EXPECT_EQ(e.status, 0);
  EXPECT_THAT(e.err, HasSubstr("\"state.write\" = [\"/\"]"));
  EXPECT_THAT(e.out, Not(HasSubstr("state.write\" = [\"/\"]\n")) ) << "the arguments are there, quoted";
  EXPECT_THAT(e.out, HasSubstr("\\u000A"));
}

// A guest chooses names; none of them leaves its quotes or becomes a pattern.
TEST(Learn, NoNameLeavesItsLine) {
  const Place p;
  for (const std::string name : {"a\"]\nx = [\"", "*", "**", "a,uses=1", "a%2A", "\x1b[2Jx", "it's", "\\"}) {
    const Ended e = learn(p, {"put", "out/" + name, "x"}, {"-o", p.work() + "/m.toml"});
    if (e.status != 0) continue;  // not a name of an object
    const Json plan = p.document({"run", "--dry-run", "--manifest", p.work() + "/m.toml"});
    ASSERT_EQ(plan["grants"].size(), 1u) << plan;
    EXPECT_THAT(plan["grants"][0].get<std::string>(), Not(HasSubstr("*")));
    EXPECT_EQ(plan["arguments"][1], "out/" + name);
    EXPECT_EQ(p.run({"run", "--strict", "--manifest", p.work() + "/m.toml"}).status, 0);
  }
}

TEST(Learn, SecretsAreNeitherReadNorProposed) {
  const Place p;
  std::filesystem::create_directories(p.home() + "/.ssh");
  const std::string key = p.home() + "/.ssh/id_ed25519";
  std::filesystem::copy_file(p.file("k", "the secret"), key);
  const Ended e = learn(p, {"get", key});
  EXPECT_NE(e.status, 0);
  EXPECT_THAT(e.err, Not(HasSubstr("the secret")));
  EXPECT_THAT(e.out, HasSubstr("# may hold secrets, so it is not granted: file.read:" + key));
  const Ended granted = learn(p, {"get", key}, {"--grant", "file.read:" + key});
  EXPECT_EQ(granted.status, 0) << granted.err;
  EXPECT_THAT(granted.err, HasSubstr("the secret"));
}

TEST(Learn, TellsItAsADocument) {
  const Place p;
  const Json d = p.document({"learn", WRIT_PROBE, "put", "out/a", "x"});
  EXPECT_THAT(schema_violations(d), IsEmpty());
  EXPECT_EQ(d["grants"], Json({"state.write:out/a"}));
}

// What it writes lets the same run pass, and nothing more: not a larger payment, not to anybody else.
TEST(Learn, NoFileIsChangedAndNoneThatToolsRunIsProposed) {
  const Place p;
  p.file("kept", "before");
  const Ended e = p.run({"learn", WRIT_PROBE, "put", p.work() + "/kept", "after"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, HasSubstr("\"file.write\" = [\n  \"" + p.work() + "/kept\",\n]"));
  EXPECT_EQ(read_all(p.work() + "/kept"), "before");
  for (const char* name : {"/.envrc", "/.git/hooks/pre-commit", "/.ssh/authorized_keys"}) {
    std::filesystem::create_directories(std::filesystem::path(p.work() + name).parent_path());
    const Ended no = p.run({"learn", WRIT_PROBE, "put", p.work() + name, "x"});
    EXPECT_THAT(no.out, Not(HasSubstr("  \"" + p.work() + name))) << name;
    EXPECT_FALSE(std::filesystem::exists(p.work() + name));
  }
}

TEST(Learn, EffectsOfOnesOwnAreBoundedByWhatWasSaid) {
  const Place p;
  const std::string file = p.work() + "/m.toml";
  const Ended e = p.run({"learn", "-o", file, WRIT_PAY, "payments.charge:acme,amount=5,fee=1", "payments.charge:acme,amount=7.5",
                         "payments.charge:a%22%0A]", "door.open:front"});
  ASSERT_EQ(e.status, 0) << e.err;
  const auto text = read_all(file);
  EXPECT_THAT(text, HasSubstr("\"payments.charge\" = [\"amount\", \"fee\"]"));
  EXPECT_THAT(text, HasSubstr("  \"acme,amount=7.5,fee=any\","));
  EXPECT_THAT(text, HasSubstr("  \"a%22%0A%5D\","));
  EXPECT_EQ(p.run({"run", "--strict", "--manifest", file}).status, 0);
  const auto other = [&](const char* effect) { return p.run({"run", "--manifest", file, WRIT_PAY, effect}).status; };
  EXPECT_EQ(other("payments.charge:acme,amount=7.5"), 0);
  EXPECT_EQ(other("payments.charge:acme,amount=7.51"), 3);
  EXPECT_EQ(other("payments.charge:globex,amount=1"), 3);
  EXPECT_EQ(other("door.close:front"), 3);
  EXPECT_THAT(p.document({"tasks"})["tasks"], testing::SizeIs(6));
  EXPECT_EQ(p.document({"show", "@6"})["committed"], false) << "what was learned was not committed";
}

}  // namespace
}  // namespace writ::cli_test
