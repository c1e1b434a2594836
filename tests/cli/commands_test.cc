// The commands that look, and the operator's own writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace writ::cli_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Commands, InitMakesAStoreOnceAndGitLeavesItAlone) {
  const Place p;
  EXPECT_THAT(p.run({"init"}).err, HasSubstr("made a store in " + p.work() + "/.writ"));
  EXPECT_THAT(p.run({"init"}).err, HasSubstr("already"));
  EXPECT_EQ(p.run({"run", WRIT_PROBE}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(p.store())) << "the found store was used";
  EXPECT_EQ(
      p.start({.program = "/bin/sh", .words = {"-c", "git init -q . && git add -A && git ls-files .writ | wc -l"}})
          .wait()
          .out,
      "0\n");
  EXPECT_EQ(p.run({"--store", "other/deep", "init"}).status, 0);
  EXPECT_EQ(p.run({"--store", "other/deep", "tasks"}).out, "");
}

TEST(Commands, TasksAreListedAndFiltered) {
  const Place p;
  EXPECT_EQ(p.run({"tasks"}).out, "");
  p.probe({"put", "a", "1"}, {"--id", "first", "--grant", "state.write:a"});
  p.probe({"trap"}, {"--id", "second"});
  p.probe({"try", "/etc/passwd"}, {"--id", "third"});
  const auto names = [&](Words filter) {
    filter.insert(filter.begin(), "tasks");
    Words found;
    const Json listed = p.document(filter);
    for (const Json& t : listed["tasks"]) found.push_back(t["name"]);
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre("third", "second", "first"));
  EXPECT_THAT(names({"--limit", "1"}), ElementsAre("third"));
  EXPECT_THAT(names({"--outcome", "trapped"}), ElementsAre("second"));
  EXPECT_THAT(names({"--denied"}), ElementsAre("third"));
  EXPECT_THAT(names({"--touched", "a"}), ElementsAre("first"));
  EXPECT_THAT(names({"--touched", "/etc/passwd"}), ElementsAre("third"));
  EXPECT_THAT(names({"--since", "1h"}), testing::SizeIs(3));
  EXPECT_THAT(names({"--until", "1h"}), testing::IsEmpty());
  EXPECT_THAT(names({"--since", "2200-01-01"}), testing::IsEmpty());
  const Ended one_a_line = p.run({"--json=lines", "tasks"});
  ASSERT_EQ(lines(one_a_line.out).size(), 3u);
  EXPECT_EQ(Json::parse(lines(one_a_line.out)[0])["name"], "third");
  EXPECT_EQ(lines(p.run({"tasks"}).out).size(), 3u);
}

TEST(Commands, TasksHaveManyNames) {
  const Place p;
  p.probe({"hello"}, {"--id", "first"});
  p.probe({"hello"}, {"--id", "second"});
  const std::string id = p.document({"show", "first"})["task"];
  for (const std::string& name : {id, id.substr(0, 8), std::string("first"), std::string("@2")})
    EXPECT_EQ(p.document({"show", name})["task"], id) << name;
  EXPECT_EQ(p.document({"show", "@"})["name"], "second");
}

TEST(Commands, ShowTellsWhatATaskDid) {
  const Place p;
  p.probe({"put", "a", "1"}, {"--grant", "state.write:a,max_size=1KiB", "--deny", "file.read:/etc/"});
  const Json d = p.document({"show", "@"});
  EXPECT_EQ(d["outcome"], "completed");
  EXPECT_EQ(d["committed"], true);
  EXPECT_EQ(d["writes"][0]["path"], "a");
  EXPECT_EQ(d["writes"][0]["after"], 1);
  EXPECT_NE(d["state_root"]["before"], d["state_root"]["after"]);
  const std::string text = p.run({"show", "@"}).out;
  for (const char* word : {"state.write:a", "file.read:/etc/", "committed", "wrote"})
    EXPECT_THAT(text, HasSubstr(word));
  p.file("r.json", d["receipt"].get<std::string>());
  EXPECT_EQ(p.run({"verify", "r.json", "--any-key"}).status, 0)
      << "the receipt in the document is the receipt, byte for byte";
}

