// kill -9 at random moments of `writ commit` of a staged task with files, and of `writ undo`: the next command,
// be it one that reads, leaves the folder old or new, never a mix, and the store, the log and the receipts agree with it.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <random>

#include "tests/cli/files_place.h"

namespace writ::cli_test {
namespace {

class FilesCrash : public FilesPlace {
 protected:
  // Starts the command, kills it at a random moment and lets another command come after it. Whether it was killed in time.
  bool kill_in(const Words& words, std::uint64_t& window) {
    Running r = p.start({.words = words});
    ::usleep(static_cast<useconds_t>(random_() % window));
    r.kill(SIGKILL);
    const Ended e = r.wait();
    EXPECT_TRUE(e.status == 0 || e.status == 128 + SIGKILL) << e.status << e.err;
    // A command that only reads finishes what was committed; one that writes finds nothing more to do to the folder.
    EXPECT_EQ(p.run({"tasks"}).status, 0);
    const auto read = without_copies();
    p.write_object("after", std::to_string(++commands_));
    expect_sound();
    EXPECT_EQ(without_copies(), read);
    return e.status != 0;
  }
  Picture without_copies() const {
    auto all = picture_of(dir());
    std::erase_if(all, [](const auto& e) { return e.first.contains(".writ-commit-"); });
    return all;
  }
  static void follow(std::uint64_t& window, bool done) { window = std::max<std::uint64_t>(1000, done ? window * 3 / 4 : window * 3 / 2); }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  int commands_ = 0;
};

TEST_F(FilesCrash, OldFolderOrNewAfterAKillAtAnyMoment) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const int rounds = ::getenv("WRIT_SOAK") ? 400 : 12;
  std::uint64_t of_commit = 60'000, of_undo = 60'000;  // microseconds: follow how long each takes here and now
  int killed = 0, committed = 0, undone = 0;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const std::string name = "round" + std::to_string(round);
    auto words = everything();
    words.insert(words.begin(), {"put", "/round", name});
    ASSERT_EQ(several(words, {"--stage", "--id", name}).status, 0);
    killed += kill_in({"commit", name}, of_commit) ? 1 : 0;
    const bool waits = p.run({"tasks", "--staged"}).out.find(name) != std::string::npos;
    EXPECT_EQ(picture_of(dir()) == old_, waits) << name << ": a folder that its task does not account for";
    EXPECT_EQ(p.run({"state", "get", "object"}).status, waits ? 69 : 0) << name << ": objects and files go together";
    expect_clean(waits ? 1 : 0);
    follow(of_commit, !waits);
    committed += waits ? 0 : 1;
    if (waits) {
      ASSERT_EQ(p.run({"commit", name}).status, 0) << "it can still be committed";
    }
    const auto done = picture_of(dir());
    EXPECT_EQ(done.at("round"), "  " + name);
    EXPECT_EQ(done.size(), old_.size() + 5) << "a mix";
    killed += kill_in({"undo", name}, of_undo) ? 1 : 0;
    const auto now = picture_of(dir());
    const bool back = now == old_;
    EXPECT_TRUE(back || now == done) << name << ": a mix";
    expect_clean();
    follow(of_undo, back);
    undone += back ? 1 : 0;
    if (!back) {
      ASSERT_EQ(p.run({"undo", name}).status, 0) << "it can still be undone";
    }
    EXPECT_EQ(picture_of(dir()), old_);
  }
  std::printf("N = %d killed of %d; %d commits and %d undos were whole all the same\n", killed, 2 * rounds, committed, undone);
  EXPECT_GT(killed, 0);
}

}  // namespace
}  // namespace writ::cli_test
