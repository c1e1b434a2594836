// Effects of one's own at the command line: declared, granted by named fields, performed by a real guest, explained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* declared = "--effect=payments.charge:amount,fee";

class OwnEffects : public ::testing::Test {
 protected:
  Ended pay(Words options, Words effects) const {
    Words words{"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back(WRIT_PAY);
    words.insert(words.end(), effects.begin(), effects.end());
    return p.run(std::move(words));
  }
  std::string grant_of_denial() const { return p.document({"why", "@"})["denials"][0]["grant_shell"].get<std::string>(); }
  Place p;
};

TEST_F(OwnEffects, NothingIsAllowedByDefaultAndWhyProposesTheSmallestGrant) {
  const Ended e = pay({}, {"payments.charge:acme,amount=99.95"});
  EXPECT_EQ(e.status, 3);
  EXPECT_THAT(e.out, HasSubstr("Permission denied"));
  EXPECT_EQ(grant_of_denial(), "--effect payments.charge:amount --grant payments.charge:acme,amount=99.95");
  const Words again{"--effect", "payments.charge:amount", "--grant", "payments.charge:acme,amount=99.95"};
  EXPECT_EQ(pay(again, {"payments.charge:acme,amount=99.95"}).status, 0) << "what why said is enough";
  EXPECT_EQ(pay(again, {"payments.charge:acme,amount=99.950001"}).status, 3) << "and no more than that";
  EXPECT_EQ(pay(again, {"payments.charge:acme2,amount=1"}).status, 3);
  EXPECT_EQ(pay(again, {"payments.charge:acme,amount=1,fee=1"}).status, 3) << "a field that nobody declared";
}

TEST_F(OwnEffects, FieldsBoundEachEffectAndAllTogether) {
  const Words options{declared, "--grant", "payments.charge:acme,amount=100.00,amount.total=250"};
  EXPECT_EQ(pay(options, {"payments.charge:acme,amount=100", "payments.charge:acme,amount=100", "payments.charge:acme,amount=50"}).status, 0);
  const Ended e = pay(options, {"payments.charge:acme,amount=100", "payments.charge:acme,amount=100", "payments.charge:acme,amount=50.01"});
  EXPECT_EQ(e.status, 3);
  EXPECT_EQ(grant_of_denial(), "--effect payments.charge:amount,fee --grant payments.charge:acme,amount=100,amount.total=300.01,fee=any");
  EXPECT_EQ(pay(options, {"payments.charge:acme,amount=101"}).status, 3);
  EXPECT_EQ(grant_of_denial(), "--effect payments.charge:amount,fee --grant payments.charge:acme,amount=101,amount.total=250,fee=any");
  EXPECT_EQ(pay(options, {"payments.charge:acme,fee=1"}).status, 3) << "it does not say how much";
  EXPECT_EQ(pay({declared, "--grant", "payments.charge:*", "--deny", "payments.charge:acme"}, {"payments.charge:acme,amount=1"}).status, 3);
}

TEST_F(OwnEffects, WhatIsNoEffectIsNoneAndStrictEndsTheTask) {
  const Words options{declared, "--grant", "payments.charge:*"};
  for (const char* bad : {"", "state.write:x", "payments.charge", "payments.charge:*", "payments.charge:a,amount=-5", "payments.charge:a,amount=1e9"})
    EXPECT_THAT(pay(options, {bad}).out, HasSubstr("Invalid argument")) << bad;
  EXPECT_EQ(p.document({"show", "@"})["journal"].size(), 0u);
  EXPECT_EQ(pay({"--strict"}, {"payments.charge:acme,amount=1", "payments.charge:acme,amount=2"}).status, 77);
}

TEST_F(OwnEffects, WordsThatNobodyDeclaredAreRefused) {
  EXPECT_THAT(pay({"--grant", "payments.charge:acme"}, {}).err, HasSubstr("--effect payments.charge"));
  EXPECT_THAT(pay({declared, "--grant", "payments.chrage:acme"}, {}).err, HasSubstr("did you mean `payments.charge`?"));
  EXPECT_THAT(pay({declared, "--grant", "payments.charge:acme,amuont=1"}, {}).err, HasSubstr("did you mean `amount`?"));
  for (const char* bad : {"--effect=state.read", "--effect=payments", "--effect=payments.charge:uses", "--effect=payments.charge:a,b,c,d,e"})
    EXPECT_EQ(pay({bad}, {}).status, 64) << bad;
  EXPECT_EQ(pay({declared, "--effect=payments.charge:tip", "--grant", "payments.charge:acme,tip=1"}, {}).status, 0) << "fields add up";
}

TEST_F(OwnEffects, AManifestDeclaresThem) {
  p.file("m.toml", "[effects]\n\"payments.charge\" = [\"amount\"]\n[grants]\n\"payments.charge\" = [\"acme,amount=10\"]\n");
  EXPECT_EQ(pay({"--manifest", "m.toml"}, {"payments.charge:acme,amount=10"}).status, 0);
  EXPECT_EQ(pay({"--manifest", "m.toml"}, {"payments.charge:acme,amount=11"}).status, 3);
  p.file("n.toml", "[grants]\n\"payments.charge\" = [\"acme\"]\n");
  EXPECT_EQ(pay({"--manifest", "n.toml"}, {}).status, 65);
}

TEST_F(OwnEffects, ABudgetOfADurableCapabilityIsSharedAndSurvives) {
  const auto handle = lines(p.run({"cap", "mint", "--effect", "payments.charge:amount", "payments.charge:*,amount=100,amount.total=150"}).out)[0];
  EXPECT_EQ(pay({"--cap", handle}, {"payments.charge:acme,amount=100"}).status, 0);
  EXPECT_THAT(p.run({"cap", "inspect", handle}).out, HasSubstr("50 of amount left"));
  EXPECT_EQ(pay({"--cap", handle}, {"payments.charge:globex,amount=51"}).status, 3) << "another task, the same budget";
  const auto child = lines(p.run({"cap", "attenuate", "--effect", "payments.charge:amount", handle, "payments.charge:acme,amount=20"}).out)[0];
  EXPECT_EQ(pay({"--cap", child}, {"payments.charge:globex,amount=1"}).status, 3);
  EXPECT_EQ(pay({"--cap", child}, {"payments.charge:acme,amount=20"}).status, 0);
  EXPECT_THAT(p.run({"cap", "inspect", handle}).out, HasSubstr("30 of amount left")) << "the parent counts it";
  EXPECT_NE(p.run({"cap", "split", handle, "amount.total=20", "amount.total=20"}).status, 0) << "30 is left";
  const auto parts = lines(p.run({"cap", "split", handle, "amount.total=20", "amount.total=10"}).out);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(pay({"--cap", parts[1]}, {"payments.charge:acme,amount=11"}).status, 3);
  EXPECT_EQ(pay({"--cap", parts[0]}, {"payments.charge:acme,amount=20"}).status, 0);
  EXPECT_EQ(pay({"--cap", child}, {"payments.charge:acme,amount=1"}).status, 77) << "it ended with the split";
}

TEST_F(OwnEffects, StagedWorkShowsThemAndReplayFindsTheSame) {
  const Words options{declared, "--grant", "payments.charge:acme,amount=5"};
  ASSERT_EQ(pay(options, {"payments.charge:acme,amount=5,fee=0.5", "payments.charge:acme,amount=6"}).status, 3);
  ASSERT_EQ(pay(options, {"payments.charge:acme,amount=5,fee=0.5"}).status, 0);
  EXPECT_EQ(p.run({"replay", "@"}).status, 0);
  EXPECT_EQ(p.run({"rerun", "@"}).status, 0);
  EXPECT_THAT(p.run({"show", "@"}).out, HasSubstr("payments.charge acme amount 5 fee 0.5"));
  EXPECT_THAT(p.run({"tasks", "--touched", "payments.charge:acme"}).out, Not(testing::IsEmpty()));
  Words staged = options;
  staged.emplace_back("--stage");
  EXPECT_EQ(pay(staged, {"payments.charge:acme,amount=5"}).status, 0);
  EXPECT_EQ(p.document({"show", "@"})["state"], "staged");
  EXPECT_EQ(p.run({"commit", "@"}).status, 0);
  EXPECT_EQ(p.document({"show", "@"})["committed"], true);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

}  // namespace
}  // namespace writ::cli_test