TEST(Commands, WhyNamesTheGrantThatWouldDo) {
  const Place p;
  p.write_object("orders/1", "x");
  EXPECT_EQ(p.probe({"get", "orders/1"}).status, 3);
  const Json d = p.document({"why", "@"});
  ASSERT_GE(d["denials"].size(), 1u);
  const Json& denial = d["denials"][0];
  EXPECT_EQ(denial["effect"], "state.read");
  EXPECT_EQ(denial["resource"], "orders/1");
  EXPECT_EQ(denial["sensitive"], false);
  const std::string shell = denial["grant_shell"];
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr(shell));
  const Ended pasted =
      p.start({.program = "/bin/sh",
               .words = {"-c", "\"$0\" run " + shell + " \"$1\" get orders/1", WRIT_PROGRAM, WRIT_PROBE}})
          .wait();
  EXPECT_EQ(pasted.status, 0) << pasted.err;
  EXPECT_EQ(pasted.out, "x");
  EXPECT_THAT(p.run({"why", "@"}).out, HasSubstr("nothing was denied"));
}

TEST(Commands, WhyNeverProposesCredentials) {
  const Place p;
  p.probe({"try", "/etc/shadow"});
  const Json d = p.document({"why", "@"});
  bool seen = false;
  for (const Json& denial : d["denials"])
    if (denial["resource"] == "/etc/shadow") {
      seen = true;
      EXPECT_EQ(denial["sensitive"], true);
      EXPECT_EQ(denial["grant"], "");
      EXPECT_EQ(denial["grant_shell"], "");
    }
  EXPECT_TRUE(seen) << d.dump();
}

TEST(Commands, VerifyTellsItsVerdictsApart) {
  const Place p;
  p.probe({"hello"}, {"--receipt", "r.json"});
  const std::string key = lines(p.run({"log", "key"}).out).at(0);
  p.file("keys", "# mine\n\n" + key + "\n");
  EXPECT_EQ(p.run({"verify", "@"}).status, 0) << "this store's own key vouches for its own tasks";
  EXPECT_EQ(p.run({"verify", "r.json", "--keys", "keys"}).status, 0);
  std::filesystem::create_directories(p.home() + "/.config/writ/trust");
  EXPECT_EQ(p.run({"verify", "r.json"}).status, 1);
  std::filesystem::copy(p.work() + "/keys", p.home() + "/.config/writ/trust/me");
  const Ended trusted = p.run({"verify", "r.json", "@"});
  EXPECT_EQ(trusted.status, 0) << trusted.err;
  EXPECT_EQ(lines(trusted.out).size(), 2u);
  const std::string stranger = "writ.example+4c1b2d3e+AAAA";
  EXPECT_EQ(p.run({"verify", "r.json", "--key", stranger}).status, 64) << "a key that is none is not a key";
  std::string text = read_all(p.work() + "/r.json");
  const auto at = text.find("\"name\":\"" WRIT_PROBE);
  ASSERT_NE(at, std::string::npos);
  text[at + 9] ^= 1;
  p.file("flipped.json", text);
  const Ended flipped = p.run({"verify", "flipped.json", "r.json"});
  EXPECT_EQ(flipped.status, 1);
  EXPECT_THAT(flipped.out, testing::AllOf(HasSubstr("mismatched"), HasSubstr("verified")));
  p.file("cut.json", text.substr(0, text.size() / 2));
  EXPECT_EQ(p.run({"verify", "cut.json", "r.json"}).status, 65);
  // A file that is called like a task is not taken for it.
  const std::string id = p.document({"show", "@"})["task"].get<std::string>().substr(0, 8);
  p.file(id, "planted");
  const Ended task = p.run({"verify", id});
  EXPECT_EQ(task.status, 0) << task.err;
  EXPECT_EQ(p.run({"verify", "./" + id}).status, 65);
  p.file("abcdef01", "planted");
  EXPECT_THAT(p.run({"verify", "abcdef01"}).err, HasSubstr("./abcdef01"));
}

