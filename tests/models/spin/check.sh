#!/usr/bin/env bash
# check.sh MODEL.pml [MUTATION]: runs SPIN over all states of the model. Without a mutation the property must hold; with
# one it must not, or the model would not notice the guard's absence. 77: SPIN is not here.
set -u
model=$1 mutation=${2:-}
command -v spin > /dev/null || { echo "spin is not installed: the model of $(basename "$model" .pml) is not checked"; exit 77; }
place=$(mktemp -d) || exit 70
trap 'rm -rf "$place"' EXIT
cp "$model" "$place/model.pml" && cd "$place" || exit 70
spin -a ${mutation:+-D$mutation} model.pml > spin.log 2>&1 && ${CC:-cc} -O1 -w -o pan pan.c 2> cc.log || { cat spin.log cc.log; exit 70; }
./pan -a -m100000 > pan.log 2>&1
errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.log)
complete=1
grep -q 'max search depth too small\|out of memory' pan.log && complete=0
sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1 states/p' pan.log
if [ -z "$mutation" ]; then
  [ "$errors" = 0 ] && [ "$complete" = 1 ] && exit 0
  echo "the property does not hold, or not all states were seen"; cat pan.log; exit 1
fi
[ -n "$errors" ] && [ "$errors" != 0 ] && exit 0
echo "without its guard ($mutation) the model still holds: it proves nothing"; cat pan.log; exit 1
