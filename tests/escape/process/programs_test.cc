// Programs that nobody changed for this: interpreters, shells, compilers, version control.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/cli/files_place.h"
#include "tests/cli/program.h"
#include "writ/base/file.h"
#include "writ/base/units.h"

namespace writ::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

#define WRIT_NEED_PROGRAM(name)                                                                           \
  if (!fs::exists("/usr/bin/" name) && !fs::exists("/bin/" name)) GTEST_SKIP() << "not covered: " name " is not installed"

class Programs : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(dir()); }
  std::string dir() const { return p.work() + "/w"; }
  Ended in_workspace(Words command) const {
    Words words{"run", "--workspace", "w", "--"};
    words.insert(words.end(), command.begin(), command.end());
    return p.run(words);
  }
  Place p;
};

TEST_F(Programs, ACommandHasItsArgumentsItsStreamsAndItsEnd) {
  EXPECT_EQ(p.run({"run", "--", "echo", "a b", "--json", ""}).out, "a b --json \n");
  EXPECT_EQ(p.run({"run", "--", "cat"}, "through\n").out, "through\n");
  EXPECT_EQ(p.run({"run", "--", "sh", "-c", "echo problem >&2; exit 7"}).status, 7);
  EXPECT_EQ(p.run({"run", "--", "sh", "-c", "kill -SEGV $$"}).status, 128 + 11);
  EXPECT_EQ(p.run({"run", "--", "no-such-command"}).status, 127);
  EXPECT_EQ(p.run({"run", "--", p.file("plain", "text")}).status, 126);
  EXPECT_EQ(p.run({"run", "--", "./absent"}).status, 127);
}

