# ./dev bench, fuzz and soak: what takes as long as it is given.

programs() {  # programs SUFFIX NAME: the built programs that end in _SUFFIX and whose name contains NAME
  local found=0 program
  for program in build/"${3:-release}"/bin/*"_$1"; do
    [ -x "$program" ] || continue
    case ${program##*/} in *"$2"*) echo "$program"; found=1 ;; esac
  done
  [ $found -eq 1 ]
}

known_programs() { programs "$1" "" "${2:-release}" | sed 's,.*/,,' | tr '\n' ' '; }

do_bench() {
  local list program status=0
  list=$(programs bench "$1") || fail 64 "no benchmark is called $1" "there are: $(known_programs bench)"
  mkdir -p build/bench
  for program in $list; do
    say "== ${program##*/}"
    "$program" --benchmark_out="build/bench/${program##*/}.json" --benchmark_out_format=json || status=1
  done
  say "figures as JSON: build/bench/"
  return $status
}

do_fuzz() {
  local name=$1 seconds=$2 list corpus seeds
  case $seconds in ''|*[!0-9]*) fail 64 "SECONDS is a whole number, not: $seconds" ;; esac
  do_build fuzz
  list=$(programs fuzz "$name" fuzz) || fail 64 "no fuzzer is called $name" "there are: $(known_programs fuzz fuzz)"
  for program in $list; do
    seeds=$(seeds_of "${program##*/}") || return 70
    corpus=build/fuzz/corpus/${program##*/}
    mkdir -p "$corpus"
    say "== ${program##*/}, $seconds s, new inputs in $corpus"
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$corpus/" "$corpus" "$seeds" || return 1
  done
}

# The corpus that is committed beside a fuzzer; ordinary tests replay it. The fuzzer src/writ/a/b_fuzz.cc is writ_a_b_fuzz.
seeds_of() {
  local folder name
  for folder in $(find src apps tests -type d -name '*_corpus'); do
    name=writ_${folder#src/writ/}
    if [ "$(echo "${name%_corpus}_fuzz" | tr '/-' '__')" = "$1" ]; then echo "$folder"; return; fi
  done
  fail 70 "no corpus lies beside $1"
}

do_soak() {
  say "soak                        tests labelled soak, at full length"
  WRIT_SOAK=1 ctest --test-dir build/release -L soak -R "${1:-.}" --output-on-failure --no-tests=error --timeout 14400
}