TEST(Commands, AuditAndFsckHoldAndFindARollback) {
  const Place p;
  p.write_object("a", "1");
  p.write_object("a", "2");
  p.file("before", p.run({"log", "checkpoint"}).out);
  std::filesystem::copy(p.store(), p.path() + "/old", std::filesystem::copy_options::recursive);
  p.write_object("a", "3");
  p.file("after", p.run({"log", "checkpoint"}).out);
  const Json d = p.document({"audit"});
  EXPECT_EQ(d["total"], 3);
  EXPECT_EQ(d["verified"], 3);
  EXPECT_EQ(d["size"], 3);
  EXPECT_EQ(lines(p.run({"audit"}).out).size(), 4u);
  EXPECT_EQ(p.run({"audit", "--since", "before"}).status, 0);
  EXPECT_EQ(p.run({"fsck"}).status, 0);
  std::filesystem::remove_all(p.store());
  std::filesystem::rename(p.path() + "/old", p.store());
  EXPECT_EQ(p.run({"audit"}).status, 0) << "an older copy is sound in itself";
  const Ended rolled_back = p.run({"audit", "--since", "after"});
  EXPECT_EQ(rolled_back.status, 1) << rolled_back.err;
  EXPECT_THAT(rolled_back.err, HasSubstr("shorter"));
}

// A store and its copy go different ways: each is sound in itself, and a checkpoint of the other says what happened.
TEST(Commands, AForkIsFoundAtTheSameSizeAndAtALargerOne) {
  const Place p;
  p.write_object("a", "1");
  p.file("common", p.run({"log", "checkpoint"}).out);
  std::filesystem::copy(p.store(), p.path() + "/copy", std::filesystem::copy_options::recursive);
  p.write_object("a", "here");
  p.file("here", p.run({"log", "checkpoint"}).out);
  const Words there{"--store", p.path() + "/copy"};
  const auto in_copy = [&](Words words) {
    words.insert(words.begin(), there.begin(), there.end());
    return p.run(words, "there");
  };
  EXPECT_EQ(in_copy({"state", "put", "a", "-"}).status, 0);
  const Ended same_size = in_copy({"audit", "--since", "here"});
  EXPECT_EQ(same_size.status, 1);
  EXPECT_THAT(same_size.err, HasSubstr("another past"));
  EXPECT_EQ(in_copy({"state", "put", "b", "-"}).status, 0);
  const Ended larger = in_copy({"audit", "--since", "here"});
  EXPECT_EQ(larger.status, 1);
  EXPECT_THAT(larger.err, HasSubstr("another past"));
  EXPECT_EQ(in_copy({"audit", "--since", "common"}).status, 0);
  EXPECT_EQ(in_copy({"audit"}).status, 0) << "a fork is sound in itself";
  EXPECT_EQ(p.run({"--store", "new", "init"}).status, 0);
  EXPECT_EQ(p.run({"--store", "new", "state", "put", "a", "-"}, "x").status, 0);
  EXPECT_EQ(p.run({"--store", "new", "audit", "--since", "here"}).status, 1) << "a checkpoint of another log";
  p.file("garbage", "no checkpoint\n");
  EXPECT_EQ(p.run({"audit", "--since", "garbage"}).status, 65);
}

