// Every document that the command writes is valid against its published schema, and every published schema is used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/cli/program.h"
#include "tests/cli/schema.h"

namespace writ::cli_test {
namespace {

TEST(Documents, AllAreValidAndNoneIsUnpublished) {
  const Place p;
  p.file("m.toml", "[task]\ncode = \"" WRIT_PROBE "\"\n");
  std::set<std::string> seen;
  const auto check = [&](Words words, const std::string& input = {}) {
    words.insert(words.begin(), "--json");
    for (const char* form : {"--json", "--json=lines"}) {
      words[0] = form;
      const Ended e = p.run(words, input);
      EXPECT_FALSE(e.out.empty()) << testing::PrintToString(words) << e.err;
      for (const std::string& line : lines(e.out)) {
        const Json document = Json::parse(line, nullptr, false);
        EXPECT_THAT(schema_violations(document), testing::IsEmpty()) << testing::PrintToString(words) << line;
        if (document.is_object()) seen.insert(document.value("schema", ""));
      }
    }
  };
  check({"init"});
  check({"state", "put", "a/b", "-"}, "text");
  check({"state", "put", "binary", "-"}, "\xff");
  check({"run", WRIT_PROBE, "hello"});
  check({"run", "--grant", "state.write:c", "--label", "k=v", WRIT_PROBE, "put", "c", "1"});
  check({"run", WRIT_PROBE, "binary"});
  check({"run", WRIT_PROBE, "trap"});
  check({"run", WRIT_PROBE, "try", "/etc/passwd"});
  check({"run", WRIT_PROBE, "try", "/etc/shadow"});
  check({"run", "--strict", WRIT_PROBE, "try", "/etc/passwd"});
  check({"why", "@"});
  check({"show", "@"});
  check({"show", "@5"});
  check({"run", "--dry-run", "--manifest", "m.toml", "--grant", "clock.real", "--deny", "file.read:/"});
  check({"run", "nothing.wasm"});
  check({"build", WRIT_PROBE});
  check({"build", "--waiting"});
  check({"run", "--id", "x y", WRIT_PROBE});
  check({"frobnicate"});
  for (const char* name : {"staged-1", "staged-2"}) p.probe({"put", "d", "1"}, {"--stage", "--id", name, "--grant", "state.write:d"});
  check({"run", "--stage", "--grant", "state.write:d", WRIT_PROBE, "put", "d", "\xff"});
  check({"diff", "@"});
  check({"show", "@"});
  check({"tasks"});
  check({"tasks", "--staged"});
  check({"commit", "staged-1"});
  check({"discard", "staged-2"});
  check({"undo", "--dry-run", "staged-1"});
  check({"undo", "staged-1"});
  check({"replay", "staged-1"});
  check({"rerun", "staged-1"});
  check({"verify", "@", "@2"});
  check({"audit"});
  check({"fsck"});
  check({"state", "ls"});
  check({"state", "log", "a/b"});
  check({"state", "get", "a/b"});
  check({"state", "get", "binary"});
  check({"state", "rm", "a/b"});
  check({"state", "rm", "a/b"});
  check({"state", "import", "."});
  {
    Running loop = p.start({.words = {"run", "--id", "loop", WRIT_PROBE, "loop"}});
    loop.wait_for_output("ready");
    check({"cancel", "loop"});
    loop.wait();
  }
  check({"log", "key"});
  check({"log", "checkpoint"});
  check({"log", "prove", "0"});
  check({"log", "consistency", "1", "3"});
  check({"log", "export", "tiles"});
  check({"cap", "mint", "state.read:in,uses=3"});
  check({"cap", "ls"});
  check({"learn", WRIT_PROBE, "hello"});
  check({"key", "ls"});
  check({"key", "show"});
  check({"key", "rotate"});
  check({"key", "export"});
  check({"trust", "."});
  check({"doctor"});
  p.file("p.policy", "policy P { rule r { forall e: StateRead { e.size < 1.MB } } test \"t\" { allow \"state.read:a\"; } }");
  p.file("bad.policy", "policy P { rule r { forall e: StateRead { e.sise < 1.MB } } }");
  p.file("closed.policy", "policy P { rule r { forall e: Effect { false } } }");
  check({"policy", "check", "p.policy"});
  check({"policy", "check", "bad.policy"});
  check({"policy", "test", "p.policy"});
  check({"policy", "explain", "--policy", "p.policy", "state.read:a/b"});
  check({"policy", "replay", "--against", "p.policy"});
  check({"policy", "replay", "--against", "closed.policy"});
  check({"run", "--policy", "closed.policy", "--grant", "state.read:a/b", WRIT_PROBE, "get", "a/b"});
  check({"version"});
  check({"help"});
  check({"help", "run"});
  check({"help", "effects"});
  const Ended exported = p.run({"--json", "state", "export", "out"});
  EXPECT_THAT(schema_violations(exported.json()), testing::IsEmpty()) << exported.out;
  seen.insert(exported.json().value("schema", ""));

  for (const auto& file : std::filesystem::directory_iterator(WRIT_SOURCE_DIR "/docs/schema"))
    EXPECT_TRUE(seen.contains(file.path().stem().string() + "/1")) << "published and never written: " << file.path();
}

}  // namespace
}  // namespace writ::cli_test
