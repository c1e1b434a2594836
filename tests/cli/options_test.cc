// Every bad value is refused with one line that says what, where and what would be right, before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

struct Case {
  Words options;
  int status;
  const char* says;
};

void expect_refusal(const Place& p, const Words& words, int status, const std::string& says) {
  const Ended e = p.run(words);
  const std::string shown = testing::PrintToString(words);
  EXPECT_EQ(e.status, status) << shown << e.err;
  EXPECT_EQ(e.out, "") << shown;
  EXPECT_EQ(lines(e.err).size(), 1u) << shown << e.err;
  EXPECT_THAT(e.err, testing::StartsWith("writ: ")) << shown;
  EXPECT_THAT(e.err, HasSubstr(says)) << shown;
  Words with_json = words;
  with_json.insert(with_json.begin(), "--json");
  const Ended j = p.run(with_json);
  EXPECT_EQ(j.status, status) << shown;
  const Json document = j.json();
  EXPECT_EQ(document.value("schema", ""), "writ.error/1") << shown;
  EXPECT_FALSE(document["error"]["what"].get<std::string>().empty()) << shown;
}

TEST(Options, BadValuesOfRun) {
  const Place p;
  p.file("bad.toml", "[tsak]\n");
  p.file("nocode.toml", "[limits]\ntime = \"1s\"\n");
  const std::string digits(64, 'g');
  const Case cases[] = {
      {{"--grant", ""}, 64, "--grant"},
      {{"--grant", "state.raed:x"}, 64, "state.read"},
      {{"--grant", "state.read"}, 64, "state.read"},
      {{"--grant", "clock.real:x"}, 64, "clock.real"},
      {{"--grant", "state.read:a?b=1&c=2"}, 64, "?"},
      {{"--grant", "state.read:a,byts=3"}, 64, "bytes"},
      {{"--grant", "state.read:a,bytes=many"}, 64, "many"},
      {{"--grant", "state.read:../up"}, 64, "state.read"},
      {{"--grant", "file.read:a%zz"}, 64, "%"},
      {{"--deny", "stat.read:x"}, 64, "--deny"},
      {{"--deny", "state.read:x,bytes=1"}, 64, "a deny takes no limits"},
      {{"--manifest", "none.toml"}, 65, "none.toml"},
      {{"--manifest", "bad.toml"}, 65, "bad.toml:1"},
      {{"--manifest", "."}, 65, "."},
      {{"--input", "none.txt"}, 65, "none.txt"},
      {{"--input", "."}, 65, "."},
      {{"--input", ""}, 64, "--input"},
      {{"--env", ""}, 64, "--env"},
      {{"--env", "=x"}, 64, "--env"},
      {{"--env", "SURELY_NOT_SET"}, 64, "SURELY_NOT_SET"},
      {{"--id", ""}, 64, "--id"},
      {{"--id", "a b"}, 64, "--id"},
      {{"--id", "@"}, 64, "--id"},
      {{"--id", "-x"}, 64, "--id"},
      {{"--id", "deadbeef"}, 64, "id"},
      {{"--id", std::string(65, 'x')}, 64, "--id"},
      {{"--label", "x"}, 64, "KEY=VALUE"},
      {{"--label", "=x"}, 64, "KEY=VALUE"},
      {{"--retry", "-1"}, 64, "--retry"},
      {{"--retry", "many"}, 64, "--retry"},
      {{"--retry", "99999999999"}, 64, "--retry"},
      {{"--receipt", ""}, 64, "--receipt"},
      {{"--receipt", "dir/"}, 64, "--receipt"},
      {{"--limit", "memory"}, 64, "NAME=VALUE"},
      {{"--limit", "memroy=1MiB"}, 64, "memory"},
      {{"--limit", "memory=1"}, 64, "64KiB"},
      {{"--limit", "time=10"}, 64, "unit"},
      {{"--limit", "effects=-1"}, 64, "effects"},
      {{"--limit", "processes=3"}, 64, "process"},
      {{"--fence", "kye"}, 64, "key"},
      {{"--fence", "process"}, 64, "fenced in memory"},
      {{"--tier", "bets"}, 64, "best"},
      {{"--require", "protection-kyes"}, 64, "protection-keys"},
      {{"--require", "a,,b"}, 64, "--require"},
      {{"--require", ""}, 64, "--require"},
      {{"--entry", ""}, 64, "--entry"},
      {{"--seed", "abc"}, 64, "64"},
      {{"--seed", digits}, 64, "hex"},
      {{"--strict=1"}, 64, "no value"},
      {{"--strcit"}, 64, "--strict"},
      {{"--store", ""}, 65, "--store"},
      {{"--store", "nowhere"}, 69, "there is no store here"},
      {{"--json=xml"}, 64, "--json"},
      {{"--id"}, 64, "value is missing"},
  };
  for (const Case& c : cases) {
    Words words{"run"};
    words.insert(words.end(), c.options.begin(), c.options.end());
    if (c.options != Words{"--id"}) words.push_back(WRIT_PROBE);
    if (c.options == Words{"--json=xml"}) {
      EXPECT_EQ(p.run(words).status, 64);
      continue;
    }
    expect_refusal(p, words, c.status, c.says);
  }
  expect_refusal(p, {"run", "--manifest", "nocode.toml"}, 64, "no code");
  EXPECT_FALSE(std::filesystem::exists(p.store() + "/writ.db") && p.document({"tasks"})["tasks"].size() > 0)
      << "nothing ran";
}