TEST(Commands, AnExportGrowsAndNeverTellsTwoStories) {
  const Place p;
  EXPECT_EQ(p.run({"log", "export", "empty"}).status, 69) << "there is nothing to export yet";
  p.write_object("a", "1");
  std::filesystem::copy(p.store(), p.path() + "/copy", std::filesystem::copy_options::recursive);
  EXPECT_EQ(p.document({"log", "export", "log"})["files"], 3);
  EXPECT_EQ(p.document({"log", "export", "log"})["files"], 0) << "nothing is new";
  p.write_object("a", "2");
  const Json grown = p.document({"log", "export", "log"});
  EXPECT_EQ(grown["before"], 1);
  EXPECT_EQ(grown["size"], 2);
  EXPECT_EQ(read_all(p.work() + "/log/checkpoint"), p.run({"log", "checkpoint"}).out);
  EXPECT_EQ(read_all(p.work() + "/log/tile/0/000.p/2").size(), 64u);
  const Ended rolled_back = p.run({"--store", p.path() + "/copy", "log", "export", "log"});
  EXPECT_EQ(rolled_back.status, 1);
  EXPECT_THAT(rolled_back.err, HasSubstr("longer log"));
  EXPECT_EQ(p.run({"--store", p.path() + "/copy", "state", "put", "a", "-"}, "other").status, 0);
  EXPECT_THAT(p.run({"--store", p.path() + "/copy", "log", "export", "log"}).err, HasSubstr("another past"));
  std::filesystem::remove(p.work() + "/log/tile/0/000.p/2");
  EXPECT_THAT(p.run({"log", "export", "log"}).err, HasSubstr("do not lead"));
  std::filesystem::create_directory(p.work() + "/mine");
  p.file("mine/notes", "keep me");
  EXPECT_EQ(p.run({"log", "export", "mine"}).status, 65);
}

