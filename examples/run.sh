#!/usr/bin/env bash
# The main job on real input, as `./dev run` shows it: a program that is granted one folder and one part of the state builds
# an index and commits it; its receipt is verified by a program that has nothing but the receipt; then its hostile twin
# tries what it was not granted, and nothing of it stays. Every line after a `$` is a command that you can type.
# Ends with 1 as soon as something is not as it should be.
set -u

PATH=${PATH:-/usr/bin:/bin}:$(cd "$(dirname "$0")/.." && pwd)/build/release/bin
WRIT=$(command -v writ) || { echo "examples/run.sh: no writ in PATH; build it with ./dev build" >&2; exit 69; }
EXAMPLES=$(cd "$(dirname "$WRIT")/../examples" && pwd) || exit 69
LICENSES=/usr/share/common-licenses

# A place of its own: a store, keys and configuration that are gone afterwards.
PLACE=$(mktemp -d) || exit 69
trap 'rm -rf "$PLACE"' EXIT
export XDG_CONFIG_HOME=$PLACE/config XDG_DATA_HOME=$PLACE/data
unset WRIT_STORE
cp "$EXAMPLES/index.wasm" "$EXAMPLES/hostile.wasm" "$PLACE" && cd "$PLACE" || exit 69

say() { printf '\n== %s\n' "$*"; }
# expect STATUS COMMAND: shows the command, runs it, and compares how it ended.
expect() {
  local wanted=$1 status
  printf '\n$ %s\n' "$2"
  bash -c "$2" 2>&1
  status=$?
  [ "$status" -eq "$wanted" ] && return
  printf 'examples/run.sh: this ended with %s instead of %s\n' "$status" "$wanted" >&2
  exit 1
}
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
expect 1 "set -o pipefail; writ-verify --key \"\$(cat key)\" forged.receipt | cut -c1-130"

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
