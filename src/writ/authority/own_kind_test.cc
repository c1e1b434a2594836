#include "writ/authority/own_kind.h"

#include <gtest/gtest.h>

namespace writ::authority {
namespace {

const std::vector<OwnKind> declared{*declare_kind("payment.charge", {"amount", "fee"}), *declare_kind("door.open", {})};
OwnGrant grant(std::string_view text) {
  auto g = parse_own_grant(text, declared);
  EXPECT_TRUE(g) << (g ? "" : g.error().text());
  return g ? *g : OwnGrant{};
}
Decimal d(std::string_view t) { return *parse_decimal(t); }

TEST(OwnKind, AGrantBoundsItsFields) {
  const auto g = grant("payment.charge:acme,amount=100.00");
  const auto is = [&](std::string resource, std::string_view amount) {
    return g.covers(declared[0], {"payment.charge", std::move(resource), {{"amount", d(amount)}}});
  };
  EXPECT_TRUE(is("acme", "100"));
  EXPECT_TRUE(is("acme", "99.95"));
  EXPECT_FALSE(is("acme", "100.000001"));
  EXPECT_FALSE(is("acme2", "1"));
  EXPECT_FALSE(g.covers(declared[0], {"payment.charge", "acme", {}})) << "it does not say how much";
  EXPECT_FALSE(g.covers(declared[0], {"payment.charge", "acme", {{"amount", d("1")}, {"tip", d("1")}}}));
  EXPECT_FALSE(g.covers(declared[1], {"door.open", "acme", {}}));
  EXPECT_EQ(g.text(), "payment.charge:acme,amount=100");
  EXPECT_EQ(grant(g.text()), g);
}

TEST(OwnKind, NarrowerIsCovered) {
  const auto wide = grant("payment.charge:*,amount=100");
  EXPECT_TRUE(covers(wide, grant("payment.charge:acme,amount=99.99,fee=1")));
  EXPECT_FALSE(covers(wide, grant("payment.charge:acme")));
  EXPECT_FALSE(covers(wide, grant("payment.charge:acme,amount=100.01")));
  EXPECT_FALSE(covers(grant("payment.charge:acme"), wide));
}

TEST(OwnKind, BadWordsAreRefused) {
  const auto says = [](std::string_view text) {
    const auto g = parse_own_grant(text, declared);
    return g ? "accepted" : g.error().text();
  };
  EXPECT_NE(says("payment.chrage:x").find("did you mean `payment.charge`?"), std::string::npos);
  EXPECT_NE(says("payment.charge:x,amuont=1").find("did you mean `amount`?"), std::string::npos);
  EXPECT_NE(says("payment.charge:x,amount=1,amount=2").find("given twice"), std::string::npos);
  for (const char* bad : {"payment.charge", "payment.charge:", "payment.charge:x,amount=", "payment.charge:x,amount=1.",
                          "payment.charge:x,amount=1e3",
                          "payment.charge:x,amount=1.0000001", "payment.charge:x,amount=99999999999999999999", "payment.charge:x,", ""})
    EXPECT_FALSE(parse_own_grant(bad, declared)) << bad;
  for (const char* bad : {"state.read", "payment", "Payment.charge", "payment.", ".charge", "payment.\x1b[2J", ""})
    EXPECT_FALSE(declare_kind(bad, {})) << bad;
  EXPECT_FALSE(declare_kind("a.b", {"x", "x"}));
  EXPECT_FALSE(declare_kind("a.b", {"X"}));
}

TEST(OwnKind, NumbersAreExact) {
  for (const char* n : {"0", "1", "-3", "0.1", "99.95", "1.000001", "-0.5", "9223372036854"}) EXPECT_EQ(text(d(n)), n);
  EXPECT_EQ(text(d("100.00")), "100");
  EXPECT_LT(d("0.1"), d("0.100001"));
}

}  // namespace
}  // namespace writ::authority
