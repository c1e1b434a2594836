// Effects that begin and end, and effects that are recorded again by their place.
#include <gtest/gtest.h>

#include "writ/effect/journal.h"

namespace writ::effect {
namespace {

TEST(JournalEnding, AnEffectThatTakesTimeIsAnEntryOfItsOwn) {
  Journal j;
  const Effect e{Kind::state_read, "a", 1, 0};
  j.record(e, Refusal::none);
  const auto first = j.begin(e, Nanoseconds(100)), second = j.begin(e, Nanoseconds(150));
  j.record(e, Refusal::none);
  EXPECT_EQ(j.under_way().size(), 2u);
  j.end(first, Ending::done, Nanoseconds(400), 9);
  ASSERT_EQ(j.under_way().size(), 1u);
  EXPECT_EQ(j.under_way()[0], e);
  const auto all = j.entries();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].ending, Ending::done);
  EXPECT_EQ(all[1].duration, 300u);
  EXPECT_EQ(all[1].bytes, 10u);
  EXPECT_EQ(all[1].sequence, 1u);
  EXPECT_EQ(all[2].ending, Ending::unfinished);
  EXPECT_EQ(all[3].ending, Ending::none);
  std::uint64_t size = 0;
  for (const auto& x : all) {
    EXPECT_EQ(*decode_entry(encode(x)), x);
    size += encode(x).size();
  }
  EXPECT_LE(size, j.text_size());
  j.end(second, Ending::failed, Nanoseconds(100));  // a clock that went back
  EXPECT_EQ(j.entries()[2].duration, 0u);
  EXPECT_DEATH(j.end(second, Ending::done, Nanoseconds(200)), "unfinished");
}

TEST(JournalEnding, RefusesEndingsThatCannotBe) {
  const char* bad[] = {
      R"({"count":2,"effect":"state.read","ending":"done","sequence":1,"verdict":"allowed"})",
      R"({"count":1,"effect":"state.read","ending":"done","sequence":1,"verdict":"denied"})",
      R"({"count":1,"duration":3,"effect":"state.read","sequence":1,"verdict":"allowed"})",
      R"({"count":1,"duration":3,"effect":"state.read","ending":"unfinished","sequence":1,"verdict":"allowed"})",
      R"({"count":1,"effect":"state.read","ending":"well","sequence":1,"verdict":"allowed"})",
  };
  for (const auto* text : bad) EXPECT_FALSE(decode_entry(text)) << text;
}

TEST(JournalEnding, RecordedAgainIsRecorded) {
  Journal by_text, by_place;
  const Effect a{Kind::state_read, "a", 5, 7}, b{Kind::state_write, "b", 1, 2};
  const auto pa = by_place.record(a, Refusal::none), pb = by_place.record(b, Refusal::none);
  by_text.record(a, Refusal::none);
  by_text.record(b, Refusal::none);
  for (int i = 0; i < 20; ++i) {
    const auto& e = i % 3 == 0 ? a : b;
    by_text.record({e.kind, e.resource, static_cast<std::uint64_t>(i), 9}, Refusal::none);
    by_place.record_again(e.kind, i % 3 == 0 ? pa : pb, static_cast<std::uint64_t>(i), 9);
    if (i % 5 == 0) {
      by_text.record(b, Refusal::denied, "x");
      by_place.record(b, Refusal::denied, "x");
    }
  }
  EXPECT_EQ(by_text.entries(), by_place.entries());
  EXPECT_EQ(by_text.text_size(), by_place.text_size());
  EXPECT_EQ(by_text.effects(), by_place.effects());
}

}  // namespace
}  // namespace writ::effect
