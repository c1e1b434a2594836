#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "writ/base/assert.h"
#include "writ/base/clock.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/base/nearest.h"
#include "writ/base/quantity.h"

namespace writ {
namespace {

TEST(Result, CarriesTheError) {
  const auto f = []() -> Result<int> { WRIT_TRY(const int x, Result<int>(invalid("bad", "here", "do this"))); return x; };
  ASSERT_FALSE(f());
  EXPECT_EQ(f().error().text(), "bad (here); do this");
}

TEST(Result, SystemErrorsHaveTheCodeOfWhatToDo) {
  EXPECT_EQ(system_error(ENOSPC, "write", "f").code, Code::exhausted);
  EXPECT_EQ(system_error(EACCES, "open", "f").code, Code::denied);
  EXPECT_EQ(system_error(ENOENT, "open", "f").code, Code::unavailable);
}

TEST(AssertDeathTest, AbortsInEveryBuild) { EXPECT_DEATH(WRIT_ASSERT(1 == 2), "1 == 2"); }

TEST(Quantity, Sizes) {
  EXPECT_EQ(parse_size("512MiB")->value(), 512u << 20);
  EXPECT_EQ(parse_size("1.5KiB")->value(), 1536u);
  EXPECT_EQ(parse_size("1GB")->value(), 1000000000u);
  EXPECT_EQ(parse_size("0")->value(), 0u);
  for (const char* bad : {"", "MiB", "1 MiB", "-1", "1XB", "1.5B", "1..5KB", "99999999999GiB", "1.", ".5KiB", "0x10"})
    EXPECT_FALSE(parse_size(bad)) << bad;
  for (const char* same : {"1GiB", "3MiB", "1025B", "7KiB"}) EXPECT_EQ(format_size(*parse_size(same)), same);
}

TEST(Quantity, Times) {
  EXPECT_EQ(parse_time("60s")->count(), 60000000000);
  EXPECT_EQ(parse_time("0.5s")->count(), 500000000);
  EXPECT_EQ(parse_time("5min")->count(), 300000000000);
  for (const char* bad : {"", "60", "s", "1y", "-1s", "300000000d"}) EXPECT_FALSE(parse_time(bad)) << bad;
  for (const char* same : {"1min", "90s", "250ms", "7d", "2h"}) EXPECT_EQ(format_time(*parse_time(same)), same);
}

TEST(Nearest, FindsTyposAndNothingElse) {
  constexpr std::array<std::string_view, 4> words{"state.read", "state.write", "file.read", "env"};
  EXPECT_EQ(nearest("state.raed", words), "state.read");
  EXPECT_EQ(nearest("fiel.read", words), "file.read");
  EXPECT_EQ(nearest("network", words), std::nullopt);
}

TEST(Escape, GuestsCannotDriveTheTerminal) {
  EXPECT_EQ(escape_for_terminal("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(escape_for_terminal("Grüße 漢"), "Grüße 漢");
  EXPECT_EQ(escape_for_terminal("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
  EXPECT_EQ(escape_for_terminal("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\u{009b}");  // CSI as one character
}

TEST(TaskId, RoundTrips) {
  const auto id = TaskId::random();
  EXPECT_EQ(TaskId::parse(id.hex()), id);
  EXPECT_FALSE(TaskId::parse("4f2a"));
  EXPECT_FALSE(TaskId::parse(std::string(32, 'G')));
}

TEST(Clock, Rfc3339) {
  EXPECT_EQ(rfc3339({0}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339({1700000000123456789}), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999999999Z");
}

TEST(File, ReplacesAtomicallyAndReadsWithALimit) {
  const auto folder = std::filesystem::temp_directory_path() / ("writ-base-" + TaskId::random().brief());
  std::filesystem::create_directory(folder);
  const std::string path = folder / "f";
  ASSERT_TRUE(replace_file(path, "one", 0600));
  ASSERT_TRUE(replace_file(path, "two", 0600));
  EXPECT_EQ(*read_file(path, KiB), "two");
  EXPECT_EQ(read_file(path, ByteCount(2)).error().code, Code::exhausted);
  EXPECT_EQ(read_file(path + "x", KiB).error().code, Code::unavailable);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace writ
