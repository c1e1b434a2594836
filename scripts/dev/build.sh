# ./dev build, run and install: CMake presets, one folder each under build/.

# build_preset PRESET: configures when needed, then builds. A build folder that was made for another place is made anew.
build_preset() {
  local preset=$1 cache=build/$1/CMakeCache.txt
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$ROOT" "$cache"; then
    rm -rf "build/$preset"
  fi
  cmake --preset "$preset" && cmake --build --preset "$preset" -- -j "$JOBS"
}

do_build() {
  quietly "build-$1" build_preset "$1" || fail 1 "the $1 build failed" "log: build/log/build-$1.log"
}

do_run() {
  local script=examples/run.sh
  [ -x "$script" ] || fail 70 "$script is not here"
  PATH=$ROOT/build/release/bin:$PATH "$script"
}

do_install() {
  local prefix=$1
  case $prefix in /*) ;; *) prefix=$OLDPWD/$prefix ;; esac
  mkdir -p "$prefix" 2>/dev/null && [ -w "$prefix" ] ||
    fail 77 "cannot write to $prefix" "choose a PREFIX of your own, or run this as root"
  quietly install cmake --install build/release --prefix "$prefix" || fail 1 "installing to $prefix failed"
  say "installed to $prefix: bin/writ, bin/writ-verify, include/writ, lib/cmake/writ, share/writ"
}
