// The guest's standard streams through the real command.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::HasSubstr;

struct OpenPipe {
  OpenPipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
  ~OpenPipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2];
};

TEST(Streams, InputIsPassedThrough) {
  const Place p;
  const std::string text(300'000, 'z');
  const Ended e = p.run({"run", WRIT_PROBE, "cat"}, text);
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, text);
  EXPECT_EQ(p.run({"run", "--input", "none", WRIT_PROBE, "cat"}, text).out, "");
  p.file("in.txt", "from a file");
  EXPECT_EQ(p.run({"run", "--input", "in.txt", WRIT_PROBE, "cat"}, text).out, "from a file");
  EXPECT_EQ(p.run({"run", "--input=-", WRIT_PROBE, "cat"}, "x").out, "x");
}

TEST(Streams, AnOpenPipeNobodyWritesToHoldsNobodyWhoDoesNotRead) {
  const Place p;
  const OpenPipe silent;
  const Ended e = p.start({.words = {"run", WRIT_PROBE, "hello"}, .input_fd = silent.ends[0]}).wait();
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "hello\n");
}

TEST(Streams, AReaderOfASilentPipeEndsAtItsTimeOrWhenCancelled) {
  const Place p;
  const OpenPipe silent;
  EXPECT_EQ(
      p.start({.words = {"run", "--limit", "time=500ms", WRIT_PROBE, "cat"}, .input_fd = silent.ends[0]}).wait().status,
      124);
  p.write_object("o", "x");
  Running r = p.start(
      {.words = {"run", "--grant", "state.read:o", WRIT_PROBE, "update", "o", "y"}, .input_fd = silent.ends[0]});
  r.wait_for_output("ready\n");
  r.kill(SIGTERM);
  const Ended e = r.wait();
  EXPECT_EQ(e.status, 130) << e.err;
}

TEST(Streams, NoMoreIsReadThanTheGuestReads) {
  const Place p;
  const std::string path = p.file("list", "abcdefgh");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(p.start({.words = {"run", WRIT_PROBE, "read", "3"}, .input_fd = file}).wait().status, 0);
  EXPECT_EQ(::lseek(file, 0, SEEK_CUR), 3);
  EXPECT_EQ(p.start({.words = {"run", WRIT_PROBE, "hello"}, .input_fd = file}).wait().status, 0);
  EXPECT_EQ(::lseek(file, 0, SEEK_CUR), 3);
  ::close(file);
}

TEST(Streams, CodeFromStandardInput) {
  const Place p;
  const std::string code = read_all(WRIT_PROBE);
  EXPECT_EQ(p.run({"run", "-", "hello"}, code).out, "hello\n");
  EXPECT_EQ(p.run({"run", "-", "cat"}, code).out, "") << "its input is none";
  EXPECT_EQ(p.run({"run", "--input", "-", "-", "cat"}, code).status, 64);
  EXPECT_EQ(p.run({"run", "-"}, "").status, 65);
}

TEST(Streams, OutputStreamsAsItComes) {
  const Place p;
  Running r = p.start({.words = {"run", WRIT_PROBE, "loop"}});
  r.wait_for_output("ready\n");  // while it still runs
  r.kill(SIGKILL);
  EXPECT_EQ(r.wait().status, 128 + SIGKILL);
}

TEST(Streams, TheLastLineStandsAlone) {
  const Place p;
  const Ended e = p.probe({"warn", "no line break"});
  EXPECT_EQ(lines(e.err).at(0), "no line break");
  EXPECT_THAT(e.last_line(), testing::StartsWith("writ: "));
}

TEST(Streams, BytesPassUnchangedWhereThereIsNoTerminal) {
  const Place p;
  EXPECT_EQ(p.probe({"binary"}).out, std::string("\xff\xfe\0\x01", 4));
  EXPECT_EQ(p.probe({"escape"}).out, "\033[2J\xe2\x80\xae");
}

TEST(Streams, NothingOfAGuestReachesATerminalUnescaped) {
  const Place p;
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_TRUE(terminal >= 0 && ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0);
  const int end = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const auto shown = [&](Words words) {
    EXPECT_EQ(p.start({.words = std::move(words), .out_fd = end}).wait().status, 0);
    char buffer[65536];
    ::fcntl(terminal, F_SETFL, O_NONBLOCK);
    const ssize_t n = ::read(terminal, buffer, sizeof buffer);
    return std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  };
  EXPECT_EQ(shown({"run", WRIT_PROBE, "escape"}), "\\x1b[2J\\u{202e}");
  p.write_object("evil", "\033[2J");
  EXPECT_EQ(shown({"state", "get", "evil"}), "\\x1b[2J");
  const Words to_terminal{"--json", "run", WRIT_PROBE, "escape"};
  EXPECT_THAT(shown(to_terminal), testing::AllOf(HasSubstr("\\u001b[2J\\u202e"), testing::Not(HasSubstr("\033"))));
  ::close(end);
  ::close(terminal);
}

TEST(Streams, AnOutputThatNobodyTakesIsOneClearError) {
  const Place p;
  OpenPipe pipe;
  ::close(pipe.ends[0]);
  const Ended broken = p.start({.words = {"run", WRIT_PROBE, "hello"}, .out_fd = pipe.ends[1]}).wait();
  EXPECT_NE(broken.status, 0);
  EXPECT_THAT(broken.err, HasSubstr("standard output"));
  pipe.ends[0] = -1;
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const Ended e = p.start({.words = {"help"}, .out_fd = full}).wait();
  EXPECT_EQ(e.status, 69);
  EXPECT_EQ(lines(e.err).size(), 1u) << e.err;
  EXPECT_THAT(e.err, HasSubstr("No space left"));
  ::close(full);
}

TEST(Streams, AReaderThatDoesNotReadCannotHoldATask) {
  const Place p;
  const OpenPipe stuck;
  const Ended e =
      p.start({.words = {"run", "--limit", "time=500ms", WRIT_PROBE, "flood", "1000000"}, .out_fd = stuck.ends[1]})
          .wait();
  EXPECT_EQ(e.status, 124) << e.err;
}

TEST(Streams, ClosedDescriptorsAreNotTakenByTheStore) {
  const Place p;
  const Ended e = p.start({.program = "/bin/sh",
                           .words = {"-c",
                                     "\"$1\" run \"$2\" put a x --grant >&- 2>&- <&-; \"$1\" run --grant state.write:a "
                                     "\"$2\" put a y >&- <&-; echo $?",
                                     "sh", WRIT_PROGRAM, WRIT_PROBE}})
                      .wait();
  EXPECT_EQ(lines(e.out).back(), "0") << e.err;
  EXPECT_EQ(p.run({"fsck"}).status, 0);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

TEST(Streams, ADocumentHoldsWhatWasPrinted) {
  const Place p;
  const Json text = p.document({"run", WRIT_PROBE, "say", "é"});
  EXPECT_EQ(text["stdout"], "é");
  EXPECT_EQ(text["stderr"], "");
  const Json binary = p.document({"run", WRIT_PROBE, "binary"});
  EXPECT_FALSE(binary.contains("stdout"));
  EXPECT_EQ(binary["stdout_base64"], "//4AAQ==");
  const Json large = p.document({"run", WRIT_PROBE, "flood", "2000000"});
  EXPECT_EQ(large["truncated"], true);
  EXPECT_EQ(large["stdout"].get<std::string>().size(), 1024u * 1024);
  EXPECT_EQ(std::filesystem::file_size(large["stdout_file"].get<std::string>()), 2'000'000u);
}

}  // namespace
}  // namespace writ::cli_test
