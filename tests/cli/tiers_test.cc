// Tiers, fences and the cache of images as somebody at a terminal meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/program.h"
#include "tests/cli/schema.h"
#include "writ/base/fd.h"

namespace writ::cli_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A place whose cache is its own, so that nothing in it has been seen.
class NewCache : public testing::Test {
 protected:
  Ended run(Words words, Words environment = {}) const {
    environment.push_back("XDG_CACHE_HOME=" + place.path() + "/cache");
    return place.start({.words = std::move(words), .environment = std::move(environment)}).wait();
  }
  std::string engine_of_last() const {
    const Ended e = run({"show", "@", "--json"});
    const auto at = e.out.find("wasm/");
    return at == std::string::npos ? e.out + e.err : e.out.substr(at, e.out.find('"', at) - at);
  }
  std::size_t images() const {
    std::size_t n = 0;
    for (const auto& e : fs::directory_iterator(place.path() + "/cache/writ")) n += e.path().extension() == ".image";
    return n;
  }
  const Place place;
};

TEST_F(NewCache, TheFirstRunIsFastAndBuildMakesTheBest) {
  EXPECT_EQ(run({"run", WRIT_PROBE}).status, 0);
  EXPECT_EQ(engine_of_last(), "wasm/baseline");
  const Ended built = run({"build", WRIT_PROBE});
  EXPECT_EQ(built.status, 0) << built.err;
  EXPECT_THAT(built.err, HasSubstr("built (wasm/clang-14 -O2)"));
  EXPECT_EQ(built.err.find('\r'), std::string::npos) << "progress is for terminals";
  EXPECT_THAT(run({"build", WRIT_PROBE}).err, HasSubstr("was built already"));
  EXPECT_EQ(run({"run", WRIT_PROBE}).status, 0);
  EXPECT_EQ(engine_of_last(), "wasm/clang-14 -O2");
  EXPECT_EQ(run({"run", "--tier", "fast", WRIT_PROBE}).status, 0);
  EXPECT_EQ(engine_of_last(), "wasm/baseline");
}

TEST_F(NewCache, AReplayTakesTheTierThatRan) {
  EXPECT_EQ(run({"run", "--id", "first", WRIT_PROBE}).status, 0);
  EXPECT_EQ(run({"build", WRIT_PROBE}).status, 0);
  const Ended e = run({"replay", "first"});
  EXPECT_EQ(e.status, 0) << e.err;
}

TEST_F(NewCache, BuildTellsInADocument) {
  const Ended e = run({"--json", "build", "--tier", "fast", WRIT_PROBE});
  const Json d = e.json();
  EXPECT_EQ(d["schema"], "writ.build/1");
  EXPECT_EQ(schema_violations(d), std::vector<std::string>());
  EXPECT_EQ(d["engine"], "wasm/baseline");
  EXPECT_EQ(d["made"], true);
  EXPECT_EQ(schema_violations(run({"--json", "build", "--waiting"}).json()), std::vector<std::string>());
}

TEST_F(NewCache, BuildRefusesWhatRunRefuses) {
  EXPECT_EQ(run({"build", "no-such.wasm"}).status, 127);
  EXPECT_EQ(run({"build", place.file("bad.wasm", std::string("\0asm\1\0\0\0\1\xff", 10))}).status, 65);
  EXPECT_EQ(run({"build"}).status, 64);
  EXPECT_EQ(run({"build", "--waiting", WRIT_PROBE}).status, 64);
  EXPECT_EQ(run({"build", "--tier", "fats", WRIT_PROBE}).status, 64);
}

// The builder outlives the command that started it, and has nothing of its terminal.
TEST_F(NewCache, TheBestIsMadeInTheBackground) {
  const Ended e = run({"run", WRIT_PROBE}, {"WRIT_BACKGROUND=on"});  // ended: nobody holds its standard streams any more
  EXPECT_EQ(e.status, 0) << e.err;
  for (int i = 0; i < 1200 && images() < 2; ++i) ::poll(nullptr, 0, 100);
  ASSERT_EQ(images(), 2u) << "the fast one and the best";
  EXPECT_EQ(run({"run", WRIT_PROBE}).status, 0);
  EXPECT_EQ(engine_of_last(), "wasm/clang-14 -O2");
}

