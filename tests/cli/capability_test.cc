// `writ cap` and `run --cap`: what one process makes, another uses, narrows and ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/schema.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string made(const Place& p, Words words) {
  const Ended e = p.run(std::move(words));
  EXPECT_EQ(e.status, 0) << e.err;
  const auto out = lines(e.out);
  return out.empty() ? "" : out[0];
}

TEST(Capability, IsMadeNarrowedUsedAndRevoked) {
  const Place p;
  const auto root = made(p, {"cap", "mint", "state.write:out/,uses=20"});
  EXPECT_EQ(root, "0.1");
  const auto child = made(p, {"cap", "attenuate", root, "state.write:out/a"});
  EXPECT_EQ(p.probe({"put", "out/a", "x"}).status == 0, false) << "nothing is granted without it";
  const Ended used = p.probe({"put", "out/a", "x"}, {"--cap", child});
  EXPECT_EQ(used.status, 0) << used.err;
  EXPECT_NE(p.probe({"put", "out/b", "x"}, {"--cap", child}).status, 0) << "narrowed to out/a";
  const Json left = p.document({"cap", "inspect", root});
  EXPECT_THAT(schema_violations(left), IsEmpty());
  EXPECT_LT(left["left"]["uses"], 20);
  EXPECT_GT(left["left"]["uses"], 0);
  EXPECT_EQ(p.run({"cap", "revoke", root}).status, 0);
  const Ended refused = p.probe({"put", "out/a", "y"}, {"--cap", child});
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("the capability was revoked"));
  EXPECT_THAT(p.document({"cap", "ls"})["capabilities"], IsEmpty());
  const Json all = p.document({"cap", "ls", "--all"});
  EXPECT_THAT(schema_violations(all), IsEmpty());
  EXPECT_EQ(all["capabilities"].size(), 2u);
}

TEST(Capability, ItsBudgetIsOneForAllTasks) {
  const Place p;
  p.write_object("in", "hello");
  const auto two = made(p, {"cap", "mint", "state.read:in,uses=6"});
  int well = 0;
  for (int i = 0; i < 8; ++i) well += p.probe({"get", "in"}, {"--cap", two}).status == 0;
  EXPECT_GT(well, 0);
  EXPECT_LT(well, 8);
  EXPECT_EQ(p.document({"cap", "inspect", two})["left"]["uses"], 0);
}

TEST(Capability, ASplitConservesAndConsumes) {
  const Place p;
  const auto root = made(p, {"cap", "mint", "state.read:in,uses=6"});
  const Ended too_much = p.run({"cap", "split", root, "uses=4", "uses=3"});
  EXPECT_NE(too_much.status, 0);
  EXPECT_THAT(too_much.err, HasSubstr("the parts' `uses` are 7 together, and 6 is left"));
  const Json parts = p.document({"cap", "split", root, "uses=4", "uses=2"});
  EXPECT_THAT(schema_violations(parts), IsEmpty());
  EXPECT_EQ(parts["capabilities"].size(), 2u);
  EXPECT_EQ(p.document({"cap", "inspect", root})["standing"], "consumed");
  EXPECT_THAT(p.run({"cap", "attenuate", root, "state.read:in"}).err, HasSubstr("the capability was split"));
}

TEST(Capability, IsBoundToAProgram) {
  const Place p;
  p.write_object("in", "hello");
  const auto root = made(p, {"cap", "mint", "state.read:in"});
  const auto other = made(p, {"cap", "delegate", root, "code:" + std::string(64, 'a')});
  const Ended refused = p.probe({"get", "in"}, {"--cap", other});
  EXPECT_THAT(refused.err, HasSubstr("bound to another holder"));
  EXPECT_EQ(p.probe({"get", "in"}, {"--cap", root}).status, 0);
}

TEST(Capability, BadWordsAreRefused) {
  const Place p;
  for (const auto& [words, says] : std::vector<std::pair<Words, std::string>>{
           {{"cap", "mint", "state.raed:x"}, "did you mean `state.read`?"},
           {{"cap", "inspect", "seven"}, "write its handle, such as 7.1"},
           {{"cap", "inspect", "7.1"}, "no such capability"},
           {{"cap", "revoke", "7.1"}, "no such capability"},
           {{"cap", "split", "7.1", "uses=1"}, "an operand is missing"},
           {{"cap", "split", "7.1", "uses=1", "ueses=1"}, "did you mean `uses`?"},
           {{"cap", "delegate", "7.1", "code:xyz"}, "not a holder"},
           {{"cap", "mnit", "x"}, "did you mean mint?"},
           {{"cap", "verify", "x"}, "not in this version"},
       }) {
    const Ended e = p.run(words);
    EXPECT_NE(e.status, 0) << words[1];
    EXPECT_THAT(e.err, HasSubstr(says));
  }
}

}  // namespace
}  // namespace writ::cli_test