TEST_F(Programs, WhatWasNotReadStaysInTheCallersFile) {
  const std::string list = p.file("list", "one\ntwo\nthree\n");
  const Fd in(::open(list.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(p.start({.words = {"run", "--", "true"}, .input_fd = in.get()}).wait().status, 0);
  EXPECT_EQ(::lseek(in.get(), 0, SEEK_CUR), 0);
  const Ended e = p.start({.words = {"run", "--id", "reader", "--", "sh", "-c", "read -r line; echo $line"}, .input_fd = in.get()}).wait();
  EXPECT_EQ(e.out, "one\n") << e.err;
  const Json shown = p.document({"show", "reader"});
  EXPECT_EQ(p.run({"verify", "reader", "--any-key"}).status, 0);
}

TEST_F(Programs, ScriptsRunWithTheirInterpreter) {
  WRIT_NEED_PROGRAM("python3");
  p.file("s.py", "import sys; print(sys.argv[1:], __file__)\nsys.exit(5)\n");
  const Ended e = p.run({"run", "--id", "script", "s.py", "a", "b"});
  EXPECT_EQ(e.status, 5) << e.err;
  EXPECT_EQ(e.out, "['a', 'b'] " + p.work() + "/s.py\n");
  const Json shown = p.document({"show", "script"});
  EXPECT_EQ(shown["code"]["language"], "python");
  EXPECT_EQ(shown["engine"], "/usr/bin/python3");
  p.file("t.sh", "echo \"$0: $1\"\n");
  EXPECT_EQ(p.run({"run", "t.sh", "x"}).out, p.work() + "/t.sh: x\n");
  p.file("bare", "#!/bin/sh -e\nfalse\necho not here\n");
  EXPECT_EQ(p.run({"run", "bare"}).status, 1);
  EXPECT_EQ(p.run({"run", "-e", "print(1 + 1)", "--lang", "py"}).out, "2\n");
  EXPECT_EQ(p.run({"run", "-e", "echo $1", "--lang", "sh", "hello"}).out, "hello\n");
  EXPECT_EQ(p.run({"run", "--lang", "py", "-"}, "print('from standard input')\n").out, "from standard input\n");
  EXPECT_EQ(p.run({"run", "-e", "1"}).status, 64);
  EXPECT_EQ(p.run({"run", "-e", "1", "--lang", "cobol"}).status, 64);
}

TEST_F(Programs, WhatNoCommitHasIsSaid) {
  WRIT_NEED_PROGRAM("python3");
  const std::string script = "import os, sys; open(sys.argv[1], 'w').write('x'); os.setxattr(sys.argv[1], 'user.colour', b'red')";
  const Ended e = in_workspace({"python3", "-c", script, dir() + "/f"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.err, HasSubstr("left out: f: "));
  EXPECT_THAT(e.err, HasSubstr("user.colour"));
  EXPECT_EQ(in_workspace({"sh", "-c", "echo y >$0", dir() + "/g"}).err.find("left out"), std::string::npos);
}

TEST_F(Programs, AScriptIsWhatWasRead) {
  WRIT_NEED_PROGRAM("python3");
  std::ofstream(dir() + "/s.py") << "import os\ntry: open(__file__, 'a')\nexcept OSError as e: print(e.strerror)\n";
  const Ended e = p.run({"run", "--workspace", "w", "w/s.py"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, ::testing::AnyOf("Permission denied\n", "Read-only file system\n"));
}

TEST_F(Programs, Python) {
  WRIT_NEED_PROGRAM("python3");
  const Ended e = in_workspace({"python3", "-c",
                                "import subprocess, tempfile, json, socket, threading, multiprocessing, pathlib, os\n"
                                "print(subprocess.run(['sh', '-c', 'echo child'], capture_output=True, text=True).stdout.strip())\n"
                                "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
                                "t = threading.Thread(target=lambda: socket.create_connection(s.getsockname()).send(b'hi')); t.start()\n"
                                "print(s.accept()[0].recv(2).decode()); t.join()\n"
                                "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
                                "print(tempfile.mkdtemp().startswith('/tmp/'), pathlib.Path.home())\n"
                                "pathlib.Path('" + dir() + "/made').write_text('x')\n"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "child\nhi\n[1, 2]\nTrue /home/task\n");
  EXPECT_EQ(read_all(dir() + "/made"), "x");
}

TEST_F(Programs, Bash) {
  WRIT_NEED_PROGRAM("bash");
  const Ended e = in_workspace({"bash", "-c", "set -eo pipefail; cd " + dir() + "; for i in 1 2 3; do echo $i; done | sort -r > list; "
                                "cat <(cat list) | tr '\\n' ' '; wait"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "3 2 1 ");
}

TEST_F(Programs, Node) {
  WRIT_NEED_PROGRAM("node");
  const Ended e = in_workspace({"node", "-e",
                                "const cp = require('child_process'), fs = require('fs'), os = require('os');"
                                "fs.writeFileSync('" + dir() + "/n.txt', 'n');"
                                "console.log(cp.execSync('echo child').toString().trim(), os.homedir());"
                                "const s = require('net').createServer(c => c.end('hi')).listen(0, '127.0.0.1', () => "
                                "require('net').connect(s.address().port, '127.0.0.1').on('data', d => { console.log(d.toString()); s.close(); }))"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "child /home/task\nhi\n");
  EXPECT_EQ(read_all(dir() + "/n.txt"), "n");
}

TEST_F(Programs, CompilerAndMake) {
  WRIT_NEED_PROGRAM("gcc");
  WRIT_NEED_PROGRAM("make");
  std::ofstream(dir() + "/main.c") << "#include <stdio.h>\nint main(void) { puts(\"built\"); }\n";
  std::ofstream(dir() + "/Makefile") << "main: main.c\n\t$(CC) -O1 -o $@ $<\n";
  const Ended e = in_workspace({"sh", "-c", "cd " + dir() + " && make -s && ./main"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "built\n");
  EXPECT_TRUE(fs::exists(dir() + "/main"));
}

TEST_F(Programs, Git) {
  WRIT_NEED_PROGRAM("git");
  const std::string identity = "git config --global user.name t && git config --global user.email t@example.org && ";
  const Ended made = in_workspace({"sh", "-c", "cd /tmp && " + identity + "git init -q r && cd r && echo x > f && git add f && "
                                               "git commit -qm one && git log --oneline | wc -l"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.out, "1\n");
}

TEST_F(Programs, PipWithoutANetwork) {
  WRIT_NEED_PROGRAM("pip3");
  const std::string made = p.file("wheel.py", R"(
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("greet.py", "WORD = 'hello from a wheel'\n")
    info = {"METADATA": "Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "greet.py,,\ngreet-1.0.dist-info/METADATA,,\ngreet-1.0.dist-info/WHEEL,,\ngreet-1.0.dist-info/RECORD,,\n"}
    for name, text in info.items():
        wheel.writestr("greet-1.0.dist-info/" + name, text)
)");
  ASSERT_EQ(in_workspace({"python3", "-c", *read_file(made, MiB), dir() + "/greet-1.0-py3-none-any.whl"}).status, 0);
  const Ended e = in_workspace({"sh", "-c", "cd " + dir() + " && /usr/bin/pip3 install -q --no-index --target lib greet-1.0-py3-none-any.whl && "
                                            "PYTHONPATH=lib /usr/bin/python3 -c 'import greet; print(greet.WORD)'"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "hello from a wheel\n");
  EXPECT_TRUE(fs::exists(dir() + "/lib/greet.py"));
}

TEST_F(Programs, NpmWithoutANetwork) {
  WRIT_NEED_PROGRAM("npm");
  const Ended e = in_workspace({"sh", "-c", "mkdir -p /tmp/package " + dir() + "/app && cd /tmp && "
                                            "echo '{\"name\":\"greet\",\"version\":\"1.0.0\"}' >package/package.json && "
                                            "echo 'module.exports = \"hello from a tarball\"' >package/index.js && tar czf greet.tgz package && "
                                            "cd " + dir() + "/app && echo '{\"name\":\"app\",\"version\":\"1.0.0\"}' >package.json && "
                                            "npm install --silent --offline --no-audit --no-fund /tmp/greet.tgz && node -p 'require(\"greet\")'"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_THAT(e.out, HasSubstr("hello from a tarball\n"));
  EXPECT_TRUE(fs::exists(dir() + "/app/node_modules/greet/index.js"));
}

TEST_F(Programs, GrantsAreWhatIsThere) {
  const std::string shown = p.file("shown", "shown\n"), hidden = p.file("hidden", "hidden\n");
  const Ended e = p.run({"run", "--grant", "file.read:shown", "--", "sh", "-c", "cat " + shown + "; cat " + hidden + "; echo x > " + shown});
  EXPECT_EQ(e.out, "shown\n");
  EXPECT_EQ(read_all(shown), "shown\n");
  fs::create_directories(dir() + "/private");
  std::ofstream(dir() + "/private/key") << "key";
  const Ended denied = p.run({"run", "--workspace", "w", "--deny", "file.read:w/private/", "--", "sh", "-c", "find " + dir()});
  EXPECT_THAT(denied.out, Not(HasSubstr("key"))) << denied.err;
  for (const char* grant : {"file.read:*.txt", "file.read:shown,uses=3", "file.read:/", "file.write:shown", "file.read:/proc/"}) {
    const Ended refused = p.run({"run", "--grant", grant, "--", "true"});
    EXPECT_EQ(refused.status, 69) << grant << refused.err;
  }
}

TEST_F(Programs, LearningTellsWhatWasMissing) {
  const std::string needed = p.file("needed", "x");
  p.write_object("in/a", "one");
  const Ended e = p.run({"learn", "--id", "learner", "--", "sh", "-c",
                         "cat " + needed + " /etc/shadow; cat /usr/bin/env > /dev/null; cat " + p.work() + "/absent; "
                         "cat /state/in/a; echo two > /state/in/b"});
  const std::string grants = e.out.substr(std::min(e.out.find("[grants]"), e.out.size()));
  EXPECT_THAT(grants, HasSubstr("\"file.read\" = [\n  \"" + needed + "\",\n]")) << e.err;
  EXPECT_THAT(grants, HasSubstr("\"state.write\" = [\n  \"in/b\",\n]"));
  EXPECT_THAT(grants, HasSubstr("not granted: file.read:/etc/shadow"));
  EXPECT_THAT(grants, Not(HasSubstr("/usr/bin/env")));
  EXPECT_THAT(grants, Not(HasSubstr("absent")));
  EXPECT_NE(p.run({"state", "get", "in/b"}).status, 0);
}

// A process is told nothing by a denial where it sees nothing; `why` says how to find out.
TEST_F(Programs, WhyTellsWhereToLook) {
  EXPECT_EQ(p.run({"run", "--id", "blind", "--", "cat", p.file("needed", "x")}).status, 1);
  EXPECT_THAT(p.run({"why", "blind"}).out, HasSubstr("`writ learn -- COMMAND` lists what it looked for"));
  EXPECT_EQ(p.run({"run", "--id", "content", "--", "true"}).status, 0);
  EXPECT_THAT(p.run({"why", "content"}).out, Not(HasSubstr("writ learn")));
}

// Of ten thousand files a thousand change; names change their case alone, a file becomes a folder and a folder a file.
TEST_F(Programs, TenThousandFiles) {
  for (int folder = 0; folder < 100; ++folder) {
    const auto path = dir() + "/d" + std::to_string(folder);
    fs::create_directory(path);
    for (int file = 0; file < 100; ++file) std::ofstream(path + "/f" + std::to_string(file)) << folder << ' ' << file << '\n';
  }
  const auto before = picture_of(dir());
  ASSERT_EQ(before.size(), 10'100u);
  const Ended e = in_workspace({"sh", "-c",
                                "set -e; cd " + dir() + "; for d in d1 d2 d3 d4 d5 d6 d7 d8 d9; do for f in $d/*; do echo more >> $f; done; done; "
                                "for f in d10/*; do mv $f d10/F${f#d10/f}; done; rm -r d11; rm d12/f1; mkdir d12/f1; echo in > d12/f1/x; "
                                "rm -r d13; echo file > d13"});
  ASSERT_EQ(e.status, 0) << e.err;
  auto expected = before;
  for (int file = 0; file < 100; ++file) {
    const auto name = std::to_string(file);
    for (int folder = 1; folder < 10; ++folder) expected["d" + std::to_string(folder) + "/f" + name] += "more\n";
    expected["d10/F" + name] = before.at("d10/f" + name);
    for (const auto* gone : {"d10/f", "d11/f", "d13/f"}) expected.erase(gone + name);
  }
  expected.erase("d11");
  expected["d12/f1"] = "/";
  expected["d12/f1/x"] = "  in\n";
  expected["d13"] = "  file\n";
  EXPECT_EQ(picture_of(dir()), expected);
  EXPECT_EQ(p.run({"undo", "@"}).status, 0);
  EXPECT_EQ(picture_of(dir()), before);
}

TEST_F(Programs, StateIsAFolder) {
  p.write_object("in/a", "one");
  p.write_object("in/b", "two");
  p.write_object("secret", "hush");
  const Ended e = p.run({"run", "--id", "states", "--grant", "state.read:in/", "--grant", "state.write:out/", "--", "sh", "-c",
                         "cd /state; find . -type f | sort; mkdir out; cat in/a in/b > out/c; rm in/a; echo x > other; echo $WRIT_STATE"});
  EXPECT_EQ(e.status, 0) << e.err;
  EXPECT_EQ(e.out, "./in/a\n./in/b\n/state\n");
  EXPECT_EQ(p.run({"state", "get", "out/c"}).out, "onetwo");
  EXPECT_EQ(p.run({"state", "get", "in/a"}).out, "one");
  EXPECT_NE(p.run({"state", "get", "other"}).status, 0);
  const Ended why = p.run({"why", "states"});
  EXPECT_THAT(why.out, HasSubstr("state.write in/a"));
  EXPECT_THAT(why.out, HasSubstr("state.write other"));
  EXPECT_EQ(p.run({"run", "--grant", "state.write:out/", "--", "sh", "-c", "echo no > /state/out; exit 1"}).status, 1);
  EXPECT_EQ(p.run({"audit"}).status, 0);
}

}  // namespace
}  // namespace writ::cli_test