TEST(Commands, ABundleIsPrintedOnlyOfWhatHolds) {
  const Place p;
  p.probe({"hello"}, {"--receipt", "r.json"});
  const std::string key = lines(p.run({"log", "key"}).out).at(0);
  const Ended good = p.run({"verify", "r.json", "--key", key, "--format", "bundle"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(Json::parse(good.out)["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
  const Ended stranger = p.run({"verify", "r.json", "--format", "bundle"});
  EXPECT_EQ(stranger.status, 1);
  EXPECT_THAT(stranger.out, HasSubstr("untrusted"));
  EXPECT_EQ(p.run({"verify", "r.json", "--format", "yaml"}).status, 64);
}

TEST(Commands, TheOperatorsWritesAreTasksToo) {
  const Place p;
  p.write_object("a/b", "one");
  p.file("two", "two");
  const Ended put = p.run({"state", "put", "a/b", "two"});
  EXPECT_EQ(put.status, 0) << put.err;
  EXPECT_THAT(put.last_line(), HasSubstr(" committed: 1 object; 0 denied; 0 sent."));
  EXPECT_EQ(p.run({"state", "get", "a/b"}).out, "two");
  const Json versions = p.document({"state", "log", "a/b"});
  ASSERT_EQ(versions["objects"].size(), 2u);
  EXPECT_EQ(versions["objects"][1]["version"], 2);
  EXPECT_EQ(p.document({"state", "ls", "a/"})["objects"].size(), 1u);
  EXPECT_EQ(p.document({"state", "ls", "b"})["objects"].size(), 0u);
  EXPECT_EQ(p.run({"state", "rm", "a/b"}).status, 0);
  EXPECT_EQ(p.document({"state", "ls"})["objects"].size(), 0u);
  EXPECT_EQ(p.document({"state", "log", "a/b"})["objects"][2]["removed"], true);
  EXPECT_EQ(p.document({"audit"})["verified"], 3);
  EXPECT_EQ(p.run({"verify", "@"}).status, 0);
}

TEST(Commands, StateGoesOutAsFilesAndComesBack) {
  const Place p;
  p.write_object("a/b", "1");
  p.write_object("a/c/d", std::string("\0\xff", 2));
  EXPECT_EQ(p.run({"state", "export", "out"}).status, 0);
  EXPECT_EQ(read_all(p.work() + "/out/a/c/d"), std::string("\0\xff", 2));
  EXPECT_EQ(p.run({"--store", "s", "init"}).status, 0);
  EXPECT_EQ(p.run({"--store", "s", "state", "import", "out"}).status, 0);
  EXPECT_EQ(p.run({"--store", "s", "state", "get", "a/b"}).out, "1");
  p.write_object("a", "both an object and a folder");
  EXPECT_EQ(p.run({"state", "export", "again"}).status, 69);
  EXPECT_FALSE(std::filesystem::exists(p.work() + "/again"));
  std::filesystem::create_symlink("/etc/passwd", p.work() + "/out/link");
  EXPECT_EQ(p.run({"--store", "s", "state", "import", "out"}).status, 65);
}

TEST(Commands, TheLogProvesItself) {
  const Place p;
  for (const char* body : {"1", "2", "3"}) p.write_object("a", body);
  EXPECT_THAT(p.run({"log", "checkpoint"}).out, testing::ContainsRegex("\n3\n"));
  EXPECT_THAT(p.run({"log", "prove", "1"}).out, HasSubstr("c2sp.org/tlog-proof@v1\n"));
  EXPECT_GT(p.document({"log", "consistency", "1", "3"})["hashes"].size(), 0u);
  const std::string key = lines(p.run({"log", "key"}).out).at(0);
  EXPECT_EQ(p.document({"log", "key"})["key"], key);
  EXPECT_EQ(lines(p.run({"key", "show"}).out).at(0), key);
  EXPECT_EQ(p.document({"key", "ls"})["keys"][0]["key"], key);
}

TEST(Commands, ARotatedKeySignsNoMoreAndStillVouches) {
  const Place p;
  p.write_object("a", "1");
  p.file("before", p.run({"log", "checkpoint"}).out);
  const std::string old_key = lines(p.run({"log", "key"}).out).at(0);
  p.probe({"hello"}, {"--receipt", "old.json"});
  EXPECT_EQ(p.run({"log", "export", "log"}).status, 0);
  const Ended rotated = p.run({"key", "rotate"});
  EXPECT_EQ(rotated.status, 0) << rotated.err;
  const std::string new_key = lines(p.run({"log", "key"}).out).at(0);
  EXPECT_NE(new_key, old_key);
  EXPECT_EQ(lines(rotated.out).at(0), new_key);
  EXPECT_EQ(p.run({"audit"}).status, 0) << "nothing was signed by the new key yet";
  p.probe({"hello"}, {"--receipt", "new.json"});
  EXPECT_EQ(p.run({"verify", "@", "@2", "@3"}).status, 0);
  EXPECT_EQ(p.run({"audit", "--since", "before"}).status, 0);
  EXPECT_EQ(p.run({"log", "export", "log"}).status, 0) << "the checkpoint there is signed by the old key";
  EXPECT_EQ(p.run({"verify", "old.json", "--key", old_key}).status, 0);
  EXPECT_EQ(p.run({"verify", "new.json", "--key", old_key}).status, 1);
  EXPECT_EQ(p.run({"verify", "new.json", "--key", new_key}).status, 0);
  const Json keys = p.document({"key", "ls"})["keys"];
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0]["key"], new_key);
  EXPECT_EQ(keys[1]["key"], old_key);
  EXPECT_EQ(keys[1]["active"], false);
  EXPECT_EQ(p.run({"key", "rotate"}).status, 0);
  EXPECT_EQ(p.run({"audit", "--since", "before"}).status, 0);
  EXPECT_EQ(p.document({"key", "ls"})["keys"].size(), 3u);
  // Whoever puts a key of their own among the retired has to get past the folder's mode.
  std::filesystem::permissions(p.home() + "/.config/writ/keys/retired", std::filesystem::perms::all);
  EXPECT_EQ(p.run({"audit"}).status, 77);
}

TEST(Commands, DoctorTellsWhatIsThere) {
  const Place p;
  const Ended e = p.run({"doctor"});
  EXPECT_EQ(e.status, 0);
  EXPECT_THAT(e.out, HasSubstr("protection-keys"));
  const Json doctor = p.document({"doctor"});
  for (const Json& one : doctor["protections"]) {
    if (one["name"] != "protection-keys") continue;
    const Words guarded{"run", "--fence", "key", "--require", "protection-keys", WRIT_PROBE};
    if (one["state"] == "present") {
      EXPECT_EQ(p.document(guarded)["fence"], "key");
    } else {
      EXPECT_EQ(p.run(guarded).status, 69);
      EXPECT_EQ(p.run({"run", "--fence", "key", WRIT_PROBE}).status, 69);
    }
  }
}

}  // namespace
}  // namespace writ::cli_test
