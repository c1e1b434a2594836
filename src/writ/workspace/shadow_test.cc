#include "writ/workspace/shadow.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "writ/workspace/testing_folder.h"

namespace writ::workspace {
namespace {

namespace fs = std::filesystem;
using testing::Folder;
using testing::picture;

class ShadowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base.write("a.txt", "one\ntwo\n");
    base.write("d/x", "x");
    base.write("d/e/y", "y");
    fs::create_symlink("d/x", base / "in");
    fs::create_symlink("/etc/passwd", base / "out");
    fs::create_symlink("../..", base / "d/up");
    fs::create_symlink("e", base / "d/le");
    before = picture(base.text());
    open();
  }
  void TearDown() override { EXPECT_EQ(picture(base.text()), before) << "something was visible before the commit"; }
  void open(std::vector<std::pair<std::uint64_t, std::uint64_t>> hidden = {}) {
    auto s = Shadow::open({base.text(), own / "shadow", [this] { return WallTime{++clock}; }, std::move(hidden)});
    ASSERT_TRUE(s) << s.error().text();
    shadow = std::move(*s);
  }
  std::string read(const std::string& path, Follow follow = Follow::yes) {
    auto f = shadow->open_file(path, follow, Use::read, Create::no, Empty::no);
    if (!f) return "! " + std::to_string(f.error().number);
    std::string out((*f)->status().size, '\0');
    const auto n = (*f)->read_at(0, std::as_writable_bytes(std::span(out)));
    if (!n) return "! " + n.error().text();
    return out.substr(0, *n);
  }
  int write(const std::string& path, const std::string& text, Create create = Create::if_absent) {
    auto f = shadow->open_file(path, Follow::yes, Use::write, create, Empty::yes);
    if (!f) return f.error().number;
    const auto done = (*f)->write_at(0, std::as_bytes(std::span(text)));
    return done ? 0 : done.error().number;
  }
  template <class T>
  static int number(const Result<T>& r) { return r ? 0 : r.error().number == 0 ? -1 : r.error().number; }
  std::string names(const std::string& path) {
    std::string out;
    const auto l = shadow->list(path);
    if (!l) return "! " + std::to_string(l.error().number);
    for (const auto& e : *l) out += (out.empty() ? "" : " ") + e.name;
    return out;
  }
  // "+a ~b -c", with kinds other than files marked.
  std::string sealed() {
    const auto t = shadow->seal();
    if (!t) return "! " + t.error().text();
    std::string out;
    for (const auto& c : t->changes) {
      out += out.empty() ? "" : " ";
      out += c.happened == Happened::created ? '+' : c.happened == Happened::changed ? '~' : '-';
      out += c.path;
      if (c.kind != Kind::file) out += c.kind == Kind::folder ? "/" : "@" + c.target;
      if (c.digest) {
        std::ifstream in(own / ("shadow/" + c.digest->sha256.hex()));
        const std::string content(std::istreambuf_iterator<char>(in), {});
        EXPECT_EQ(digest(as_bytes(content)), *c.digest) << c.path;
        EXPECT_EQ(content.size(), c.size);
      }
    }
    if (!t->changes.empty()) {
      const auto back = parse_changes(text_of({{*t}}));
      EXPECT_TRUE(back) << back.error().text();
    }
    return out;
  }

  Folder base, own;
  std::map<std::string, std::string> before;
  std::unique_ptr<Shadow> shadow;
  std::int64_t clock = 1'000'000'000;
};

TEST_F(ShadowTest, ReadsTheBase) {
  EXPECT_EQ(read("a.txt"), "one\ntwo\n");
  EXPECT_EQ(read("in"), "x");
  EXPECT_EQ(read("d/le/y"), "y");
  EXPECT_EQ(names(""), "a.txt d in out");
  EXPECT_EQ(names("d/le"), "y");
  EXPECT_EQ(*shadow->read_link("out"), "/etc/passwd");
  EXPECT_EQ(*shadow->resolve("d/le/y", Follow::yes), "d/e/y");
  EXPECT_EQ(sealed(), "");
}

