# Read by the scripts that show a session (run.sh here and in the folders): a place of their own with a store, keys and
# configuration that are gone afterwards, and every command shown before it runs. Every line after a `$` can be typed.
# A script ends with 1 as soon as something is not as it should be.
set -u

EXAMPLES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=${PATH:-/usr/bin:/bin}:$(dirname "$EXAMPLES")/build/release/bin
WRIT=$(command -v writ) || { echo "$0: no writ in PATH; build it with ./dev build" >&2; exit 69; }

PLACE=$(mktemp -d) || exit 69
trap 'rm -rf "$PLACE"' EXIT
export XDG_CONFIG_HOME=$PLACE/config XDG_DATA_HOME=$PLACE/data
unset WRIT_STORE
cd "$PLACE" || exit 69

say() { printf '\n== %s\n' "$*"; }
# expect STATUS COMMAND: shows the command, runs it, and compares how it ended.
expect() {
  local wanted=$1 status
  printf '\n$ %s\n' "$2"
  bash -c "set -o pipefail; $2" 2>&1
  status=$?
  [ "$status" -eq "$wanted" ] && return
  printf '%s: this ended with %s instead of %s\n' "$0" "$status" "$wanted" >&2
  exit 1
}
