// The checker of the law finds each way to break it.
#include "law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace writ::rooms {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) out.push_back(f.text());
  return out;
}

const Source kLaw{"rooms.txt", "# comment\nbase:\nguest: base\nguest/wasm:  base guest\nstore: base\napps/writ: base\n"};
const std::set<std::string> kFiles{"src/writ/base/fd.h",      "src/writ/guest/guest.h", "src/writ/guest/wasm/image.h",
                                   "src/writ/store/store.h",  "apps/writ/print.h",      "src/writ/lost/x.h",
                                   "src/writ/base/fd_test.h", "tests/rooms/source.h"};

Law law() {
  std::vector<Finding> findings;
  Law law = parse_law(kLaw, findings);
  EXPECT_THAT(texts(findings), IsEmpty());
  return law;
}
std::vector<std::string> check(std::string path, std::string text) {
  return texts(check_includes(law(), {std::move(path), std::move(text)}, kFiles));
}
std::vector<std::string> law_findings(std::string text) {
  std::vector<Finding> findings;
  parse_law({"rooms.txt", std::move(text)}, findings);
  return texts(findings);
}

TEST(Law, TheLongestRoomOwnsAFile) {
  EXPECT_EQ(law().room_of("src/writ/guest/wasm/image.h"), "guest/wasm");
  EXPECT_EQ(law().room_of("src/writ/guest/wasm/inner/x.cc"), "guest/wasm");
  EXPECT_EQ(law().room_of("src/writ/guest/guest.h"), "guest");
  EXPECT_EQ(law().room_of("apps/writ/main.cc"), "apps/writ");
  EXPECT_EQ(law().room_of("src/writ/lost/x.h"), "");
  EXPECT_EQ(law().room_of("tests/rooms/law.h"), "");
}

TEST(Law, WhatIsAllowedPasses) {
  EXPECT_THAT(check("src/writ/guest/wasm/image.cc",
                    "#include \"writ/guest/wasm/image.h\"\n#include <vector>\n#include \"writ/guest/guest.h\"\n"
                    "#include \"writ/base/fd.h\"\n#include \"image.h\"\n"),
              IsEmpty());
  EXPECT_THAT(check("apps/writ/main.cc", "#include \"print.h\"\n#include \"writ/base/fd.h\"\n"), IsEmpty());
}

TEST(Law, ARoomThatIsNotAllowedIsNamedWithFileAndLine) {
  EXPECT_THAT(check("src/writ/store/store.cc", "\n#include \"writ/guest/guest.h\"\n"),
              ElementsAre("src/writ/store/store.cc:2: store may not include guest (\"writ/guest/guest.h\"): rooms.txt"));
  EXPECT_THAT(check("src/writ/base/fd.cc", "  #  include \"writ/store/store.h\"\n"),
              ElementsAre("src/writ/base/fd.cc:1: base may not include store (\"writ/store/store.h\"): rooms.txt"));
  EXPECT_THAT(check("src/writ/guest/guest.cc", "#include \"wasm/image.h\"\n"),
              ElementsAre("src/writ/guest/guest.cc:1: guest may not include guest/wasm (\"wasm/image.h\"): rooms.txt"));
  EXPECT_THAT(check("src/writ/store/store.cc", "#include \"../guest/guest.h\"\n"),
              ElementsAre("src/writ/store/store.cc:1: store may not include guest (\"../guest/guest.h\"): rooms.txt"));
  EXPECT_THAT(check("src/writ/store/store_test.cc", "#include \"writ/guest/guest.h\"\n"), testing::SizeIs(1)) << "tests too";
}

TEST(Law, OddIncludesAreFound) {
  EXPECT_THAT(check("src/writ/base/fd.cc", "#include <writ/base/fd.h>\n"),
              ElementsAre("src/writ/base/fd.cc:1: Writ's own headers are included with quotes"));
  EXPECT_THAT(check("src/writ/base/fd.cc", "#include \"sqlite3.h\"\n"),
              ElementsAre("src/writ/base/fd.cc:1: includes \"sqlite3.h\", which is not a file of the project"));
  EXPECT_THAT(check("src/writ/base/fd.cc", "#include \"writ/lost/x.h\"\n"),
              ElementsAre("src/writ/base/fd.cc:1: includes \"writ/lost/x.h\", which lies in no room"));
  EXPECT_THAT(check("src/writ/lost/x.h", ""), ElementsAre("src/writ/lost/x.h:0: lies in no room of rooms.txt"));
  EXPECT_THAT(check("src/writ/base/fd.cc", "#include \"../../../tests/rooms/source.h\"\n"), testing::SizeIs(1));
}

TEST(Law, CommentsAreNotIncludes) {
  EXPECT_THAT(check("src/writ/base/fd.cc", "// #include \"writ/store/store.h\"\n/*\n#include \"writ/store/store.h\"\n*/\n"),
              IsEmpty());
}

TEST(Law, ALawThatContradictsItselfIsFound) {
  EXPECT_THAT(law_findings("a: b\nb:\n"),
              ElementsAre("rooms.txt:1: a names b, which is not declared above it: the law is one-way"));
  EXPECT_THAT(law_findings("a:\nb: a c\nc: b\n"), testing::SizeIs(1)) << "a cycle needs a name from below";
  EXPECT_THAT(law_findings("a: a\n"), testing::SizeIs(1));
  EXPECT_THAT(law_findings("a:\na:\n"), ElementsAre("rooms.txt:2: room a is declared twice"));
  EXPECT_THAT(law_findings("a:\nb: a a\n"), ElementsAre("rooms.txt:2: b names a twice"));
  EXPECT_THAT(law_findings("a\n"), ElementsAre("rooms.txt:1: not a line of the law: a room, a colon, the rooms it may include"));
  EXPECT_THAT(law_findings("a: ../b\n"), testing::SizeIs(1));
}

}  // namespace
}  // namespace writ::rooms