TEST_F(ShadowTest, SaysWhatAFileSystemSays) {
  EXPECT_EQ(read("none"), "! " + std::to_string(ENOENT));
  EXPECT_EQ(read("a.txt/b"), "! " + std::to_string(ENOTDIR));
  EXPECT_EQ(read("d"), "! " + std::to_string(EISDIR));
  EXPECT_EQ(read("in", Follow::no), "! " + std::to_string(ELOOP));
  EXPECT_EQ(number(shadow->make_folder("d")), EEXIST);
  EXPECT_EQ(number(shadow->make_folder("q/r")), ENOENT);
  EXPECT_EQ(number(shadow->remove_folder("d")), ENOTEMPTY);
  EXPECT_EQ(number(shadow->remove_folder("a.txt")), ENOTDIR);
  EXPECT_EQ(number(shadow->remove_file("d")), EISDIR);
  EXPECT_EQ(number(shadow->remove_folder("")), EBUSY);
  EXPECT_EQ(number(shadow->rename("a.txt", "d")), EISDIR);
  EXPECT_EQ(number(shadow->rename("d", "a.txt")), ENOTDIR);
  EXPECT_EQ(number(shadow->rename("d", "d/e/f")), EINVAL);
  EXPECT_EQ(number(shadow->make_link("a.txt", "in")), EEXIST);
  EXPECT_EQ(number(shadow->read_link("a.txt")), EINVAL);
  EXPECT_EQ(number(shadow->add_name("d", "d2")), EPERM);
  EXPECT_EQ(write("a.txt", "x", Create::always_new), EEXIST);
  EXPECT_EQ(write(std::string(300, 'n'), "x"), ENAMETOOLONG);
  ASSERT_TRUE(shadow->make_link("l1", "l2"));
  ASSERT_TRUE(shadow->make_link("l2", "l1"));
  EXPECT_EQ(read("l1"), "! " + std::to_string(ELOOP));
}

TEST_F(ShadowTest, NoLinkLeadsOut) {
  for (const auto* path : {"out", "d/up/x", "d/up"}) {
    const auto f = shadow->open_file(path, Follow::yes, Use::read, Create::no, Empty::no);
    ASSERT_FALSE(f) << path;
    EXPECT_EQ(f.error().code, Code::denied) << path;
  }
  for (const auto* target : {"/", "/etc", "..", "d/../../x", "./../x"}) {
    const auto made = shadow->make_link(target, "l");
    ASSERT_FALSE(made) << target;
    EXPECT_EQ(made.error().code, Code::denied);
  }
  EXPECT_TRUE(shadow->make_link("../a.txt", "d/ok"));
  EXPECT_EQ(read("d/ok"), "one\ntwo\n");
  // A link that was there and leads out may go, but not move: it would be one of the task's.
  EXPECT_TRUE(shadow->remove_file("out"));
  EXPECT_EQ(sealed(), "+d/ok@../a.txt -out@");
  ASSERT_TRUE(shadow->rename("d/ok", "ok"));
  EXPECT_NE(sealed().find("leads out"), std::string::npos);
}

TEST_F(ShadowTest, WritesStayInside) {
  EXPECT_EQ(write("a.txt", "three\n"), 0);
  EXPECT_EQ(write("new", "n"), 0);
  EXPECT_EQ(write("in", "through the link"), 0);
  EXPECT_EQ(read("d/x"), "through the link");
  EXPECT_EQ(sealed(), "~a.txt ~d/x +new");
  EXPECT_EQ(read("a.txt"), "three\n");
  EXPECT_EQ(write("a.txt", "one\ntwo\n"), 0);
  EXPECT_EQ(sealed(), "~d/x +new") << "written, but the same";
  EXPECT_TRUE(shadow->remove_file("new"));
  EXPECT_EQ(sealed(), "~d/x");
}

