# ./dev test and ./dev check.
#
# `test` runs, in this order: the release build; the address and undefined-behaviour sanitizers; the thread sanitizer;
# clang's thread-safety build; then every test on the release build, with ctest's own summary as the last lines.
# What could not run here is listed just before that summary: tests that skipped (with their reason) and tests that a
# sanitizer cannot run (label no-asan, no-tsan). Where the CPU has protection keys, a skipped key test is a failure.

FAILED=""
part() { "$@" || { FAILED="$FAILED ${2:-$1}"; return 1; }; }

# The sanitizer run: everything but the tests that cannot run under it.
sanitized_tests() {  # sanitized_tests PRESET
  ctest --test-dir "build/$1" -LE "no-$1" -j "$JOBS" --output-on-failure --no-tests=error --timeout 900
}

# Each skipped test with the first line of its reason, from ctest's own record.
skipped_tests() {  # skipped_tests PRESET
  awk '/^[0-9]+\/[0-9]+ Testing: / { name = $3; reason = 0; next }
       /: Skipped$/ { reason = 1; next }
       reason && NF { print name ": " $0; reason = 0 }' "build/$1/Testing/Temporary/LastTest.log"
}

excluded_tests() {  # excluded_tests PRESET
  ctest --test-dir "build/$1" -N -L "no-$1" 2>/dev/null | awk '/^ +Test +#/ { print $3 }'
}

machine_has_keys() { grep -qw ospke /proc/cpuinfo; }

# Names of tests that need protection keys: by label, and by name where a test says so itself.
key_tests_skipped() {
  local labelled; labelled=$(ctest --test-dir build/release -N -L '^keys$' 2>/dev/null | awk '/^ +Test +#/ { print $3 }')
  skipped_tests release | cut -d: -f1 | while read -r name; do
    case $'\n'"$labelled"$'\n' in *$'\n'"$name"$'\n'*) echo "$name"; continue ;; esac
    case $name in *PkuKey*|*Pkey*|*KeyFence*|*ProtectionKey*) echo "$name" ;; esac
  done
}

not_covered() {
  local skipped; skipped=$(skipped_tests release)
  say ""
  say "Not covered by this run:"
  machine_has_keys || say "  - the key fence on this CPU: it has no protection keys (no ospke in /proc/cpuinfo)"
  [ -d ../shared/conformance ] || [ -n "${WRIT_CONFORMANCE:-}" ] ||
    say "  - other people's conformance vectors: ../shared/conformance is not here and WRIT_CONFORMANCE is not set"
  [ -z "$skipped" ] || printf '%s\n' "$skipped" | sed 's/^/  - skipped: /'
  for preset in asan tsan; do
    if [ -f "build/$preset/CTestTestfile.cmake" ]; then
      excluded_tests "$preset" | sed "s/[.].*//" | sort | uniq -c |
        awk -v p="$preset" '{ print "  - under " p ": " $1 " tests of " $2 " (label no-" p "; CONVENTIONS.md says why)" }'
    fi
  done
  say "  - full-size benchmarks (./dev bench), long tests (./dev soak), clang-tidy (./dev check)"
}

# Every test on the release build. ctest's lines appear as they come; its summary waits for what was not covered.
release_tests() {
  local log=$LOG/test-release.log status
  mkdir -p "$LOG"
  ctest --test-dir build/release -j "$JOBS" --output-on-failure --no-tests=error --timeout 900 2>&1 </dev/null |
    tee "$log" | awk '/^[0-9]+% tests passed/ { summary = 1 } !summary { print; fflush() }'
  status=${PIPESTATUS[0]}
  not_covered
  SUMMARY=$(awk '/^[0-9]+% tests passed/ { summary = 1 } summary' "$log")
  return "$status"
}

require_keys() {
  local names
  if [ -n "${WRIT_REQUIRE_KEYS:-}" ] && ! machine_has_keys; then
    say "dev: WRIT_REQUIRE_KEYS is set and this CPU has no protection keys" >&2
    return 1
  fi
  machine_has_keys || return 0
  names=$(key_tests_skipped)
  [ -z "$names" ] && return 0
  say "dev: this CPU has protection keys, yet tests that need them were skipped:" $names >&2
  return 1
}

do_test() {
  do_build release
  case ${WRIT_PARTS:-all} in
    all)
      part quietly build-asan build_preset asan && part quietly test-asan sanitized_tests asan
      part quietly build-tsan build_preset tsan && part quietly test-tsan sanitized_tests tsan
      part quietly build-clang build_preset clang ;;
    release) say "sanitizers and clang           left out (WRIT_PARTS=release)" ;;
    *) fail 64 "unknown WRIT_PARTS: $WRIT_PARTS" "all or release" ;;
  esac
  say "test-release"
  release_tests || FAILED="$FAILED test-release"
  require_keys || FAILED="$FAILED require-keys"
  say ""
  say "The whole took $(elapsed "$STARTED")."
  [ -z "$FAILED" ] || say "FAILED:$FAILED (logs under build/log)"
  say ""
  printf '%s\n' "$SUMMARY"
  [ -z "$FAILED" ]
}

tidy() {
  git ls-files 'src/*.cc' 'apps/*.cc' 2>/dev/null | grep -v '_test[.]cc$\|_bench[.]cc$\|_fuzz[.]cc$' |
    xargs -r -P "$JOBS" -n 4 clang-tidy-19 -p build/clang --quiet --warnings-as-errors='*'
}

do_check() {
  do_build clang
  quietly tidy tidy || fail 1 "clang-tidy found something" "log: build/log/tidy.log"
  do_build release
  quietly house ctest --test-dir build/release -R '^(rooms|refuse)' --output-on-failure --no-tests=error ||
    fail 1 "the law of rooms is broken" "log: build/log/house.log"
}
