#!/usr/bin/env python3
"""inside.py [ROUNDS]: what work costs inside a task, against the same work outside.

A small C project built by make, a Python test suite, and git status in a tree of 10,000 files. Each command runs in its folder
outside, and as `writ run --workspace . -- COMMAND` with its commit and receipt, in turns; medians of the wall time, and their
ratio (goal: at most 1.05). Beside them the same for a command that does nothing, which is what the start and the end cost.
And what a staged task of ten changed files keeps on the disk, against the bytes that it changed (goal: twice that and 64 KiB).
`writ` is taken from build/release/bin.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WRIT = ROOT / "build/release/bin/writ"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def c_project(folder):
    for i in range(24):
        body = "".join(f"int f{i}_{n}(int x) {{ for (int k = 0; k < x; ++k) x ^= k * {n + 1}; return x; }}\n" for n in range(60))
        (folder / f"part{i}.c").write_text("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" + body)
    (folder / "main.c").write_text("int f0_0(int);\nint main(void) { return f0_0(1) & 1; }\n")
    objects = " ".join(f"part{i}.o" for i in range(24)) + " main.o"
    (folder / "Makefile").write_text(f"CFLAGS = -O2\nprogram: {objects}\n\t$(CC) -o $@ $^\nclean:\n\trm -f program *.o\n")
    return "make -s clean && make -s -j2"


def test_suite(folder):
    for i in range(20):
        tests = "".join(f"    def test_{n}(self):\n        rows = [{{'n': k, 's': str(k)}} for k in range(400)]\n"
                        f"        self.assertEqual(json.loads(json.dumps(rows)), rows)\n" for n in range(20))
        (folder / f"test_part{i}.py").write_text(f"import json, unittest\n\nclass Part{i}(unittest.TestCase):\n{tests}")
    return "python3 -B -m unittest -q"


def git_tree(folder):
    for i in range(100):
        below = folder / f"folder{i}"
        below.mkdir()
        for n in range(100):
            (below / f"file{n}").write_text(f"{i} {n}\n")
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=folder, check=True, **QUIET)
    return "git status --short"


def nothing(_):
    return "true"


def timed(words, folder, environment):
    start = time.monotonic()
    subprocess.run(words, cwd=folder, env=environment, check=True, **QUIET)
    return time.monotonic() - start


def compare(make, place, environment, rounds):
    folder = place / make.__name__
    folder.mkdir()
    command = ["sh", "-c", make(folder)]
    inside = [WRIT, "run", "-q", "--workspace", ".", "--", *command]
    times = {"outside": [], "inside": []}
    for words in (command, inside):
        timed(words, folder, environment)  # once, so that all is cached
    for _ in range(rounds):
        times["outside"].append(timed(command, folder, environment))
        times["inside"].append(timed(inside, folder, environment))
    outside, within = (statistics.median(times[t]) * 1e3 for t in ("outside", "inside"))
    print(f"{make.__name__:12} outside {outside:8.1f} ms   inside {within:8.1f} ms   {within / outside:.3f}x", flush=True)


def bytes_below(folder):
    return sum(os.lstat(os.path.join(at, n)).st_blocks * 512 for at, _, names in os.walk(folder) for n in names)


def staged(place, environment):
    folder, store = place / "staged", place / "data/writ"
    folder.mkdir()
    changed = 10 * 100 * 1024
    write = "import os\nfor i in range(10): open(f'f{i}', 'wb').write(os.urandom(100 * 1024))"
    before = bytes_below(store)
    told = subprocess.run([WRIT, "run", "--json", "-q", "--stage", "--workspace", ".", "--", "python3", "-c", write],
                          cwd=folder, env=environment, check=True, stdout=subprocess.PIPE).stdout
    assert json.loads(told)["state"] == "staged"
    kept = bytes_below(store) - before
    print(f"staged       {changed / 1024:.0f} KiB changed   {kept / 1024:.0f} KiB kept   {(kept - 65536) / changed:.3f}x and 64 KiB")


def main(rounds):
    place = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build"))
    environment = {**os.environ, "XDG_CONFIG_HOME": str(place / "config"), "XDG_DATA_HOME": str(place / "data"),
                   "XDG_CACHE_HOME": str(place / "cache"), "WRIT_STORE": str(place / "data/writ")}
    try:
        subprocess.run([WRIT, "init", "--store", place / "data/writ"], env=environment, check=True, **QUIET)
        for make in (nothing, c_project, test_suite, git_tree):
            compare(make, place, environment, rounds)
        staged(place, environment)
    finally:
        shutil.rmtree(place)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
