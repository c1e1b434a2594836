// writ-verify as people run it: exit status, words, JSON, and where trust comes from.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "writ/proof/verify/sample_receipt.h"
#include "writ/wire/json.h"

namespace writ::proof {
namespace {

struct Ran {
  int status = -1;
  std::string text;  // standard output and standard error
};

class WritVerify : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/writ-verify-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    setenv("XDG_CONFIG_HOME", (folder_ / "config").c_str(), 1);
    put("r.json", sample::receipt(sample::input(), sample::output(), ours_));
    put("stranger.json", sample::receipt(sample::input(), sample::output(), sample::key(9)));
    std::string flipped = sample::receipt(sample::input(), sample::output(), ours_);
    flipped[flipped.find("index.wasm")] = 'x';
    put("flipped.json", flipped);
    put("cut.json", flipped.substr(0, 100));
    put("hostile.json", "{\"\x1b[2J");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ / name, std::ios::binary) << text; }

  // Runs the program in the folder; words are separated by single blanks. Output goes to a file, or to `sink`.
  Ran run(const std::string& words, const char* sink = nullptr) {
    std::vector<std::string> arguments{WRIT_BINARY_DIR "/bin/writ-verify"};
    std::istringstream stream(words);
    for (std::string word; stream >> word;) arguments.push_back(word);
    std::vector<char*> raw;
    for (std::string& a : arguments) raw.push_back(a.data());
    raw.push_back(nullptr);
    const std::string output = sink != nullptr ? sink : (folder_ / "output").string(), input = (folder_ / "r.json").string();
    const pid_t child = fork();
    if (child == 0) {
      if (chdir(folder_.c_str()) != 0) _exit(99);
      const int in = open(input.c_str(), O_RDONLY), out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(99);
      execv(raw[0], raw.data());
      _exit(99);
    }
    int ended = 0;
    EXPECT_EQ(waitpid(child, &ended, 0), child);
    std::ifstream text(output, std::ios::binary);
    return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, sink != nullptr ? "" : std::string(std::istreambuf_iterator<char>(text), {})};
  }
  bool says(const Ran& ran, std::string_view word) { return ran.text.find(word) != std::string::npos; }

  const SigningKey ours_ = sample::key(7);
  const std::string vkey_ = sample::verifier(ours_).text();
  std::filesystem::path folder_;
};

TEST_F(WritVerify, VerdictsHaveTheirStatus) {
  const struct { const char* file; int status; const char* word; } cases[] = {
      {"r.json", 0, "r.json: verified: task 4f2a0c1d completed with 0"},
      {"stranger.json", 1, "untrusted: signed by writ.example/store+"},
      {"flipped.json", 1, "mismatched: "},
      {"cut.json", 65, "malformed: "},
      {"hostile.json", 65, "malformed: "},
      {"none.json", 69, "none.json"},
  };
  for (const auto& c : cases) {
    const Ran ran = run(std::string(c.file) + " --key " + vkey_);
    EXPECT_EQ(ran.status, c.status) << c.file << ran.text;
    EXPECT_TRUE(says(ran, c.word)) << ran.text;
    EXPECT_FALSE(says(ran, "\x1b")) << "a receipt must not drive the terminal";
  }
}

TEST_F(WritVerify, WhereTrustComesFrom) {
  EXPECT_EQ(run("r.json").status, 1);
  EXPECT_TRUE(says(run("r.json"), "untrusted"));
  put("keys", "# ours\n" + vkey_ + "\n");
  EXPECT_EQ(run("r.json --keys keys").status, 0);
  EXPECT_EQ(run("r.json --keys=keys").status, 0);
  EXPECT_EQ(run("r.json --keys cut.json").status, 65);
  EXPECT_EQ(run("r.json --key nonsense").status, 65);
  std::filesystem::create_directories(folder_ / "config/writ/trust");
  std::filesystem::copy(folder_ / "keys", folder_ / "config/writ/trust/ours");
  EXPECT_EQ(run("r.json").status, 0);
  EXPECT_EQ(run("stranger.json").status, 1);
  // A named key replaces the folder.
  EXPECT_EQ(run("r.json --key " + sample::verifier(sample::key(9)).text()).status, 1);
}

TEST_F(WritVerify, AnyKeyChecksIntegrityAlone) {
  const Ran ran = run("stranger.json --any-key");
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(says(ran, "intact, signer unknown")) << ran.text;
  EXPECT_EQ(run("flipped.json --any-key").status, 1);
  EXPECT_EQ(run("cut.json --any-key").status, 65);
}

TEST_F(WritVerify, SeveralAtOnceGiveTheWorst) {
  EXPECT_EQ(run("r.json r.json --key " + vkey_).status, 0);
  EXPECT_EQ(run("r.json flipped.json --key " + vkey_).status, 1);
  EXPECT_EQ(run("flipped.json cut.json r.json --key " + vkey_).status, 65);
  EXPECT_EQ(run("- --key " + vkey_).status, 0);  // standard input is r.json
}

TEST_F(WritVerify, Json) {
  const Ran ran = run("--json r.json stranger.json cut.json --key " + vkey_);
  EXPECT_EQ(ran.status, 65);
  const auto value = parse_json(ran.text);
  ASSERT_TRUE(value) << ran.text;
  EXPECT_EQ(value->at("schema"), "writ.verify/1");
  EXPECT_EQ(value->at("holds"), false);
  EXPECT_EQ(value->at("receipts").at(0).at("verdict"), "verified");
  EXPECT_EQ(value->at("receipts").at(0).at("task"), sample::input().task.hex());
  EXPECT_EQ(value->at("receipts").at(1).at("verdict"), "untrusted");
  EXPECT_EQ(value->at("receipts").at(2).at("verdict"), "malformed");
  const auto failure = parse_json(run("--json none.json --any-key").text);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->at("error").at("code"), "unavailable");
}

TEST_F(WritVerify, WrongUsageIsNamed) {
  const struct { const char* words; const char* says; } cases[] = {
      {"", "no receipt"}, {"--kye x r.json", "did you mean --key"}, {"r.json --key", "needs a value"}, {"r.json --nonsense", "unknown option"},
      {"r.json --any-key --keys keys", "contradict"}};
  for (const auto& c : cases) {
    const Ran ran = run(c.words);
    EXPECT_EQ(ran.status, 64) << c.words;
    EXPECT_TRUE(says(ran, c.says)) << ran.text;
  }
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_TRUE(says(run("--version"), "writ-verify "));
}

TEST_F(WritVerify, AFullDiskIsNotAVerdict) {
  EXPECT_EQ(run("r.json --key " + vkey_, "/dev/full").status, 70);
}

}  // namespace
}  // namespace writ::proof
