// A place with a folder `w` of files, for the tests of what happens to files of the host.
#pragma once

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "tests/cli/program.h"

namespace writ::cli_test {

using Picture = std::map<std::string, std::string>;

// path -> mode and content, "/" for folders, "-> TARGET" for links. Hides nothing.
inline Picture picture_of(const std::string& root) {
  namespace fs = std::filesystem;
  Picture out;
  for (const auto& e : fs::recursive_directory_iterator(root)) {
    const auto path = e.path().string().substr(root.size() + 1);
    struct stat s{};
    ::lstat(e.path().c_str(), &s);
    if (e.is_symlink()) out[path] = "-> " + fs::read_symlink(e.path()).string();
    else if (e.is_directory()) out[path] = "/";
    else out[path] = ((s.st_mode & 0100) != 0 ? "x " : "  ") + read_all(e.path().string());
  }
  return out;
}

class FilesPlace : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(dir() + "/sub/deep");
    write("a.txt", "one\ntwo\n");
    write("gone.txt", "going\n");
    write("run.sh", "#!/bin/sh\n");
    ::chmod((dir() + "/run.sh").c_str(), 0755);
    write("sub/x", "x");
    write("sub/deep/y", "y\n");
    write("bin", std::string("\0\1\2", 3));
    old_ = picture_of(dir());
  }
  std::string dir() const { return p.work() + "/w"; }
  void write(const std::string& name, const std::string& content) const { std::ofstream(dir() + "/" + name, std::ios::binary) << content; }
  // A task that does these things (tests/cli/probe.c several()) in `w`, which it sees at `/`.
  Ended several(Words what, Words options) const {
    what.insert(what.begin(), "do");
    options.insert(options.end(), {"--workspace", "w:/", "--grant", "state.write:**", "--grant", "state.read:**"});
    return p.probe(std::move(what), std::move(options));
  }
  // A bit of everything.
  Words everything() const {
    return {"put",    "/a.txt",     "one\nthree\nfour", "rm",  "/gone.txt", "put",    "/run.sh", "#!/bin/sh\necho hi\n",
            "mkdir",  "/made",      "put",              "/made/new", "n\n",   "put",    "/empty",  "",
            "mv",     "/sub/deep/y", "/sub/moved",      "rmdir", "/sub/deep", "binary", "/bin",   "binary",
            "/bin2",  "ln",         "sub/x",            "/link", "put",       "/na me", "blank\n", "put",
            "object", "o\n"};
  }
  Ended stage_everything() const { return several(everything(), {"--stage", "--id", "mine"}); }
  void expect_sound() const {
    const Ended fsck = p.run({"fsck"}), audit = p.run({"audit"});
    EXPECT_EQ(fsck.status, 0) << fsck.out << fsck.err;
    EXPECT_EQ(audit.status, 0) << audit.out << audit.err;
  }
  // Nothing of a commit is left in the folder, and no private copies but those of `tasks` staged ones.
  void expect_clean(std::size_t tasks = 0) const {
    for (const auto& [path, content] : picture_of(dir())) EXPECT_EQ(path.find(".writ-commit-"), std::string::npos) << path;
    for (const auto& e : std::filesystem::directory_iterator(p.work()))
      EXPECT_FALSE(e.path().filename().string().starts_with(".writ-commit-")) << e.path();
    std::size_t kept = 0;
    if (std::filesystem::exists(p.store() + "/shadows"))
      for (const auto& e : std::filesystem::directory_iterator(p.store() + "/shadows")) kept += e.is_directory() ? 1 : 0;
    EXPECT_EQ(kept, tasks);
  }
  Place p;
  Picture old_;
};

}  // namespace writ::cli_test
