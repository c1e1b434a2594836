#!/usr/bin/env bash
# session.sh FILE BIN SOURCE: runs the ```console blocks of FILE one after the other, as a reader would: lines that begin
# with "$ " are typed into one shell (with BIN on the PATH, in a new folder, with a new home), and what they print, standard
# error included, has to be what stands below them. In expected lines "..." stands for anything within the line, and a line
# that is only "..." for any lines. A command that prints "exit N" below itself has to end with N; others have to end with 0.
set -u
file=$1 bin=$2 source=$3
place=$(mktemp -d) || exit 70
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/home" "$place/here"
export HOME=$place/home PATH=$bin:$PATH LC_ALL=C.UTF-8 NO_COLOR=1 WRIT_SOURCE=$source
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME WRIT_STORE
cd "$place/here" || exit 70

failures=0 commands=0
quoted() {  # an expected line as a bash pattern: everything literal, but "..."
  local text=$1 out="" piece
  while [ -n "$text" ]; do
    case $text in
      *...*) piece=${text%%...*}; out+=$(printf '%q' "$piece")'*'; [ -n "$piece" ] || out=${out/#\'\'/}; text=${text#*...} ;;
      *) out+=$(printf '%q' "$text"); text="" ;;
    esac
  done
  printf '%s' "$out"
}

matches() {  # matches EXPECTED_FILE ACTUAL_FILE
  local -a want got; mapfile -t want <"$1"; mapfile -t got <"$2"
  local i=0 j=0
  while [ $i -lt ${#want[@]} ]; do
    if [ "${want[i]}" = "..." ]; then
      i=$((i + 1))
      [ $i -lt ${#want[@]} ] || return 0
      local pattern; pattern=$(quoted "${want[i]}")
      while [ $j -lt ${#got[@]} ]; do eval "case \${got[j]} in $pattern) break ;; esac"; j=$((j + 1)); done
    else
      [ $j -lt ${#got[@]} ] || return 1
      local form; form=$(quoted "${want[i]}")
      eval "case \${got[j]} in ${form:-\'\'}) ;; *) return 1 ;; esac"
      i=$((i + 1)); j=$((j + 1))
    fi
  done
  [ $j -eq ${#got[@]} ]
}

check() {  # runs the pending command and compares
  [ -n "$command" ] || return 0
  local want_status=0 status
  case $(tail -n 1 "$place/want") in "exit "*) want_status=$(tail -n 1 "$place/want" | cut -d' ' -f2); sed -i '$d' "$place/want" ;; esac
  commands=$((commands + 1))
  eval "$command" >"$place/got" 2>&1 </dev/null
  status=$?
  if [ "$status" -ne "$want_status" ] || ! matches "$place/want" "$place/got"; then
    failures=$((failures + 1))
    printf '%s: $ %s\n--- expected (exit %s)\n%s\n--- printed (exit %s)\n%s\n\n' "$file" "$command" "$want_status" \
      "$(cat "$place/want")" "$status" "$(cat "$place/got")"
  fi
}

command="" inside=no
while IFS= read -r line || [ -n "$line" ]; do
  if [ "$inside" = no ]; then
    case $line in '```console'*) inside=yes; command=""; : >"$place/want" ;; esac
  else
    case $line in
      '```') check; inside=no; command="" ;;
      '$ '*) check; command=${line#'$ '}; : >"$place/want" ;;
      *) if [ -n "$command" ]; then case $command in *'\') command="${command%'\'}$line" ;; *) printf '%s\n' "$line" >>"$place/want" ;; esac; fi ;;
    esac
  fi
done <"$file"
printf '%s commands of %s, %s wrong\n' "$commands" "$file" "$failures"
[ "$commands" -gt 0 ] && [ "$failures" -eq 0 ]
