// The guest's standard streams and the texts that reach a terminal.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <thread>

#include "guest_input.h"
#include "moment.h"
#include "terminal.h"
#include "test_folder.h"

namespace writ::cli {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read, write;
};

Result<std::string> read_some(GuestInput& input, std::size_t most, Nanoseconds deadline) {
  std::string buffer(most, '\0');
  WRIT_TRY(const std::size_t n, input.read(std::as_writable_bytes(std::span(buffer.data(), most)), deadline));
  return buffer.substr(0, n);
}

TEST(GuestInput, ReadsNoMoreThanWasAsked) {
  Pipe pipe, stop;
  ASSERT_EQ(::write(pipe.write.get(), "abcdef", 6), 6);
  const int rest = ::dup(pipe.read.get());
  GuestInput input(std::move(pipe.read), stop.read.get(), GuestInput::Keep::no);
  EXPECT_EQ(*read_some(input, 2, std::chrono::seconds(5)), "ab");
  char left[8];
  EXPECT_EQ(::read(rest, left, sizeof left), 4) << "the rest is still there for whoever comes next";
  ::close(rest);
}

TEST(GuestInput, AWaitEndsAtTheDeadlineAndWhenTheUserCancels) {
  Pipe pipe, stop;
  GuestInput input(std::move(pipe.read), stop.read.get(), GuestInput::Keep::no);
  EXPECT_EQ(read_some(input, 8, std::chrono::milliseconds(20)).error().code, Code::exhausted);
  std::thread canceller([&] { (void)!::write(stop.write.get(), "x", 1); });
  EXPECT_EQ(read_some(input, 8, std::chrono::hours(1)).error().code, Code::exhausted);
  canceller.join();
}

TEST(GuestInput, TheEndIsTheEndAndNoneIsTheEnd) {
  Pipe pipe, stop;
  pipe.write.reset();
  GuestInput ended(std::move(pipe.read), stop.read.get(), GuestInput::Keep::no);
  EXPECT_EQ(*read_some(ended, 8, std::chrono::seconds(5)), "");
  GuestInput none(Fd(), stop.read.get(), GuestInput::Keep::no);
  EXPECT_EQ(*read_some(none, 8, std::chrono::seconds(5)), "");
}

TEST(GuestInput, ARetryReadsTheSameAgainAndThenGoesOn) {
  Pipe pipe, stop;
  ASSERT_EQ(::write(pipe.write.get(), "abcdef", 6), 6);
  pipe.write.reset();
  GuestInput input(std::move(pipe.read), stop.read.get(), GuestInput::Keep::yes);
  EXPECT_EQ(*read_some(input, 4, std::chrono::seconds(5)), "abcd");
  EXPECT_TRUE(input.rewind());
  EXPECT_EQ(*read_some(input, 3, std::chrono::seconds(5)), "abc");
  EXPECT_EQ(*read_some(input, 3, std::chrono::seconds(5)), "d");
  EXPECT_EQ(*read_some(input, 8, std::chrono::seconds(5)), "ef");
  EXPECT_EQ(*read_some(input, 8, std::chrono::seconds(5)), "");
}

TEST(GuestInput, KeepsSoMuchAndNoMore) {
  Pipe stop;
  GuestInput input(Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC)), stop.read.get(), GuestInput::Keep::yes);
  std::vector<std::byte> piece(8u << 20);
  for (std::uint64_t read = 0; read < most_kept.value(); read += piece.size())
    ASSERT_EQ(*input.read(piece, std::chrono::seconds(5)), piece.size());
  EXPECT_TRUE(input.rewind());
  for (std::uint64_t read = 0; read < most_kept.value(); read += piece.size())
    ASSERT_EQ(*input.read(piece, std::chrono::seconds(5)), piece.size());
  EXPECT_EQ(*input.read(piece, std::chrono::seconds(5)), piece.size());
  EXPECT_FALSE(input.rewind());
  EXPECT_EQ(*input.read(piece, std::chrono::seconds(5)), piece.size());
}

std::string shown(std::initializer_list<std::string> pieces) {
  TerminalText t;
  std::string out;
  for (const auto& p : pieces) out += t.add(p);
  return out + t.end();
}

TEST(TerminalText, ControlsBecomeVisibleLinesAndTabsStay) {
  EXPECT_EQ(shown({"a\tb\n\x1b[2Jc\r\n"}), "a\tb\n\\x1b[2Jc\\x0d\n");
  EXPECT_EQ(shown({"\xe2\x80\xae evil"}), "\\u{202e} evil");
  EXPECT_EQ(shown({"\xff"}), "\\xff");
}

TEST(TerminalText, ASequenceCutAnywhereIsPutTogether) {
  const std::string text = "é€𝄞 z";
  for (std::size_t i = 0; i <= text.size(); ++i)
    for (std::size_t j = i; j <= text.size(); ++j)
      EXPECT_EQ(shown({text.substr(0, i), text.substr(i, j - i), text.substr(j)}), text) << i << " " << j;
  TerminalText t;
  EXPECT_EQ(t.add("\xe2\x82"), "");
  EXPECT_EQ(t.end(), "\\xe2\\x82");
}

TEST(Moment, DatesTimesAndAges) {
  const WallTime now{1'800'000'000'000'000'000};
  EXPECT_EQ(parse_moment("1970-01-02", now, "w")->ns, 86'400'000'000'000);
  EXPECT_EQ(parse_moment("2026-11-21T03:11:43.5Z", now, "w")->ns, 1'795'230'703'500'000'000);
  EXPECT_EQ(parse_moment("2h", now, "w")->ns, now.ns - 7'200'000'000'000);
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-21T", "2026-11-21T25:00:00Z",
                           "2026-11-21T03:00:00", "2026-11-21 ", "-2h", "2026-11-21T03:00:00.Z"})
    EXPECT_FALSE(parse_moment(text, now, "w")) << text;
}

}  // namespace
}  // namespace writ::cli
