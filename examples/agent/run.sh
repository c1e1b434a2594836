#!/usr/bin/env bash
# A coding agent's loop over a Python repository with a failing test: every attempt is a task that edits and tests in a
# layer of its own; what is red leaves nothing, what is green is shown and committed, and can be taken back.
. "$(dirname "$0")/../session.sh"

say "A repository with a failing test, and a store beside it."
expect 0 "writ init"
cp -r "$EXAMPLES/agent/repository" . && cd repository || exit 69
expect 1 "python3 -B -m unittest -q 2>&1 | tail -n 4"

say "The loop. Each attempt sees the repository, writes to a layer over it, has no network and 20 seconds."
expect 0 "python3 $EXAMPLES/agent/loop.py ."

say "What was shown is what was committed: one line, and nothing beside it. The tests pass outside of the task too."
expect 1 "diff -r $EXAMPLES/agent/repository ."
expect 0 "python3 -B -m unittest -q"
expect 0 "writ tasks"
expect 0 "writ audit | tail -n 1"

say "It can be taken back."
expect 0 "writ undo @"
expect 0 "diff -r $EXAMPLES/agent/repository ."

say "With a test that no small edit satisfies the repository stays as it is."
expect 0 "sed -i 's/(1, 5)\\]/(1, 6)]/' test_intervals.py && cp -r . ../before"
expect 1 "python3 $EXAMPLES/agent/loop.py . | tail -n 1"
expect 0 "diff -r ../before ."
