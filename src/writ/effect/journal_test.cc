#include "writ/effect/journal.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "writ/wire/json.h"

namespace writ::effect {
namespace {

const std::string one(64, '1'), two(64, '2');

Effect read(std::string resource, std::uint64_t bytes = 0) {
  return {.kind = Kind::file_read, .resource = std::move(resource), .bytes = bytes};
}

TEST(Journal, ARunOfEqualEffectsIsOneEntry) {
  Journal j;
  for (int i = 0; i < 1000; ++i) j.record(read("/a", 10), Refusal::none);
  j.record(read("/b"), Refusal::none);
  j.record(read("/a", 5), Refusal::none);
  j.record(read("/a"), Refusal::no_capability);
  j.record(read("/a"), Refusal::denied, "file.read:/a");
  j.record(read("/a"), Refusal::denied, "file.read:/");
  ASSERT_EQ(j.entries().size(), 6u);
  EXPECT_EQ(j.entries()[0].count, 1000u);
  EXPECT_EQ(j.entries()[0].bytes, 10000u);
  EXPECT_EQ(j.entries()[1].sequence, 1000u);
  EXPECT_EQ(j.entries()[5].sequence, 1004u);
  EXPECT_EQ(j.effects(), 1005u);
  EXPECT_EQ(j.denied(), 3u);
}

TEST(Journal, NumbersStopWhereJsonStops) {
  Journal j;
  j.record({.kind = Kind::state_write, .resource = "x", .bytes = UINT64_MAX, .size = UINT64_MAX}, Refusal::none);
  j.record({.kind = Kind::state_write, .resource = "x", .bytes = UINT64_MAX, .size = 1}, Refusal::none);
  EXPECT_EQ(j.entries()[0].bytes, static_cast<std::uint64_t>(largest_json_integer));
  EXPECT_EQ(j.entries()[0].size, static_cast<std::uint64_t>(largest_json_integer));
  EXPECT_EQ(*decode_entry(encode(j.entries()[0])), j.entries()[0]);
}

TEST(Journal, ADigestBelongsToWhatWasRead) {
  Journal j;
  j.set_digest("/a", one);  // nothing to set
  j.record(read("/a"), Refusal::none);
  j.set_digest("/a", one);
  j.record(read("/a", 7), Refusal::none);
  j.record(read("/b"), Refusal::none);
  j.record(read("/a"), Refusal::no_capability);
  j.set_digest("/a", one);  // the refused effect read nothing
  EXPECT_EQ(j.entries()[0].digest, one);
  EXPECT_EQ(j.entries()[2].digest, "");
}

TEST(Journal, AFileOpenedAgainWithOtherContentIsAnotherEntry) {
  Journal j;
  j.record(read("/a", 1), Refusal::none);
  j.set_digest("/a", one);
  j.record(read("/a", 2), Refusal::none);
  j.record(read("/a", 4), Refusal::none);
  j.set_digest("/a", two);
  j.record(read("/a", 8), Refusal::none);
  ASSERT_EQ(j.entries().size(), 2u);
  EXPECT_EQ(j.entries()[0],
            (Entry{.sequence = 0, .kind = Kind::file_read, .count = 2, .bytes = 3, .resource = "/a", .by = {}, .digest = one}));
  EXPECT_EQ(j.entries()[1],
            (Entry{.sequence = 2, .kind = Kind::file_read, .count = 2, .bytes = 12, .resource = "/a", .by = {}, .digest = two}));
}

TEST(Journal, KnowsHowLongItsTextIsAtMost) {
  std::mt19937 random(20261121);
  constexpr std::string_view bytes = "ab/\x01\"\\\xc3\xa9\xff";
  Journal journal;
  for (int i = 0; i < 2000; ++i) {
    std::string resource, by;
    for (auto n = random() % 40; n > 0; --n) resource += bytes[random() % bytes.size()];
    if (random() % 2 == 0) by = resource;
    const auto kind = vocabulary[random() % vocabulary.size()].kind;
    journal.record({kind, resource, std::uint64_t{1} << 53, random()}, by.empty() ? Refusal::none : Refusal::no_capability, by);
    if (random() % 4 == 0) journal.set_digest(resource, std::string(64, "0123456789abcdef"[random() % 16]));
  }
  std::uint64_t total = 0;
  for (const auto& e : journal.entries()) total += encode(e).size() + 1;
  EXPECT_GE(journal.text_size(), total);
  EXPECT_LE(journal.text_size(), 3 * total);
}

TEST(Entry, HasOneText) {
  EXPECT_EQ(encode({.sequence = 0, .kind = Kind::clock_real, .resource = {}, .by = {}, .digest = {}}),
            R"({"count":1,"effect":"clock.real","verdict":"allowed"})");
  EXPECT_EQ(
      encode({.sequence = 7,
              .kind = Kind::file_read,
              .refusal = Refusal::denied,
              .count = 2,
              .bytes = 3,
              .size = 9,
              .resource = "/a\n\"\xff",
              .by = "file.read:/a/",
              .digest = {}}),
      R"({"by":"file.read:/a/","bytes":3,"count":2,"effect":"file.read","resource_base64":"L2EKIv8=","sequence":7,"size":9,"verdict":"denied"})");
}

TEST(Entry, OfOnesOwnNamesItsKindAndItsFields) {
  Journal j;
  const Effect e{.kind = Kind::own, .resource = "payments.charge:acme", .fields = {{"amount", {99'950'000}}, {"fee", {1'000'000}}}};
  j.record(e, Refusal::none);
  j.record(e, Refusal::none);
  j.record(e, Refusal::policy, "rule P.r at p:1");
  j.record({.kind = Kind::state_read, .resource = "x"}, Refusal::policy, "rule P.r at p:1");
  const auto entries = j.entries();
  ASSERT_EQ(entries.size(), 4u) << "each stands alone";
  EXPECT_EQ(encode(entries[0]),
            R"({"count":1,"effect":"payments.charge","fields":"amount=99.95,fee=1","resource":"acme","verdict":"allowed"})");
  EXPECT_EQ(entries[2].fields, e.fields);
  EXPECT_TRUE(entries[3].fields.empty());
  std::uint64_t total = 0;
  for (const auto& entry : entries) total += encode(entry).size() + 1;
  EXPECT_GE(j.text_size(), total);
  for (const char* bad : {R"({"count":1,"effect":"payments.charge","verdict":"allowed"})",
                          R"({"count":2,"effect":"payments.charge","resource":"acme","verdict":"allowed"})",
                          R"({"count":1,"effect":"payments.charge","fields":"amount=1.0","resource":"acme","verdict":"allowed"})",
                          R"({"count":1,"effect":"payments.charge","fields":"fee=1,amount=1","resource":"acme","verdict":"allowed"})",
                          R"({"count":1,"effect":"state.read","fields":"amount=1","resource":"acme","verdict":"allowed"})"})
    EXPECT_FALSE(decode_entry(bad)) << bad;
}

Entry random_entry(std::mt19937_64& random) {
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  const auto text = [&](bool may_be_binary) {
    std::string s;
    for (auto n = pick(12); n > 0; --n) s += static_cast<char>(may_be_binary ? pick(256) : 1 + pick(127));
    return s;
  };
  Entry e;
  e.kind = static_cast<Kind>(pick(kinds));
  e.refusal = static_cast<Refusal>(pick(5));
  e.sequence = pick(3) == 0 ? 0 : pick(1u << 30);
  e.count = 1 + pick(1000);
  e.bytes = pick(2) * (random() & static_cast<std::uint64_t>(largest_json_integer));
  e.size = pick(2) * pick(1u << 20);
  e.resource = text(pick(2) == 0);
  if (e.refusal != Refusal::none) e.by = text(pick(2) == 0);
  else if (pick(2) == 0) e.digest = pick(2) == 0 ? one : two;
  if (e.kind != Kind::own) return e;
  e.count = 1;
  e.resource = (pick(2) == 0 ? "payments.charge:" : "a.b.c_2:") + (e.resource.empty() ? std::string("x") : e.resource);
  for (const char* field : {"amount", "fee", "z9"})
    if (pick(2) == 0) e.fields.push_back({field, {pick(static_cast<std::uint64_t>(INT64_MAX))}});
  return e;
}

TEST(Entry, RoundTripsWhateverAGuestNamed) {
  std::mt19937_64 random(20261121);
  for (int i = 0; i < 5000; ++i) {
    const auto e = random_entry(random);
    const auto back = decode_entry(encode(e));
    ASSERT_TRUE(back) << back.error().text() << "\n" << encode(e);
    ASSERT_EQ(*back, e) << encode(e);
  }
}

TEST(Entry, DecoderRefusesEverythingElse) {
  const char* const bad[] = {
      "", "{}", "[]", "null", "1", "{", R"("x")",
      R"({"count":1,"effect":"clock.real"})",                                                // no verdict
      R"({"effect":"clock.real","verdict":"allowed"})",                                      // no count
      R"({"count":0,"effect":"clock.real","verdict":"allowed"})",                            // no effects
      R"({"count":-1,"effect":"clock.real","verdict":"allowed"})",
      R"({"count":1.5,"effect":"clock.real","verdict":"allowed"})",
      R"({"count":"1","effect":"clock.real","verdict":"allowed"})",
      R"({"count":9007199254740992,"effect":"clock.real","verdict":"allowed"})",             // beyond 2^53 - 1
      R"({"count":1,"effect":"clock.rael","verdict":"allowed"})",
      R"({"count":1,"effect":"clock.real","verdict":"none"})",
      R"({"count":1,"effect":"clock.real","extra":1,"verdict":"allowed"})",
      R"({"by":"x","count":1,"effect":"clock.real","verdict":"allowed"})",                   // by whom, if allowed?
      R"({"bytes":0,"count":1,"effect":"clock.real","verdict":"allowed"})",                  // 0 is left out
      R"({"count":1,"effect":"env","resource":"","verdict":"allowed"})",                     // empty is left out
      R"({"count":1,"effect":"env","resource_base64":"YQ==","verdict":"allowed"})",          // "a" is UTF-8
      R"({"count":1,"effect":"env","resource_base64":"/x==","verdict":"allowed"})",          // unused bits
      R"({"count":1,"effect":"env","resource":"a","resource_base64":"/w==","verdict":"allowed"})",
      R"({"count":1,"digest":"00","effect":"env","verdict":"allowed"})",
      R"({"effect":"clock.real","count":1,"verdict":"allowed"})",                            // order
      R"({"count": 1,"effect":"clock.real","verdict":"allowed"})",                           // white space
      R"({"count":1,"count":1,"effect":"clock.real","verdict":"allowed"})",                  // twice
      R"({"count":1,"effect":"clock.real","verdict":"allowed"}x)",
  };
  for (const auto* text : bad) {
    const auto r = decode_entry(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().code, Code::invalid) << text;
  }
}

// Whatever a mutated text decodes to must encode to that very text: a signed leaf cannot be changed without notice.
TEST(Entry, NoMutationDecodesToSomethingElse) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string_view pieces[] = {"\"",   "{",   "}",  ":",       ",",    "\\u0000",         "\\",
                                     "null", "1e3", "-0", "_base64", "\xff", "9007199254740993"};
  int accepted = 0;
  for (int i = 0; i < 40000; ++i) {
    auto text = encode(random_entry(random));
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const auto at = random() % (text.size() + 1);
      switch (random() % 4) {
        case 0: if (at < text.size()) text[at] = static_cast<char>(random() % 256); break;
        case 1: text.erase(at, random() % 8); break;
        case 2: text.insert(at, pieces[random() % std::size(pieces)]); break;
        case 3: text.insert(at, text.substr(random() % (text.size() + 1), random() % 20)); break;
      }
    }
    if (const auto e = decode_entry(text)) {
      ++accepted;
      ASSERT_EQ(encode(*e), text);
    } else {
      ASSERT_EQ(e.error().code, Code::invalid) << e.error().text();
    }
  }
  EXPECT_GT(accepted, 0);  // else the mutations are too coarse to test anything
}

TEST(Vocabulary, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const auto& w : vocabulary) {
    EXPECT_TRUE(names.insert(w.name).second) << w.name;
    EXPECT_EQ(find_kind(w.name), w.kind);
  }
  EXPECT_EQ(find_kind("state.raed"), std::nullopt);
  EXPECT_EQ(find_kind(""), std::nullopt);
}

}  // namespace
}  // namespace writ::effect
