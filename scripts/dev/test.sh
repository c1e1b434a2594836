# ./dev test and ./dev check.
#
# `test` builds and tests, in this order: the release build; the programs named below under the address and
# undefined-behaviour sanitizers; what has threads of ours under the thread sanitizer; all that ships read by clang for its
# thread-safety analysis; every test on the release build; where the CPU has no protection keys, the tests labelled `keys` once
# more in an emulated machine that has them. `check` adds all programs under the sanitizers, the models at full length, and clang-tidy.
#
# The last lines are ctest's own summary of the release build. What could not run here is listed just before it: tests that
# skipped (with their reason) and tests that a sanitizer cannot run (label no-asan, no-tsan, or left out by their
# CMakeLists.txt). Where the CPU has protection keys, a skipped key test is a failure.

FAILED=""
part() { "$@" || { FAILED="$FAILED ${2:-$1}"; return 1; }; }

# The programs whose tests have several threads of ours in them: all that the thread sanitizer is built for.
# Of fault_store_test not those that fail each operation in turn: they have one thread, and take minutes.
THREADED="writ_store_test fault_store_test writ_runtime_test writ_executor_test writ_guest_wasm_test writ_fence_test"

build_threaded() {
  # shellcheck disable=SC2086
  cmake --preset tsan && cmake --build --preset tsan --target $THREADED -- -j "$JOBS"
}

threaded_tests() {
  ctest --test-dir build/tsan -R "^(${THREADED// /|})[.]" -E '^fault_store_test[.](EveryOperation|Damage|LongFiles)[.]' -LE no-tsan -j "$JOBS" --output-on-failure --no-tests=error --timeout 900
}

# The programs that the address and undefined-behaviour sanitizers are built for in `test`; `check` builds and runs all.
SANITIZED="writ_base_test writ_wire_test writ_effect_test writ_authority_test writ_authority_policy_test writ_actor_test
writ_gate_test writ_store_test fault_store_test writ_proof_merkle_test writ_proof_verify_test writ_proof_test models_merkle
conformance_wire conformance_merkle writ_executor_test writ_task_test writ_runtime_test writ_guest_wasm_test
writ_fence_test writ_memory_test writ_verify_program_test writ_workspace_test writ_supervise_test"
SANITIZED=$(echo $SANITIZED)

build_sanitized() {
  # shellcheck disable=SC2086
  cmake --preset asan && cmake --build --preset asan --target $SANITIZED -- -j "$JOBS"
}

sanitized_tests() {
  ctest --test-dir build/asan -R "^(${SANITIZED// /|})[.]" -LE no-asan -j "$JOBS" --output-on-failure --no-tests=error --timeout 900
}

# Each skipped test with the first line of its reason, from ctest's own record.
skipped_tests() {  # skipped_tests PRESET
  awk '/^[0-9]+\/[0-9]+ Testing: / { name = $3; reason = 0; next }
       /: Skipped$/ { reason = 1; next }
       reason && NF { print name ": " $0; reason = 0 }' "build/$1/Testing/Temporary/LastTest.log"
}

test_names() { ctest --test-dir "build/$1" -N "${@:2}" 2>/dev/null | awk '/^ +Test +#/ { sub(/^ +Test +#[0-9]+: /, ""); print }' | sort; }

# Of many tests that were skipped for one reason, the first is named.
by_reason() {
  awk '{ name = $0; sub(/: .*/, "", name); reason = substr($0, length(name) + 3)
         if (!(reason in first)) { first[reason] = name; order[++n] = reason } else more[reason]++ }
       END { for (i = 1; i <= n; i++) { r = order[i]
               print "  - skipped: " first[r] (more[r] ? " and " more[r] " more" : "") ": " r } }'
}

# What the release build tests and a sanitizer's run does not: "COUNT PROGRAM" lines. The law of rooms, the programs that
# must not compile and the installed package are the same in every preset.
excluded_tests() {
  comm -23 <(test_names release -E '^(rooms|refuse|install|bench)[.]') <(test_names "$1" -LE "no-$1") |
    sed 's/[.].*//' | uniq -c
}

machine_has_keys() { grep -qw ospke /proc/cpuinfo; }

key_tests_skipped() {
  local labelled; labelled=$(ctest --test-dir build/release -N -L keys 2>/dev/null | awk '/^ +Test +#/ { print $3 }')
  skipped_tests release | cut -d: -f1 | while read -r name; do
    case $'\n'"$labelled"$'\n' in *$'\n'"$name"$'\n'*) echo "$name" ;; esac
  done
}

# The tests labelled keys, on emulated keys, where this CPU has none. EMULATED says how it stands: empty (it has them), yes,
# or the reason why not. Every module at hand on both tiers is left out: it takes as long there as all the rest. What fails is tried
# once more: about once in fifty runs of the hostile images QEMU 7.2 makes an access of theirs as the kernel's, at an address cut to
# 32 bits, which the emulated kernel takes for its own error and ends the process for (CAVEATS.md).
EMULATED=""
emulated_tests() {
  scripts/emulate.sh ctest --test-dir build/release -L keys -E '[.]Tiers[.]GiveTheSame$' -j 2 --repeat until-pass:2 --output-on-failure --no-tests=error --timeout 900
  case $? in
    0) EMULATED=yes ;;
    69) EMULATED="no emulated machine could be made (build/log/test-keys-emulated.log)" ;;
    *) EMULATED=yes; return 1 ;;
  esac
}

