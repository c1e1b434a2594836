#include "writ/guest/wasm/wasi_path.h"

#include <gtest/gtest.h>

#include <random>

namespace writ::guest::wasm::wasi {
namespace {

std::string where(const Place& folder, std::string_view path) {
  const auto place = resolve(folder, path);
  if (!place) return "errno " + std::to_string(static_cast<int>(place.error()));
  constexpr std::array<std::string_view, 3> realms{"root ", "state ", "host "};
  return std::string(realms[static_cast<std::size_t>(place->realm)]) + place->path + (place->must_be_folder ? " folder" : "");
}
std::string where(std::string_view path) { return where(Place{}, path); }

TEST(WasiPath, LeadsToTheStateOrTheHost) {
  EXPECT_EQ(where("."), "root / folder");
  EXPECT_EQ(where("/"), "root / folder");
  EXPECT_EQ(where("state"), "state ");
  EXPECT_EQ(where("/state/"), "state  folder");
  EXPECT_EQ(where("state/a/b.json"), "state a/b.json");
  EXPECT_EQ(where("state//a/./b/"), "state a/b folder");
  EXPECT_EQ(where("etc/passwd"), "host /etc/passwd");
  EXPECT_EQ(where("stateless"), "host /stateless");
  EXPECT_EQ(where("State/a"), "host /State/a");
}

TEST(WasiPath, NeverLeavesTheRoot) {
  EXPECT_EQ(where("../../.."), "root / folder");
  EXPECT_EQ(where("../../etc/passwd"), "host /etc/passwd");
  EXPECT_EQ(where("state/../../etc/passwd"), "host /etc/passwd");
  EXPECT_EQ(where("/state/../state/../../etc/./passwd"), "host /etc/passwd");
  EXPECT_EQ(where("etc/../state/x"), "state x");
  EXPECT_EQ(where("a/.."), "root / folder");
  EXPECT_EQ(where("..."), "host /...");
}

TEST(WasiPath, TakesRelativePathsFromTheirFolder) {
  const Place folder{Realm::host, "/usr/share", false}, state{Realm::state, "a/b", false}, top{Realm::state, "", false};
  EXPECT_EQ(where(folder, "doc/x"), "host /usr/share/doc/x");
  EXPECT_EQ(where(folder, "../../state/x"), "state x");
  EXPECT_EQ(where(folder, "/etc"), "host /etc");
  EXPECT_EQ(where(state, "c"), "state a/b/c");
  EXPECT_EQ(where(state, "../../.."), "root / folder");
  EXPECT_EQ(where(top, "x"), "state x");
  EXPECT_EQ(where(top, ".."), "root / folder");
}

TEST(WasiPath, RefusesWhatNamesNothing) {
  EXPECT_EQ(resolve({}, "").error(), Errno::noent);
  EXPECT_EQ(resolve({}, std::string_view("a\0b", 3)).error(), Errno::inval);
  EXPECT_EQ(resolve({}, std::string_view("\0", 1)).error(), Errno::inval);
  EXPECT_EQ(resolve({}, "caf\xe9").error(), Errno::ilseq);
  EXPECT_EQ(resolve({}, "\xc0\xaf").error(), Errno::ilseq);  // an overlong '/'
  EXPECT_EQ(resolve({}, std::string(longest_path + 1, '/')).error(), Errno::nametoolong);
  EXPECT_EQ(resolve({}, std::string(longest_segment + 1, 'a')).error(), Errno::nametoolong);
  EXPECT_EQ(where(std::string(longest_segment, 'a')), "host /" + std::string(longest_segment, 'a'));
}

TEST(WasiPath, StaysBoundedThroughFolders) {
  Place folder;
  std::string part;
  for (int i = 0; i < 15; ++i) part += std::string(200, 'a') + "/";
  auto next = resolve(folder, part);
  ASSERT_TRUE(next);
  EXPECT_EQ(resolve(*next, part).error(), Errno::nametoolong);  // 3015 and 3015 again
}

// Whatever the text: the result is canonical, and resolving it again changes nothing.
TEST(WasiPath, IsCanonicalForRandomText) {
  std::mt19937 random(20261121);
  constexpr std::string_view alphabet = "/./..astate\\ ~";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t n = random() % 24; n > 0; --n) text += alphabet[random() % alphabet.size()];
    const auto place = resolve({}, text);
    if (!place) continue;
    const std::string full = place->full();
    ASSERT_EQ(full.front(), '/');
    ASSERT_EQ((full + "/").find("/../"), std::string::npos) << text;
    ASSERT_EQ((full + "/").find("/./"), std::string::npos) << text;
    ASSERT_EQ(full.find("//"), std::string::npos) << text;
    const auto again = resolve({}, full);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->full(), full);
    ASSERT_EQ(again->realm, place->realm) << text;
  }
}

}  // namespace
}  // namespace writ::guest::wasm::wasi
