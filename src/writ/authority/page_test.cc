#include "writ/authority/page.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "writ/authority/grant.h"
#include "writ/base/file.h"

namespace writ::authority {
namespace {

const std::string page = WRIT_SOURCE_DIR "/docs/effects.md";

TEST(Page, DocumentationIsWhatTheCodeSays) {
  if (std::getenv("WRIT_WRITE_DOCS") != nullptr) { ASSERT_TRUE(replace_file(page, effects_page(), 0644)); }
  const auto text = read_file(page, MiB);
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_EQ(*text, effects_page()) << "docs/effects.md is stale: run this test with WRIT_WRITE_DOCS=1";
}

TEST(Page, ExamplesOfLimitsAreLimits) {
  for (std::size_t i = 0; i < limit_meanings.size(); ++i) {
    EXPECT_TRUE(limit_meanings[i].example.starts_with(effect::limit_names[i]));
    EXPECT_TRUE(parse_grant("clock.real," + std::string(limit_meanings[i].example), "/", WallTime{1}))
        << limit_meanings[i].example;
  }
}

}  // namespace
}  // namespace writ::authority