key_tests() {
  machine_has_keys && return 0
  # shellcheck disable=SC2046
  if quietly setup-emulated install_packages $(wanted_packages emulated | awk '$2 != "-" { print $1 }' | missing_packages); then
    part quietly test-keys-emulated emulated_tests
  else
    EMULATED="the packages of the emulated machine could not be installed"
  fi
}

not_covered() {
  local skipped; skipped=$(skipped_tests release)
  say ""
  say "Not covered by this run:"
  if machine_has_keys; then :
  elif [ "$EMULATED" = yes ]; then say "  - the key fence on silicon: this CPU has no protection keys, an emulated one was used"
  else say "  - the key fence: this CPU has no protection keys (no ospke in /proc/cpuinfo); ${EMULATED:-no emulated one was used}"; fi
  [ -d ../shared/conformance ] || [ -n "${WRIT_CONFORMANCE:-}" ] ||
    say "  - other people's conformance vectors: ../shared/conformance is not here and WRIT_CONFORMANCE is not set"
  [ -z "$skipped" ] || printf '%s\n' "$skipped" | by_reason
  if [ -f build/asan/CTestTestfile.cmake ]; then
    excluded_tests asan | awk '{ text = text (text == "" ? "" : ", ") $2 " (" $1 ")" }
                               END { if (text != "") print "  - under asan, for the reasons in CONVENTIONS.md: " text }'
  fi
  say "  - under asan and ubsan: every program but $SANITIZED (./dev check runs all)"
  [ ! -f build/tsan/CTestTestfile.cmake ] || say "  - under tsan: every program but $THREADED"
  say "  - full-size benchmarks (./dev bench), long tests (./dev soak), clang-tidy (./dev check)"
}

# Every test on the release build. ctest's lines appear as they come; its summary waits for what was not covered.
release_tests() {
  local log=$LOG/test-release.log status
  mkdir -p "$LOG"
  ctest --test-dir build/release -j "$JOBS" --output-on-failure --no-tests=error --timeout 900 2>&1 </dev/null |
    tee "$log" | awk '/^[0-9]+% tests passed/ { summary = 1 } !summary { print; fflush() }'
  status=${PIPESTATUS[0]}
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
      part quietly build-asan build_sanitized && part quietly test-asan sanitized_tests
      part quietly build-tsan build_threaded && part quietly test-tsan threaded_tests
      part quietly read-by-clang build_preset clang ;;
    release) say "sanitizers, clang, keys     left out (WRIT_PARTS=release)" ;;
    *) fail 64 "unknown WRIT_PARTS: $WRIT_PARTS" "all or release" ;;
  esac
  say "test-release"
  release_tests || FAILED="$FAILED test-release"
  [ "${WRIT_PARTS:-all}" = release ] || key_tests  # last: the images that they need have been compiled by then
  require_keys || FAILED="$FAILED require-keys"
  not_covered
  say ""
  say "The whole took $(elapsed "$STARTED")."
  [ -z "$FAILED" ] || say "FAILED:$FAILED (logs under build/log)"
  say ""
  printf '%s\n' "$SUMMARY"
  [ -z "$FAILED" ]
}

# clang-tidy wants the compiler's own command line, without what makes empty objects of it.
tidy() {
  mkdir -p build/tidy
  sed 's/ && [^"]*cmake[^"]* -E touch [^"]*"/"/; s/ -fsyntax-only / /' build/clang/compile_commands.json >build/tidy/compile_commands.json
  git ls-files 'src/*.cc' 'apps/*.cc' 2>/dev/null | grep -v '_test[.]cc$\|_bench[.]cc$\|_fuzz[.]cc$' |
    xargs -r -P "$JOBS" -n 4 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*'
}

# The protocols in all their states (SPIN), and the random models at full length.
models() { WRIT_SOAK=1 ctest --test-dir build/release --output-on-failure --no-tests=error -R '^models[._]'; }

do_check() {
  case $1 in
    "") ;;
    --models)
      do_build release
      quietly models models || fail 1 "a model does not hold" "log: build/log/models.log"
      return ;;
    *) fail 64 "unknown word: $1" "./dev check, or ./dev check --models" ;;
  esac
  do_test || fail 1 "./dev test fails" "its last lines say what"
  quietly build-asan-all build_preset asan || fail 1 "the asan build failed" "log: build/log/build-asan-all.log"
  quietly test-asan-all ctest --test-dir build/asan -LE no-asan -j "$JOBS" --output-on-failure --no-tests=error --timeout 900 ||
    fail 1 "a sanitizer found something" "log: build/log/test-asan-all.log"
  quietly models models || fail 1 "a model does not hold" "log: build/log/models.log"
  quietly tidy tidy || fail 1 "clang-tidy found something" "log: build/log/tidy.log"
}
