#!/usr/bin/env bash
# The main job on real input, as `./dev run` shows it: a program that is granted one folder and one part of the state builds
# an index and commits it; its receipt is verified by a program that has nothing but the receipt; then its hostile twin
# tries what it was not granted, and nothing of it stays.
. "$(dirname "$0")/session.sh"
PROGRAMS=$(cd "$(dirname "$WRIT")/../examples" && pwd) || exit 69
LICENSES=/usr/share/common-licenses
cp "$PROGRAMS/index.wasm" "$PROGRAMS/hostile.wasm" . || exit 69

state_root() { writ audit | sed -n 's/.*state root //p'; }

say "A store, with its own signing key."
expect 0 "writ init"

say "The job: read the license texts of this machine, write an index below index/. That is all it is granted."
expect 0 "writ run --grant file.read:$LICENSES/ --grant state.write:index/ --receipt index.receipt index.wasm $LICENSES /state/index"

say "What it did: every effect is on record, and all its objects came with one commit."
expect 0 "writ show @ | cut -c1-110 | sed -n '1,16p;\$p'"
expect 0 "writ state ls | head -6; writ state ls | wc -l"
expect 0 "writ state get index/stats.json | cut -c1-120 | head -2"

say "The receipt proves it to anyone who knows the key: no store, no network, another program."
expect 0 "writ log key > key"
expect 0 "mkdir elsewhere && cp index.receipt elsewhere && cd elsewhere && writ-verify --key \"\$(cat ../key)\" index.receipt | cut -c1-130"
expect 0 "sed s/completed/Completed/ index.receipt > forged.receipt"
expect 1 "writ-verify --key \"\$(cat key)\" forged.receipt | cut -c1-130"

BEFORE=$(state_root)
say "The same job's hostile twin. First it overwrites what it may write, then it goes for the passwords."
expect 1 "writ run --grant file.read:$LICENSES/ --grant state.write:index/ hostile.wasm passwd"
expect 0 "writ why @"

say "It writes outside of its memory."
expect 125 "writ run --grant state.write:index/ hostile.wasm memory"
expect 0 "writ why @"

say "It calls itself for ever."
expect 125 "writ run --grant state.write:index/ hostile.wasm recurse"
expect 0 "writ why @"

say "It loops for ever."
expect 124 "writ run --limit time=1s --grant state.write:index/ hostile.wasm loop"
expect 0 "writ why @"

say "Nothing of that is left: the state is what the index committed, and every task has its receipt."
expect 0 "writ tasks"
expect 0 "writ audit"
[ -n "$BEFORE" ] && [ "$(state_root)" = "$BEFORE" ] || { echo "examples/run.sh: the state moved" >&2; exit 1; }
printf '\nThe state root before and after: %s\n' "$BEFORE"
