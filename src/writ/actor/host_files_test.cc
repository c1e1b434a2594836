#include "writ/actor/host_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/id.h"
#include "writ/wire/digest.h"

// Only the gate makes keys, and the gate is a room above this one: here stands its name, with the one thing needed of it.
namespace writ::gate {
class Monitor {
 public:
  static effect::Authorized key(std::uint32_t capability, std::string resource, std::string root = {}) {
    return {{.kind = effect::Kind::file_read, .resource = std::move(resource)}, capability, std::move(root), 0};
  }
};
}  // namespace writ::gate

namespace writ::actor {
namespace {

using effect::FileType;
using effect::Follow;
using testing::ElementsAre;
namespace fs = std::filesystem;

struct HostFilesTest : testing::Test {
  void SetUp() override {
    folder = fs::canonical(fs::temp_directory_path()) / ("writ-actor-" + TaskId::random().brief());
    fs::create_directories(folder / "in/deep");
    fs::create_directories(folder / "out");
    write("in/a", "inside a");
    write("in/deep/b", "inside b");
    write("out/secret", "outside");
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const std::string& path, std::string_view text) const { std::ofstream(folder / path, std::ios::binary) << text; }
  void link(const std::string& to, const std::string& at) const { fs::create_symlink(to, folder / at); }
  std::string at(const std::string& path) const { return folder / path; }
  effect::Authorized key(const std::string& path, std::uint32_t capability = 0) const {
    return gate::Monitor::key(capability, at(path));
  }
  HostFiles files() const {
    HostFiles f;
    EXPECT_TRUE(f.admit(0, at("in")));
    return f;
  }
  static std::string content(effect::File& f) {
    std::string out(1000, '\0');
    const auto n = f.read_at(0, std::as_writable_bytes(std::span(out)));
    EXPECT_TRUE(n) << (n ? "" : n.error().text());
    out.resize(n ? *n : 0);
    return out;
  }
  Code open_code(HostFiles& f, const std::string& path) const {
    const auto r = f.open(key(path));
    EXPECT_FALSE(r) << path;
    return r ? Code::invalid : r.error().code;
  }

