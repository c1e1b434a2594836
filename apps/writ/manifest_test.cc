#include "manifest.h"

#include <gmock/gmock.h>

#include "limit_words.h"
#include "test_folder.h"

namespace writ::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::vector<GrantText>& grants) {
  std::vector<std::string> out;
  for (const auto& g : grants) out.push_back(g.text);
  return out;
}

TEST(Manifest, AllItsPartsAreRead) {
  guest::Limits limits;
  const auto m = parse_manifest(R"([task]
code = "index.wasm"
args = ["a", "b c"]
entry = "main"
lang = "wasm"
[grants]
"state.read" = ["orders/", "a.json,bytes=1MiB"]
file.read = ["/usr/share/zoneinfo/"]
clock.real = true
random.real = ["uses=3"]
[deny]
state.write = ["orders/x"]
[limits]
memory = "64MiB"
time = "10s"
effects = 1000
)",
                                "m.toml", limits);
  ASSERT_TRUE(m) << m.error().text();
  EXPECT_EQ(m->code, "index.wasm");
  EXPECT_EQ(m->entry, "main");
  EXPECT_THAT(m->arguments, ElementsAre("a", "b c"));
  EXPECT_THAT(texts(m->grants),
              testing::UnorderedElementsAre("state.read:orders/", "state.read:a.json,bytes=1MiB",
                                            "file.read:/usr/share/zoneinfo/", "clock.real", "random.real,uses=3"));
  EXPECT_THAT(texts(m->denies), ElementsAre("state.write:orders/x"));
  EXPECT_EQ(m->denies[0].where, "m.toml:12");
  EXPECT_EQ(limits.memory, 64 * MiB);
  EXPECT_EQ(limits.time, std::chrono::seconds(10));
  EXPECT_EQ(limits.effects, 1000u);
}

TEST(Manifest, WhatIsWrongIsNamedWithItsLineAndTheNearestWord) {
  const struct {
    const char* text;
    const char* line;
    const char* says;
  } cases[] = {
      {"[tsak]\n", "m.toml:1", "task"},
      {"[task]\ncoed = \"x\"\n", "m.toml:2", "code"},
      {"[task]\ncode = 5\n", "m.toml:2", "string"},
      {"[task]\nargs = \"x\"\n", "m.toml:2", "list"},
      {"[task]\nargs = [1]\n", "m.toml:2", "string"},
      {"task = 1\n", "m.toml:1", "table"},
      {"[grants]\nstate.raed = [\"x\"]\n", "m.toml:2", "state.read"},
      {"[grants]\nstate.read = \"x\"\n", "m.toml:2", "list"},
      {"[grants]\nstate.read = true\n", "m.toml:2", "list"},
      {"[grants]\n\nstate.read = [3]\n", "m.toml:3", "string"},
      {"[limits]\nmemroy = \"1MiB\"\n", "m.toml:2", "memory"},
      {"[limits]\nmemory = \"lots\"\n", "m.toml:2", "64KiB"},
      {"[limits]\ntime = 5\n", "m.toml:2", "unit"},
      {"[limits]\ntime = 1.5\n", "m.toml:2", "string or a whole number"},
      {"[task]\ncode = \"a\"\ncode = \"b\"\n", "m.toml:3", "TOML"},
      {"[task\n", "m.toml:1", "TOML"},
      {"\xff\xfe", "m.toml:1", "TOML"},
  };
  for (const auto& c : cases) {
    guest::Limits limits;
    const auto m = parse_manifest(c.text, "m.toml", limits);
    ASSERT_FALSE(m) << c.text;
    EXPECT_EQ(m.error().code, Code::invalid) << c.text;
    EXPECT_THAT(m.error().where, HasSubstr(c.line)) << c.text;
    EXPECT_THAT(m.error().text(), HasSubstr(c.says)) << c.text;
  }
}

TEST(Manifest, LaterWordsAreUnsupported) {
  for (const char* text :
       {"[workspace]\n", "[task]\nlang = \"python\"\n", "[limits]\nprocesses = 3\n", "[limits]\ndisk = \"1GiB\"\n"}) {
    guest::Limits limits;
    EXPECT_EQ(parse_manifest(text, "m", limits).error().code, Code::unsupported) << text;
  }
}

TEST(Manifest, ItsCodeLiesBesideIt) {
  const TestFolder folder;
  const std::string path = folder.file("m.toml", "[task]\ncode = \"x.wasm\"\n");
  guest::Limits limits;
  EXPECT_EQ(read_manifest(path, limits)->code, folder / "x.wasm");
  EXPECT_FALSE(read_manifest(folder / "none.toml", limits));
  EXPECT_FALSE(read_manifest(folder.path(), limits));
}

TEST(Limits, BoundsAreKept) {
  guest::Limits limits;
  for (const auto& [name, value] :
       {std::pair("memory", "64KiB"), std::pair("memory", "4GiB"), std::pair("stack", "64MiB"),
        std::pair("output", "0"), std::pair("time", "1ms"), std::pair("effects", "0"), std::pair("files", "65536")})
    EXPECT_TRUE(set_limit(limits, name, value, "w")) << name << value;
  for (const auto& [name, value] :
       {std::pair("memory", "63KiB"), std::pair("memory", "5GiB"), std::pair("stack", "1GiB"),
        std::pair("memory", "-1"), std::pair("memory", ""), std::pair("time", "0s"), std::pair("time", "5"),
        std::pair("time", "999999d"), std::pair("effects", "1e6"), std::pair("files", "0")})
    EXPECT_EQ(set_limit(limits, name, value, "w").error().code, Code::invalid) << name << value;
}

}  // namespace
}  // namespace writ::cli
