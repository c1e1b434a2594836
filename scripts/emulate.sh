#!/usr/bin/env bash
# scripts/emulate.sh [--preset PRESET] COMMAND...
#
# Runs COMMAND in an emulated machine that has protection keys and Linux 6.12: QEMU without KVM, so it works on any CPU, at
# perhaps a twentieth of the speed. The machine sees this checkout and its build at the same place, Debian's WebAssembly
# tools, and nothing else; what it writes is forgotten. The status is COMMAND's.
# WRIT_EMULATED_KERNEL names another of the archive's kernels: linux-image-cloud-amd64 is the one that Debian 12 boots (6.1).
# Needs the packages under [emulated] in packages.txt; the kernel's package is downloaded and unpacked, not installed.
set -u
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
PLACE=$ROOT/build/emulated
MEMORY=${WRIT_EMULATED_MEMORY:-3072}
LIMIT=${WRIT_EMULATED_SECONDS:-1500}
KERNEL=${WRIT_EMULATED_KERNEL:-linux-image-6.12-cloud-amd64}
PACKAGES="bash coreutils base-files libc-bin cmake grep sed wabt clang-14 lld-14 strace sqlite3 dash zsh
  wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32 procps util-linux mount iproute2
  libstdc++6 libfmt-dev libsodium-dev libssl-dev libsqlite3-dev"
preset=release

die() { printf 'emulate: %s\n' "$1" >&2; exit 69; }

kernel() {  # unpacks the newest one of that name that the archive has
  [ -f "$PLACE/$KERNEL" ] && return
  local package
  package=$(apt-cache depends "$KERNEL" 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
  [ -n "$package" ] || die "the archive has no $KERNEL (apt-get update?)"
  (cd "$PLACE" && apt-get -q -o APT::Sandbox::User=root download "$package" >/dev/null && dpkg-deb -x "$package"_*.deb kernel &&
    mv kernel/boot/vmlinuz-* "$KERNEL" && rm -rf kernel "$package"_*.deb) || die "the kernel $package could not be fetched"
}

closure() {  # the installed packages that the given ones need, themselves included
  dpkg-query -W -f='${Package}\t${Provides}\t${Pre-Depends}, ${Depends}\n' | awk -F'\t' -v start="$*" '
    function clean(w) { sub(/[ (:].*/, "", w); return w }
    { installed[$1] = 1; needs[$1] = $3
      n = split($2, p, / *, */); for (i = 1; i <= n; i++) if (p[i] != "") provider[clean(p[i])] = $1 }
    END {
      top = split(start, todo, /[ \n]+/)
      while (top > 0) {
        name = todo[top--]
        if (!(name in installed)) name = provider[name]
        if (name == "" || name in seen) continue
        seen[name] = 1; print name
        n = split(needs[name], groups, / *, */)
        for (i = 1; i <= n; i++) { m = split(groups[i], any, / *[|] */); for (j = 1; j <= m; j++) todo[++top] = clean(any[j]) }
      }
    }'
}

base() {  # Debian's part of the emulated machine's root, made once
  [ -f "$PLACE/base.done" ] && return
  rm -rf "$PLACE/root"
  mkdir -p "$PLACE"/root/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc,proc,sys,dev,tmp,run,root,var/tmp}
  local link
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$PLACE/root/$link"; done
  # shellcheck disable=SC2086
  dpkg-query -L $(closure $PACKAGES) | grep -E '^/(usr|lib|lib64|bin|sbin)/' |
    grep -vE '^/usr/share/(doc|man|locale|lintian|info|perl)/|^/usr/include/(c\+\+|boost)' | sort -u |
    while read -r f; do [ -d "$f" ] && [ ! -L "$f" ] || printf '%s\n' "${f#/}"; done |
    tar -C / -c --ignore-failed-read -T - 2>/dev/null | tar -C "$PLACE/root" -x --keep-directory-symlink || die "the root could not be copied"
  cp -a /etc/alternatives /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/passwd /etc/group "$PLACE/root/etc/" 2>/dev/null
  touch "$PLACE/base.done"
}

image() {  # the root, this checkout and its build, as a file system
  local at=$PLACE/root$ROOT
  rm -rf "$at" && mkdir -p "$at"
  git -C "$ROOT" ls-files -z -co --exclude-standard | tar -C "$ROOT" -c --null -T - --ignore-failed-read 2>/dev/null | tar -C "$at" -x
  tar -C "$ROOT" -c --exclude='*.o' --exclude='*.a' --exclude='CMakeFiles' --exclude='.ninja*' "build/$preset" | tar -C "$at" -x
  cat >"$PLACE/root/writ-init" <<INIT
#!/bin/bash
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 WRIT_EMULATED=1 GTEST_COLOR=no
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /dev/shm
mount -t tmpfs tmp /tmp; mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run; mount -t cgroup2 none /sys/fs/cgroup
echo "+memory +pids" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
ip link set lo up 2>/dev/null
cd "$ROOT"
echo; echo writ-emulated-begin
$(printf '%q ' "$@") </dev/null
echo "writ-emulated-status: \$?"
sync; echo o >/proc/sysrq-trigger; sleep 60
INIT
  chmod +x "$PLACE/root/writ-init"
  rm -f "$PLACE/disk"
  mke2fs -q -t ext4 -O ^has_journal -d "$PLACE/root" "$PLACE/disk" "$(($(du -sm "$PLACE/root" | cut -f1) * 5 / 4 + 1024))M" >/dev/null ||
    die "the disk could not be made (mke2fs)"
}

if [ "${1:-}" = --preset ]; then preset=$2; shift 2; fi
[ $# -gt 0 ] || die "no command"
for tool in qemu-system-x86_64 mke2fs dpkg-deb; do
  command -v "$tool" >/dev/null || PATH=$PATH:/sbin:/usr/sbin command -v "$tool" >/dev/null || die "$tool is not here (packages.txt names its package under [emulated])"
done
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$PLACE"
kernel
base
image "$@"
timeout "$LIMIT" qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -cpu max -smp 2 -m "$MEMORY" -nographic -no-reboot -net none \
  -drive "file=$PLACE/disk,if=none,id=disk,format=raw,cache=unsafe,snapshot=on" -device nvme,drive=disk,serial=writ \
  -kernel "$PLACE/$KERNEL" -append "console=ttyS0 quiet loglevel=3 panic=-1 root=/dev/nvme0n1 rw init=/writ-init" </dev/null 2>&1 |
  tr -d '\r' | tee "$PLACE/console.log" | awk '/^writ-emulated-status:/ { exit } begun { print; fflush() } /^writ-emulated-begin/ { begun = 1 }'
status=$(sed -n 's/.*writ-emulated-status: //p' "$PLACE/console.log")
[ -n "$status" ] || { printf 'emulate: the machine ended before the command did\n' >&2; exit 70; }
exit "$status"
