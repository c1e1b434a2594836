// Several commands at once on one store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

TEST(Sharing, WritersOfDifferentObjectsAllSucceed) {
  const Place p;
  p.probe({"hello"});
  std::vector<Running> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(p.start({.words = {"run", "--grant", "state.write:o" + std::to_string(i), WRIT_PROBE, "put",
                                     "o" + std::to_string(i), "x"}}));
  for (Running& r : all) {
    const Ended e = r.wait();
    EXPECT_EQ(e.status, 0) << e.err;
  }
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 6u);
  const Json audit = p.document({"audit"});
  EXPECT_EQ(audit["verified"], 7);
}

TEST(Sharing, NoUpdateOfOneObjectIsLost) {
  const Place p;
  p.probe({"hello"});
  constexpr int writers = 6;
  std::vector<Running> all;
  for (int i = 0; i < writers; ++i)
    all.push_back(p.start({.words = {"run", "--retry", "1000", "--grant", "state.read:n", "--grant", "state.write:n",
                                     WRIT_PROBE, "increment", "n"}}));
  for (Running& r : all) {
    const Ended e = r.wait();
    EXPECT_EQ(e.status, 0) << e.err;
  }
  EXPECT_EQ(p.run({"state", "get", "n"}).out, std::to_string(writers));
  EXPECT_EQ(p.document({"state", "log", "n"})["objects"].size(), static_cast<std::size_t>(writers));
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Sharing, AColdStoreIsMadeOnceByManyAtOnce) {
  const Place p;
  std::vector<Running> all;
  for (int i = 0; i < 4; ++i) all.push_back(p.start({.words = {"run", WRIT_PROBE}}));
  for (Running& r : all) {
    const Ended e = r.wait();
    EXPECT_EQ(e.status, 0) << e.err;
  }
  EXPECT_EQ(p.document({"audit"})["verified"], 4) << "one key, one log";
}

}  // namespace
}  // namespace writ::cli_test