TEST(Options, CodeThatIsNone) {
  const Place p;
  p.file("empty.wasm", "");
  p.file("text.wasm", "hello");
  p.file("module.wat", "(module)");
  p.file("x.js", "1");
  p.file("empty.py", "");
  p.file("cut.wasm", read_all(WRIT_PROBE).substr(0, 1000));
  p.file("folder/x", "");
  const std::string secret = p.file("secret.wasm", "x");
  ::chmod(secret.c_str(), 0);
  const std::pair<const char*, std::pair<int, const char*>> cases[] = {{"nothing.wasm", {127, "nothing.wasm"}},
                                                                       {"folder/x/y", {127, "y"}},
                                                                       {"folder", {126, "folder"}},
                                                                       {"empty.wasm", {65, "empty"}},
                                                                       {"text.wasm", {65, "WebAssembly"}},
                                                                       {"module.wat", {65, "wat2wasm"}},
                                                                       {"cut.wasm", {65, ""}},
                                                                       {"x.js", {69, "this version"}},
                                                                       {"empty.py", {65, "empty"}}};
  for (const auto& [name, expected] : cases) expect_refusal(p, {"run", name}, expected.first, expected.second);
  if (::geteuid() != 0) expect_refusal(p, {"run", "secret.wasm"}, 126, "secret.wasm");
  expect_refusal(p, {"run"}, 64, "no code");
  expect_refusal(p, {"run", "--", "no-such-command"}, 127, "no-such-command");
  expect_refusal(p, {"run", "-e", "1"}, 64, "--lang");
  expect_refusal(p, {"run", "-e", "1", "--lang", "pi"}, 64, "py");
  expect_refusal(p, {"run", "--entry", "no_such_function", WRIT_PROBE}, 65, "no_such_function");
}

TEST(Options, BadValuesOfTheOtherCommands) {
  const Place p;
  p.write_object("a", "1");
  p.file("noise", "this is no receipt");
  p.file("nokey", "this is no key\n");
  const Case cases[] = {
      {{"tasks", "--since", "yesterday"}, 64, "--since"},
      {{"tasks", "--until", "2026-13-45"}, 64, "--until"},
      {{"tasks", "--outcome", "comitted"}, 64, "--outcome"},
      {{"tasks", "--limit", "0"}, 64, "--limit"},
      {{"tasks", "--touched", ""}, 64, "--touched"},
      {{"tasks", "extra"}, 64, "too many"},
      {{"show", "ffffffffffff"}, 65, "no such task"},
      {{"show", "abc"}, 65, "four"},
      {{"show", "nobody"}, 65, "no such task"},
      {{"show", "@99"}, 65, "no such task"},
      {{"show", "@x"}, 65, "@x"},
      {{"why"}, 64, "operand is missing"},
      {{"verify"}, 64, "operand is missing"},
      {{"verify", "/none.json"}, 69, "/none.json"},
      {{"verify", "noise", "--key", "nonsense"}, 64, "--key"},
      {{"verify", "noise", "--keys", "nokey"}, 65, "nokey:1"},
      {{"verify", "noise", "--keys", "none"}, 65, "none"},
      {{"audit", "--since", "noise"}, 65, ""},
      {{"audit", "--since", "none"}, 65, "none"},
      {{"state", "get", "b"}, 69, "no such object"},
      {{"state", "get", "/a"}, 65, ""},
      {{"state", "get", "a/../b"}, 65, ""},
      {{"state", "put", "", "noise"}, 65, ""},
      {{"state", "put", "x", "none"}, 65, "none"},
      {{"state", "rm", "b"}, 69, ""},
      {{"state", "log", "/"}, 65, ""},
      {{"state", "export", "."}, 65, "not empty"},
      {{"state", "import", "none"}, 69, "none"},
      {{"log", "prove", "x"}, 64, "whole number"},
      {{"log", "prove", "99"}, 65, ""},
      {{"log", "consistency", "3"}, 64, "operand is missing"},
      {{"log", "consistency", "9", "2"}, 65, ""},
      {{"key", "show", "other"}, 65, "other"},
      {{"trust", "."}, 65, "no store"},
      {{"trust", "none"}, 65, "none"},
      {{"help", "rnu"}, 64, "run"},
      {{"fsck", "--reapir"}, 64, "--repair"},
      {{"init", "extra"}, 64, "too many"},
  };
  for (const Case& c : cases) expect_refusal(p, c.options, c.status, c.says);
  const Ended malformed = p.run({"verify", "noise"});
  EXPECT_EQ(malformed.status, 65);
  EXPECT_THAT(malformed.out, HasSubstr("malformed"));
}

TEST(Options, ErrorsAreEscaped) {
  const Place p;
  for (const Words& words : {Words{"run", "\033[2J.wasm"}, Words{"\033[2J"}, Words{"run", "--grant", "\033[2J", "x"},
                             Words{"state", "get", "\033[2J"}, Words{"show", "\033[2J"},
                             Words{"--store", "\033[2J", "tasks"}, Words{"run", "\xff\xfe"}})
    EXPECT_EQ(p.run(words).err.find_first_of("\033\xff"), std::string::npos) << p.run(words).err;
}

}  // namespace
}  // namespace writ::cli_test
