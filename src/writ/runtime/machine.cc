#include <unistd.h>

#include <array>
#include <filesystem>

#include "writ/fence/fence.h"
#include "writ/runtime/runtime.h"
#include "writ/supervise/lock.h"
#include "writ/supervise/run.h"

namespace writ::runtime {
namespace {

Protection present(std::string name, bool there, std::string detail) {
  return {std::move(name), there ? "present" : "absent", std::move(detail)};
}

Protection tool(std::string name, std::string_view path, std::string_view package) {
  const bool there = ::access(std::string(path).c_str(), X_OK) == 0;
  return {std::move(name), there ? "present" : "absent", there ? std::string(path) : "install the package " + std::string(package)};
}

// What holds the compilers, which work on hostile input: asked of a child that does nothing.
void inspect_children(std::vector<Protection>& p) {
  supervise::Command nothing{.program = "/bin/true", .package = "coreutils"};
  nothing.confinement.read = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"};
  const auto f = supervise::run(nothing);
  const supervise::Held held = f ? f->held : supervise::Held{};
  p.push_back(present("child-user-namespace", held.user_namespace,
                      held.user_namespace ? "compilers run without privileges" : "compilers give up their privileges by themselves"));
  p.push_back(present("child-landlock", held.landlock_abi > 0,
                      held.landlock_abi > 0 ? "compilers reach their own folder; version " + std::to_string(held.landlock_abi)
                                            : "compilers can read this user's files (Linux 5.13, lsm=landlock)"));
  p.push_back(present("child-seccomp", held.seccomp, "compilers have no network and start no programs"));
}

}  // namespace

Result<void> lock_process() { return supervise::lock_process(); }

std::vector<Protection> inspect_machine() {
  using fence::Strength;
  constexpr auto key_fence = Protection::PartOf::key_fence;
  const auto m = fence::probe_machine();
  const auto strongest = m.strongest();
  const std::string no_key = m.why_not(Strength::key), no_page = m.why_not(Strength::page);
  std::vector<Protection> p;
  p.push_back({"fence", strongest ? std::string(fence::name(*strongest)) : "absent",
               strongest == Strength::key ? "guests cannot reach the host's memory" : no_key});
  p.push_back(present("fence-key", no_key.empty(), no_key.empty() ? "the CPU denies guests all memory but their own" : no_key));
  p.back().part_of = key_fence;
  p.push_back(present("fence-page", no_page.empty(),
                      no_page.empty() ? "guard pages and the compiler keep a guest in its memory; one that breaks out of its compiled code "
                                        "can read and write this process; one guest at a time"
                                      : no_page));
  p.push_back(present("protection-keys", m.protection_keys > 0, std::to_string(m.protection_keys) + " keys"));
  p.back().part_of = key_fence;
  p.push_back(present("system-call-dispatch", m.system_call_dispatch, "a system call by a guest ends it"));
  p.push_back(present("signal-stack-in-denied-key", m.signal_stack_in_denied_key,
                      m.signal_stack_in_denied_key ? "signals arrive where guests cannot look"
                                                   : "Linux before 6.12: signals arrive on a stack in the guest's own key, and the "
                                                     "entry opens the others first"));
  p.back().part_of = key_fence;
  p.push_back(present("mseal", m.mseal, "sealed mappings; Linux 6.10 or later"));
  p.push_back({"kernel", "present", m.kernel});
  inspect_children(p);
  p.push_back(tool("wasm2c", "/usr/bin/wasm2c", "wabt"));
  p.push_back(tool("clang", "/usr/bin/clang-14", "clang-14"));
  p.push_back(tool("ld.lld", "/usr/bin/ld.lld-14", "lld-14"));
  p.push_back(tool("tcc", "/usr/bin/tcc", "tcc (without it the first run of a module waits for clang)"));
  p.push_back(tool("ld.bfd", "/usr/bin/x86_64-linux-gnu-ld.bfd", "binutils (without it the first run of a module waits for clang)"));
  return p;
}

}  // namespace writ::runtime
