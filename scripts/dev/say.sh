# How ./dev talks: one line for each thing it does, a log file for what it printed, the end of that log on failure.

JOBS=${WRIT_JOBS:-$(nproc)}
STARTED=$SECONDS

say() { printf '%s\n' "$*"; }

fail() {  # fail STATUS WHAT [HINT]
  printf 'dev: %s\n' "$2" >&2
  [ -n "${3:-}" ] && printf '     %s\n' "$3" >&2
  exit "$1"
}

elapsed() { local s=$((SECONDS - $1)); printf '%d:%02d' $((s / 60)) $((s % 60)); }

# quietly NAME COMMAND...: one line; what it prints goes to build/log/NAME.log. On failure the end of the log is shown
# and the status is the command's. A dot a minute says that it is still at work.
quietly() {
  local name=$1 start=$SECONDS status dots
  shift
  mkdir -p "$LOG" 2>/dev/null || fail 70 "cannot write to $LOG" "is build/ owned by somebody else? remove it"
  printf '%-28s' "$name"
  while sleep 60 </dev/null >/dev/null 2>&1; do printf .; done &
  dots=$!
  "$@" >"$LOG/$name.log" 2>&1 </dev/null
  status=$?
  { kill "$dots" && wait "$dots"; } 2>/dev/null
  if [ $status -eq 0 ]; then
    printf 'ok %s\n' "$(elapsed $start)"
  else
    printf 'FAILED %s\n' "$(elapsed $start)"
    printf -- '--- the end of build/log/%s.log\n' "$name" >&2
    tail -n "${WRIT_TAIL:-40}" "$LOG/$name.log" >&2
    printf -- '---\n' >&2
  fi
  return $status
}