  fs::path folder;
};

TEST_F(HostFilesTest, ATaskThatIsToEndDoesNotWaitForADigest) {
  write("in/long", "");
  fs::resize_file(folder / "in/long", 64 * GiB.value() - 1);  // an hour of digesting, if it went on
  auto f = files();
  int asked = 0;
  f.stop_when([&] { return ++asked == 3; });
  const auto opened = f.open(key("in/long"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::unavailable);
  EXPECT_EQ(asked, 3);
  f.stop_when([] { return false; });
  EXPECT_TRUE(f.open(key("in/a")));
}

TEST_F(HostFilesTest, ReadsWhatIsBelow) {
  auto f = files();
  auto a = f.open(key("in/deep/b"));
  ASSERT_TRUE(a) << a.error().text();
  EXPECT_EQ(content(**a), "inside b");
  EXPECT_EQ((*a)->digest(), sha256(as_bytes("inside b")).hex());
  EXPECT_EQ((*a)->real_path(), at("in/deep/b"));
  EXPECT_EQ((*a)->host_path(), at("in/deep/b"));
  EXPECT_EQ((*a)->metadata().size, 8u);
  EXPECT_EQ((*a)->metadata().type, FileType::regular);
  std::string part(3, '\0');
  EXPECT_EQ(*(*a)->read_at(2, std::as_writable_bytes(std::span(part))), 3u);
  EXPECT_EQ(part, "sid");
  EXPECT_EQ(*(*a)->read_at(6, std::as_writable_bytes(std::span(part))), 2u);
  EXPECT_EQ(*(*a)->read_at(8, std::as_writable_bytes(std::span(part))), 0u);
  EXPECT_EQ(*(*a)->read_at(UINT64_MAX, std::as_writable_bytes(std::span(part))), 0u);
}

TEST_F(HostFilesTest, ListsAreSortedAndBytesPassThrough) {
  auto f = files();
  write("in/new\nline", "1");
  write("in/\xff\xfe", "2");
  write("in/z", "3");
  link("a", "in/link");
  const auto list = f.list(key("in/"));
  ASSERT_TRUE(list) << list.error().text();
  std::vector<std::string> names;
  for (const auto& e : list->value) names.push_back(e.name);
  EXPECT_EQ(list->real_path, at("in/"));
  EXPECT_THAT(names, ElementsAre("a", "deep", "link", "new\nline", "z", "\xff\xfe"));
  EXPECT_EQ(list->value[1].type, FileType::directory);
  EXPECT_EQ(list->value[2].type, FileType::symbolic_link);
  EXPECT_EQ(list->value[0].inode, f.stat(key("in/a"), Follow::yes)->value.inode);
  EXPECT_EQ(content(**f.open(key("in/new\nline"))), "1");
  EXPECT_EQ(content(**f.open(key("in/\xff\xfe"))), "2");
  EXPECT_EQ(f.list(key("in/a/")).error().code, Code::invalid);
  EXPECT_EQ(f.list(key("in/none/")).error().code, Code::unavailable);
}

TEST_F(HostFilesTest, WhatLeadsOutIsDeniedAndSaysWhere) {
  auto f = files();
  link("../out/secret", "in/relative");
  link(at("out/secret"), "in/absolute");
  link(at("in/a"), "in/absolute_inside");
  link("../out", "in/door");
  link("/nowhere/at/all", "in/dangling");
  for (const char* path : {"in/relative", "in/absolute", "in/door/secret", "in/../out/secret", "in/deep/../../out/secret"}) {
    for (const auto& r : {f.open(key(path)).error(), f.stat(key(path), Follow::yes).error()}) {
      EXPECT_EQ(r.code, Code::denied) << path << ": " << r.text();
      EXPECT_EQ(r.where, at("out/secret")) << path;
    }
  }
  EXPECT_EQ(f.list(key("in/door/")).error().code, Code::denied);
  EXPECT_EQ(f.read_link(key("in/door/secret")).error().code, Code::denied);
  EXPECT_EQ(open_code(f, "in/absolute_inside"), Code::denied);  // absolute links are the kernel's word for leaving
  EXPECT_EQ(f.open(key("in/dangling")).error().code, Code::denied);
  EXPECT_EQ(f.open(key("in/dangling")).error().where, "");
  // The links themselves are inside.
  EXPECT_EQ(f.stat(key("in/door"), Follow::no)->value.type, FileType::symbolic_link);
  EXPECT_EQ(f.read_link(key("in/door"))->value, "../out");
  EXPECT_EQ(f.stat(key("in/door"), Follow::no)->real_path, at("in/door"));
}

TEST_F(HostFilesTest, LinksInsideAreFollowedAndResolved) {
  auto f = files();
  link("deep", "in/d");
  link("d/b", "in/to_b");
  EXPECT_EQ(f.stat(key("in/to_b"), Follow::yes)->real_path, at("in/deep/b"));
  EXPECT_EQ(f.stat(key("in/d/"), Follow::yes)->real_path, at("in/deep/"));
  EXPECT_EQ(f.stat(key("in"), Follow::yes)->real_path, at("in"));
  EXPECT_EQ((*f.open(key("in/to_b")))->real_path(), at("in/deep/b"));
  EXPECT_EQ(f.stat(key("in/to_b"), Follow::yes)->value.type, FileType::regular);
  EXPECT_EQ(f.read_link(key("in/a")).error().code, Code::invalid);
}

TEST_F(HostFilesTest, TheOperatorsOwnLinksAreFollowedAtAdmission) {
  link("in", "alias");
  link("in/a", "one");
  HostFiles f;
  ASSERT_TRUE(f.admit(0, at("alias")));
  ASSERT_TRUE(f.admit(1, at("one")));
  auto below = f.open(key("alias/deep/b"));
  ASSERT_TRUE(below) << below.error().text();
  EXPECT_EQ((*below)->real_path(), at("alias/deep/b"));
  EXPECT_EQ((*below)->host_path(), at("in/deep/b"));
  auto one = f.open(key("one", 1));
  ASSERT_TRUE(one) << one.error().text();
  EXPECT_EQ(content(**one), "inside a");
  EXPECT_EQ((*one)->real_path(), at("one"));
  EXPECT_EQ((*one)->host_path(), at("in/a"));
  EXPECT_EQ(f.stat(key("one", 1), Follow::no)->value.type, FileType::regular);
  EXPECT_FALSE(f.open(key("one/x", 1)));
  EXPECT_FALSE(f.list(key("one/", 1)));
  fs::remove(at("one"));  // the name now means something else; the capability does not
  link("out/secret", "one");
  EXPECT_EQ(content(**f.open(key("one", 1))), "inside a");
  fs::remove(at("in/a"));
  EXPECT_EQ(content(**f.open(key("one", 1))), "inside a");
  EXPECT_EQ(f.stat(key("one", 1), Follow::yes)->host_path, at("in/a"));
}

TEST_F(HostFilesTest, TheWholeHostCanBeGranted) {
  HostFiles f;
  ASSERT_TRUE(f.admit(0, "/"));
  EXPECT_EQ(content(**f.open(key("in/a"))), "inside a");
  EXPECT_EQ(f.stat(key("in/a"), Follow::yes)->real_path, at("in/a"));
  EXPECT_EQ(f.stat(gate::Monitor::key(0, "/"), Follow::yes)->real_path, "/");
  EXPECT_TRUE(f.list(gate::Monitor::key(0, "/")));
  EXPECT_EQ(f.open(gate::Monitor::key(0, "/proc/self/root/etc/passwd")).error().code, Code::denied);  // a link of /proc
}

TEST_F(HostFilesTest, WhatIsNotThereIsUnavailable) {
  HostFiles f;
  EXPECT_EQ(f.admit(0, at("none")).error().code, Code::unavailable);
  EXPECT_EQ(f.open(key("none")).error().code, Code::unavailable);
  EXPECT_EQ(f.admit(0, "relative").error().code, Code::invalid);
  ASSERT_TRUE(f.admit(0, at("in")));
  EXPECT_EQ(open_code(f, "in/none"), Code::unavailable);
  EXPECT_EQ(open_code(f, "in"), Code::invalid);       // a folder
  EXPECT_EQ(open_code(f, "in/a/b"), Code::invalid);   // not a folder
  EXPECT_EQ(open_code(f, "inner"), Code::invalid);    // not below: the gate's mistake
  EXPECT_EQ(open_code(f, std::string("in/a\0b", 6)), Code::invalid);
  link("circle", "in/circle");
  EXPECT_EQ(open_code(f, "in/circle"), Code::invalid);
  fs::remove_all(at("in"));
  EXPECT_EQ(open_code(f, "in/a"), Code::unavailable);
  EXPECT_EQ(f.stat(key("in"), Follow::yes).error().code, Code::unavailable);
}

TEST_F(HostFilesTest, OnlyFilesAndFoldersAreOpened) {
  auto f = files();
  ASSERT_EQ(::mkfifo(at("in/pipe").c_str(), 0600), 0);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, at("in/socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto pipe = f.open(key("in/pipe")), socket = f.open(key("in/socket"));  // nobody writes: would block for ever
  ASSERT_FALSE(pipe || socket);
  EXPECT_EQ(pipe.error().code, Code::unsupported);
  EXPECT_EQ(pipe.error().what, "it is a named pipe");
  EXPECT_EQ(socket.error().what, "it is a socket");
  EXPECT_EQ(f.admit(1, at("in/pipe")).error().what, "it is a named pipe");
  EXPECT_EQ(f.admit(1, "/dev/null").error().what, "it is a character device");
  EXPECT_EQ(f.stat(key("in/pipe"), Follow::yes)->value.type, FileType::other);
}

TEST_F(HostFilesTest, AFileChangedWhileOpenIsAConflict) {
  auto f = files();
  auto a = f.open(key("in/a"));
  ASSERT_TRUE(a);
  EXPECT_EQ(content(**a), "inside a");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a tick of older kernels' clocks
  write("in/a", "INSIDE A");  // the same size
  std::string out(8, '\0');
  const auto n = (*a)->read_at(0, std::as_writable_bytes(std::span(out)));
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, Code::conflict);
  auto again = f.open(key("in/a"));
  EXPECT_EQ(content(**again), "INSIDE A");
  fs::resize_file(at("in/a"), 3);
  EXPECT_EQ((*again)->read_at(0, std::as_writable_bytes(std::span(out))).error().code, Code::conflict);
}

TEST_F(HostFilesTest, LargeFilesAreDigestedInPiecesUpToALimit) {
  std::string text(700'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7);
  write("in/large", text);
  auto f = files();
  EXPECT_EQ((*f.open(key("in/large")))->digest(), sha256(as_bytes(text)).hex());
  HostFiles small(ByteCount(699'999));
  ASSERT_TRUE(small.admit(0, at("in")));
  EXPECT_EQ(open_code(small, "in/large"), Code::exhausted);
}

TEST_F(HostFilesTest, FilesThatDoNotKnowTheirSizeAreKept) {
  HostFiles f;
  ASSERT_TRUE(f.admit(0, "/proc"));
  auto version = f.open(gate::Monitor::key(0, "/proc/version"));
  ASSERT_TRUE(version) << version.error().text();
  const auto text = content(**version);
  EXPECT_TRUE(text.starts_with("Linux"));
  EXPECT_EQ((*version)->metadata().size, text.size());
  EXPECT_EQ((*version)->digest(), sha256(as_bytes(text)).hex());
}

// Another process exchanges a folder for a link that leads out, all the time. Whatever is read was inside.
TEST_F(HostFilesTest, NoExchangeOfLinksLeadsOut) {
  auto f = files();
  write("in/deep/secret", "inside!");
  link("../out", "in/evil");
  const std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) ::renameat2(AT_FDCWD, at("in/deep").c_str(), AT_FDCWD, at("in/evil").c_str(), RENAME_EXCHANGE);
  });
  int opened = 0, denied = 0;
  for (int i = 0; i < 200'000 && (i < 5000 || opened < 20 || denied < 20); ++i) {
    auto file = f.open(key("in/deep/secret"));
    if (!file) {
      denied += file.error().code == Code::denied;
      EXPECT_TRUE(file.error().code == Code::denied || file.error().code == Code::conflict ||
                  file.error().code == Code::unavailable)
          << file.error().text();
      continue;
    }
    ++opened;
    std::string text(20, '\0');
    const auto n = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
    ASSERT_TRUE(!n || text.substr(0, *n) == "inside!") << text;
    ASSERT_EQ((*file)->digest(), sha256(as_bytes("inside!")).hex());
    if (const auto s = f.stat(key("in/deep/secret"), Follow::yes)) { ASSERT_EQ(s->value.inode, (*file)->metadata().inode); }
    if (const auto l = f.list(key("in/deep/"))) { ASSERT_EQ(l->value.size(), 2u); }  // the folder outside holds one
  }
  EXPECT_GE(opened, 20);
  EXPECT_GE(denied, 20);
}

// A kernel without openat2, by a filter that answers as it would. There is no weaker way.
TEST(HostFilesDeathTest, WithoutOpenat2NothingIsOpened) {
  const auto in_child = [] {
    HostFiles f;
    bool right = f.admit(0, "/usr").has_value();
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{.len = std::size(code), .filter = code};
    right = right && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    const auto lost = gate::Monitor::key(0, "/usr/bin");
    right = right && f.list(lost).error().code == Code::unsupported &&
            f.stat(lost, Follow::yes).error().code == Code::unsupported && f.open(lost).error().code == Code::unsupported;
    std::_Exit(right ? 0 : 1);
  };
  EXPECT_EXIT(in_child(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace writ::actor
