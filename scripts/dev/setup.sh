# ./dev setup: the Debian packages of packages.txt that are not here yet.

wanted_packages() {  # wanted_packages SECTION: "name version" lines; the first section has no name
  awk -v want="$1" '/^\[/ { section = substr($0, 2, length($0) - 2); next }
                    !/^#/ && NF && section == want { print $1, $2 }' packages.txt
}

missing_packages() {  # reads "name version" lines, prints the names that are not installed
  local name version
  while read -r name version; do  # shellcheck disable=SC2034
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
  done
}

# What is here in another version than the one Writ was made with: said, not refused.
note_other_versions() {
  local name wanted version other=""
  while read -r name wanted; do
    version=$(dpkg-query -W -f='${Version}' "$name" 2>/dev/null)
    case $version in ""|"$wanted"*) ;; *) other="$other $name $version (made with $wanted);" ;; esac
  done
  [ -z "$other" ] || say "note                        other versions:${other%;}"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif [ -t 0 ]; then sudo "$@"
  else sudo -n "$@"; fi
}

install_packages() {
  [ $# -gt 0 ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 update ||
    echo "the package lists could not be brought up to date; trying with those that are here"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold \
    install --no-install-recommends "$@"
}

check_distribution() {
  local id="" version=""
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release; echo "${ID:-}")
    version=$(. /etc/os-release; echo "${VERSION_ID:-}")
  fi
  [ "$id" = debian ] && [ "$version" = 12 ] && command -v apt-get >/dev/null && return
  fail 69 "packages are installed by name on Debian 12 only; this is ${id:-an unknown system} ${version}" \
    "install what packages.txt lists, or run this on Debian 12 (a container does); WRIT_SETUP=skip goes on without"
}

do_setup() {  # do_setup [--embedded]
  local missing sections="" section
  case ${1:-} in
    "") ;;
    --embedded) sections=embedded ;;
    *) fail 64 "unknown option of ./dev setup: $1" "there is --embedded" ;;
  esac
  if [ "${WRIT_SETUP:-}" = skip ]; then say "setup                       skipped (WRIT_SETUP=skip)"; return; fi
  check_distribution
  missing=$(for section in "" $sections; do wanted_packages "$section"; done | missing_packages)
  if [ -z "$missing" ]; then say "setup                       ok: every package is here"; after_setup; return; fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail 77 "packages are missing and neither root nor sudo is at hand" "as root: apt-get install "$missing
  fi
  say "setup                       installing" $missing
  # shellcheck disable=SC2086
  if ! quietly setup install_packages $missing; then
    if grep -q 'sudo: a password is required\|sudo: a terminal is required' "$LOG/setup.log"; then
      fail 77 "sudo wants a password and there is no terminal to ask on" "run this on a terminal, or as root"
    elif grep -qiE 'could not resolve|failed to fetch|unable to connect|temporary failure' "$LOG/setup.log"; then
      fail 69 "the Debian archive cannot be reached" "check the network and /etc/apt/sources.list*; log: build/log/setup.log"
    elif grep -q 'Unable to locate package' "$LOG/setup.log"; then
      fail 69 "$(grep -m1 -o 'Unable to locate package.*' "$LOG/setup.log")" "does /etc/apt/sources.list* name bookworm main?"
    fi
    fail 69 "packages could not be installed" "log: build/log/setup.log"
  fi
  after_setup
}

# After `sudo ./dev`, what was built belongs to the owner of the checkout, so that the next ./dev without sudo works.
after_setup() {
  wanted_packages "" | note_other_versions
  if [ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" != 0 ] && [ "$(stat -c %u .)" = "$SUDO_UID" ]; then
    mkdir -p build
    trap 'chown -R "$SUDO_UID:${SUDO_GID:-0}" "$ROOT/build" 2>/dev/null' EXIT
  fi
}
