#include "writ/effect/own_kind.h"

#include <gtest/gtest.h>

#include "writ/effect/vocabulary.h"

namespace writ::effect {
namespace {

Decimal d(std::string_view t) { return *parse_decimal(t); }

TEST(OwnKind, NumbersAreExact) {
  for (const char* n : {"0", "1", "0.1", "99.95", "1.000001", "9223372036854"}) EXPECT_EQ(text(d(n)), n);
  EXPECT_EQ(text(d("100.00")), "100");
  EXPECT_LT(d("0.1"), d("0.100001"));
  for (const char* bad : {"", "-1", "+1", "1.", ".5", "1e3", "1.0000001", "99999999999999999999", "9223372036855", "1,5", " 1", "0x1"})
    EXPECT_FALSE(parse_decimal(bad)) << bad;
}

TEST(OwnKind, NamesAreWords) {
  EXPECT_EQ(parse_kind("payments.charge:fee,amount")->fields, (std::vector<std::string>{"amount", "fee"}));
  EXPECT_TRUE(parse_kind("door.open")->fields.empty());
  for (const char* bad : {"state.read", "state.reads", "file.readx", "net.connect", "http.request:size", "env.path", "own.x", "payment",
                          "Payment.charge", "payment.", ".charge", "payment.\x1b[2J", "", "a.b:", "a.b:x,x", "a.b:X",
                          "a.b:a,b,c,d,e", "a.b:x="})
    EXPECT_FALSE(parse_kind(bad)) << bad;
  EXPECT_TRUE(parse_kind("files.read")) << "only the whole word is taken";
  OwnKinds kinds;
  ASSERT_TRUE(kinds.add(*parse_kind("a.b:x")));
  ASSERT_TRUE(kinds.add(*parse_kind("a.b:w,x")));
  EXPECT_EQ(kinds.find("a.b")->fields, (std::vector<std::string>{"w", "x"}));
  EXPECT_FALSE(kinds.add(*parse_kind("a.b:p,q,r"))) << "five in all";
  EXPECT_EQ(kinds.find("a.c"), nullptr);
}

TEST(OwnKind, AnEffectHasOneResourceAndItsFields) {
  const auto e = parse_own_effect("payments.charge:acme%2C inc,fee=1,amount=99.95");
  ASSERT_TRUE(e) << e.error().text();
  EXPECT_EQ(e->resource, "payments.charge:acme, inc");
  EXPECT_EQ(named(Kind::own, e->resource).effect, "payments.charge");
  EXPECT_EQ(named(Kind::own, e->resource).resource, "acme, inc");
  EXPECT_EQ(text(e->fields), "amount=99.95,fee=1");
  EXPECT_EQ(*find(e->fields, "fee"), d("1"));
  EXPECT_EQ(find(e->fields, "tip"), nullptr);
  for (const char* bad : {"", "payments.charge", "payments.charge:", "state.write:x", "payments.charge:*", "payments.charge:a%0",
                          "payments.charge:a%00",
                          "payments.charge:a,", "payments.charge:a,amount", "payments.charge:a,amount=", "payments.charge:a,amount=-1",
                          "payments.charge:a,amount=1,amount=2", "payments.charge:a,a=1,b=1,c=1,d=1,e=1", "own:x"})
    EXPECT_FALSE(parse_own_effect(bad)) << bad;
}

}  // namespace
}  // namespace writ::effect