TEST_F(ShadowTest, CountsLines) {
  write("a.txt", "one\n2\n3\n");
  const auto t = shadow->seal();
  ASSERT_TRUE(t);
  EXPECT_EQ(t->changes.at(0).lines, (Lines{2, 1}));
}

TEST_F(ShadowTest, EveryOpenFileSeesEveryWrite) {
  auto reader = shadow->open_file("a.txt", Follow::yes, Use::read, Create::no, Empty::no);
  ASSERT_TRUE(reader);
  std::array<std::byte, 3> some;
  ASSERT_TRUE((*reader)->read_at(0, some));
  auto writer = shadow->open_file("a.txt", Follow::yes, Use::write, Create::no, Empty::no);
  ASSERT_TRUE((*writer)->write_at(0, std::as_bytes(std::span("ONE", 3))));
  ASSERT_TRUE((*reader)->read_at(0, some));
  EXPECT_EQ(as_text(some), "ONE");
  ASSERT_TRUE(shadow->remove_file("a.txt"));
  ASSERT_TRUE((*reader)->read_at(0, some)) << "an open file outlives its name";
  EXPECT_EQ(read("a.txt"), "! " + std::to_string(ENOENT));
  EXPECT_EQ(sealed(), "-a.txt");
}

TEST_F(ShadowTest, RemovesAndMakesAgain) {
  EXPECT_TRUE(shadow->remove_file("d/e/y"));
  EXPECT_TRUE(shadow->remove_folder("d/e"));
  EXPECT_EQ(names("d"), "le up x");
  EXPECT_EQ(sealed(), "-d/e/ -d/e/y");
  EXPECT_EQ(write("d/e", "a file now"), 0);
  EXPECT_EQ(sealed(), "~d/e -d/e/y");
  EXPECT_TRUE(shadow->remove_file("d/e"));
  EXPECT_TRUE(shadow->make_folder("d/e"));
  EXPECT_EQ(names("d/e"), "");
  EXPECT_EQ(sealed(), "-d/e/y");
}

TEST_F(ShadowTest, MovesFolders) {
  EXPECT_TRUE(shadow->remove_file("d/up"));
  EXPECT_TRUE(shadow->rename("d", "f"));
  EXPECT_EQ(names(""), "a.txt f in out");
  EXPECT_EQ(read("f/e/y"), "y");
  EXPECT_EQ(sealed(), "-d/ -d/e/ -d/e/y -d/le@ -d/up@ -d/x +f/ +f/e/ +f/e/y +f/le@e +f/x");
  EXPECT_TRUE(shadow->rename("f", "d"));
  EXPECT_EQ(sealed(), "-d/up@") << "back where it was";
  EXPECT_TRUE(shadow->rename("d/x", "x"));
  EXPECT_TRUE(shadow->rename("a.txt", "d/x"));
  EXPECT_EQ(sealed(), "-a.txt -d/up@ ~d/x +x");
}

TEST_F(ShadowTest, NamesOfOneFile) {
  EXPECT_EQ(write("new", "n"), 0);
  EXPECT_TRUE(shadow->add_name("new", "twin"));
  EXPECT_EQ(shadow->look("twin", Follow::no)->links, 2u);
  EXPECT_EQ(shadow->look("twin", Follow::no)->inode, shadow->look("new", Follow::no)->inode);
  EXPECT_EQ(write("twin", "both"), 0);
  EXPECT_EQ(read("new"), "both");
  auto t = shadow->seal();
  ASSERT_TRUE(t);
  EXPECT_EQ(t->changes.at(1).same_as, "new");
}

TEST_F(ShadowTest, KeepsTimesThatWereSet) {
  EXPECT_TRUE(shadow->set_times("a.txt", Follow::yes, {{}, WallTime{42}}));
  EXPECT_EQ(shadow->look("a.txt", Follow::no)->modified.ns, 42);
  auto t = shadow->seal();
  ASSERT_TRUE(t);
  EXPECT_EQ(t->changes.at(0).modified, WallTime{42});
  write("a.txt", "later");
  t = shadow->seal();
  EXPECT_EQ(t->changes.at(0).modified, std::nullopt);
}

