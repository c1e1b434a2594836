#!/usr/bin/env python3
"""loop.py REPOSITORY: an agent's loop over a Python repository whose tests fail.

Each attempt is a task: an edit and the tests, in a layer over the repository and out of everybody's reach. A red one leaves
nothing behind. A green one waits, is shown as a diff, and is committed as exactly what was shown. Ends with 0 if it
was committed, with 1 if no attempt was green.
"""
import itertools
import json
import os
import pathlib
import subprocess
import sys

ATTEMPT = pathlib.Path(__file__).resolve().with_name("attempt.py")


def writ(*words):
    ended = subprocess.run(["writ", "-q", "--json", *words], stdout=subprocess.PIPE, text=True)
    report = json.loads(ended.stdout)
    if report["schema"] == "writ.error/1":
        sys.exit(f"loop.py: writ {words[0]}: {ended.stdout.strip()}")
    return report


def main(repository):
    os.chdir(repository)  # a task begins in the caller's folder
    for number in itertools.count():
        task = writ("run", "--stage", "--workspace", ".", "--limit", "time=20s", ATTEMPT, str(number))
        if task["state"] == "staged":
            break
        if task["exit_code"] == 2:
            print("no edit is left to try; the repository is as it was")
            return 1
        print(f"red:   {task['stdout'].strip()}: discarded", flush=True)
    print(f"green: {task['stdout'].strip()}: staged", flush=True)
    subprocess.run(["writ", "diff", task["task"]], check=True)
    committed = writ("commit", f"{task['task']}@{task['changes']}")
    print(f"committed; writ undo {committed['task'][:8]} takes it back")
    return 0


sys.exit(main(sys.argv[1]))