TEST_F(NewCache, WhatWaitsIsBuiltWhenSomebodyHasTime) {
  const std::string folder = place.path() + "/cache/writ";
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  Fd busy(::open((folder + "/improving.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(busy.get(), LOCK_EX), 0);  // a builder is at work already: none is started, and what is new waits
  EXPECT_EQ(run({"run", WRIT_PROBE}, {"WRIT_BACKGROUND=on"}).status, 0);
  EXPECT_THAT(run({"build", "--waiting"}).err, HasSubstr("0 built"));
  busy.reset();
  EXPECT_THAT(run({"build", "--waiting"}).err, HasSubstr("1 built"));
  EXPECT_EQ(images(), 2u);
}

TEST_F(NewCache, TwentyAtOnceOnTheSameUnknownModule) {
  std::vector<Running> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(place.start({.words = {"run", WRIT_PROBE}, .environment = {"XDG_CACHE_HOME=" + place.path() + "/cache"},
                               .patience = std::chrono::seconds(300)}));
  for (auto& r : all) {
    const Ended e = r.wait();
    EXPECT_EQ(e.status, 0) << e.err;
  }
  EXPECT_EQ(images(), 1u);
}

TEST_F(NewCache, AHomeThatCannotBeWrittenKeepsImagesInTheStore) {
  if (::geteuid() == 0) {
    // Nothing keeps root from writing but the file system: a file stands where the folder should be.
    std::ofstream(place.path() + "/cache") << "in the way";
  } else {
    fs::create_directory(place.path() + "/cache");
    ::chmod((place.path() + "/cache").c_str(), 0500);
  }
  const Ended e = run({"run", WRIT_PROBE});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_TRUE(fs::exists(place.store() + "/cache"));
  const Ended built = run({"build", WRIT_PROBE});
  EXPECT_EQ(built.status, 0) << built.err;
  EXPECT_THAT(built.err, HasSubstr("images are kept in the store"));
}

TEST(Fences, PageIsThereWhenAskedForAndSaysSo) {
  const Place p;
  const Json d = p.document({"run", "--fence", "page", WRIT_PROBE});
  EXPECT_EQ(d["fence"], "page");
  EXPECT_EQ(p.run({"run", "--fence", "process", WRIT_PROBE}).status, 64);
}

TEST(Fences, WhatIsRequiredIsAFloor) {
  const Place p;
  const Json doctor = p.document({"doctor"});
  for (const auto& row : doctor["protections"]) {
    const auto name = row["name"].get<std::string>();
    const Ended e = p.run({"run", "--require", name, WRIT_PROBE});
    // What holds processes does not hold a module: asked for, it is refused whether the machine has it or not.
    const bool of_processes = name.starts_with("process-");
    EXPECT_EQ(e.status, of_processes ? 64 : row["state"] == "present" ? 0 : 69) << name << e.err;
    if (row["state"] != "present") { EXPECT_THAT(e.err, HasSubstr(name)); }
  }
  const Ended lowered = p.run({"run", "--fence", "page", "--require", "fence-key", WRIT_PROBE});
  EXPECT_EQ(lowered.status, 64);
  EXPECT_THAT(lowered.err, HasSubstr("do without fence-key"));
}

TEST(Fences, DoctorNamesEveryToolAndWhatHoldsThem) {
  const Place p;
  const Ended e = p.run({"doctor"});
  for (const char* word : {"fence-key", "fence-page", "child-user-namespace", "child-landlock", "child-seccomp", "clang", "wasm2c"})
    EXPECT_THAT(e.out, HasSubstr(word));
}

}  // namespace
}  // namespace writ::cli_test