TEST_F(ShadowTest, StoresAreInvisible) {
  base.write("d/.writ/writ.db", "secret");
  base.write("mystore/writ.db", "secret");
  before = picture(base.text());
  struct stat s{};
  ASSERT_EQ(::stat((base / "mystore").c_str(), &s), 0);
  open({{s.st_dev, s.st_ino}});
  EXPECT_EQ(names(""), "a.txt d in out");
  EXPECT_EQ(names("d"), "e le up x");
  EXPECT_EQ(read("d/.writ/writ.db"), "! " + std::to_string(ENOENT));
  EXPECT_EQ(read("mystore/writ.db"), "! " + std::to_string(ENOENT));
  EXPECT_EQ(number(shadow->make_folder(".writ")), EPERM);
  EXPECT_EQ(number(shadow->rename("a.txt", "d/.writ")), EPERM);
  EXPECT_EQ(write(".writ-commit-1", "x"), EPERM);
  EXPECT_EQ(number(shadow->rename("d", "elsewhere")), EBUSY) << "it holds a store";
}

TEST_F(ShadowTest, SpecialFilesAreLeftAlone) {
  ASSERT_EQ(::mkfifo((base / "pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((base / "d/pipe").c_str(), 0600), 0);
  base.write("suid", "s");
  ASSERT_EQ(::chmod((base / "suid").c_str(), 04755), 0);
  before = picture(base.text());
  EXPECT_EQ(read("pipe"), "! " + std::to_string(EOPNOTSUPP));
  EXPECT_EQ(number(shadow->remove_file("pipe")), EPERM);
  EXPECT_EQ(number(shadow->rename("pipe", "p")), EPERM);
  EXPECT_EQ(number(shadow->rename("d", "f")), EPERM) << "a pipe would move along";
  EXPECT_EQ(number(shadow->add_name("suid", "s2")), EPERM);
  EXPECT_EQ(number(shadow->rename("suid", "s2")), EPERM);
  EXPECT_EQ(write("suid", "x"), EPERM);
  EXPECT_EQ(read("suid"), "s");
  EXPECT_EQ(sealed(), "");
}

// Whoever changes the base under a task makes it fail, and never makes it read or write elsewhere.
TEST_F(ShadowTest, NoticesAChangedBase) {
  auto f = shadow->open_file("a.txt", Follow::yes, Use::read_write, Create::no, Empty::no);
  ASSERT_TRUE(f);
  base.write("a.txt", "somebody else\n");
  std::array<std::byte, 3> some;
  auto got = (*f)->read_at(0, some);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::conflict);
  EXPECT_EQ((*f)->write_at(0, some).error().code, Code::conflict);
  EXPECT_EQ(names("d"), "e le up x");
  fs::rename(base / "d", base / "away");
  fs::create_symlink("/etc", base / "d");
  const auto passwd = shadow->open_file("d/passwd", Follow::yes, Use::read, Create::no, Empty::no);
  ASSERT_FALSE(passwd);
  EXPECT_NE(passwd.error().number, EACCES);
  EXPECT_EQ(shadow->open_file("d/x", Follow::yes, Use::read, Create::no, Empty::no).error().code, Code::conflict);
  fs::remove(base / "d");
  fs::rename(base / "away", base / "d");
  base.write("a.txt", "one\ntwo\n");
}

TEST_F(ShadowTest, NamesAreBytes) {
  for (const std::string name : {"new\nline", "\x1b[2J", "\xff\xfe", "sp ace", "per%cent"}) {
    EXPECT_EQ(write(name, name), 0);
    EXPECT_EQ(read(name), name);
  }
  EXPECT_EQ(sealed().size(), std::string("+\x1b[2J +new\nline +per%cent +sp ace +\xff\xfe").size());
  const auto none = shadow->look("\x1b[2J/x", Follow::no);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace writ::workspace
