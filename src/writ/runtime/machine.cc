#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "writ/fence/fence.h"
#include "writ/guest/process/engine.h"
#include "writ/runtime/runtime.h"
#include "writ/supervise/enclosure_probe.h"
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

// What holds guests that are processes.
void inspect_processes(std::vector<Protection>& p) {
  const auto offered = supervise::probe_enclosure();
  const auto held = guest::process::protections_of(offered);
  const auto add = [&](std::string name, std::string there, std::string not_there) {
    const bool found = std::ranges::find(held, name) != held.end();
    p.push_back(present(std::move(name), found, found ? std::move(there) : std::move(not_there)));
    p.back().part_of = Protection::PartOf::process_fence;
  };
  using supervise::Way;
  add("process-fence", "executables run: " + std::string(!offered.way ? "" : *offered.way == Way::root ? "with namespaces, as root"
                                                                           : *offered.way == Way::user ? "with namespaces, as a user"
                                                                                                       : "without namespaces"),
      offered.why_not);
  add("process-namespaces", "a tree, processes, a network, names and IPC of its own", offered.why_not);
  add("process-user-namespace", "an identity of its own, which is nobody's outside",
      offered.way == Way::root ? "root needs none: the process has this user's identity, without capabilities" : offered.why_not);
  add("process-landlock", "version " + std::to_string(offered.landlock_abi), "the kernel has no Landlock (Linux 5.13, lsm=landlock)");
  add("process-seccomp", "a list of permitted system calls", "the kernel has no seccomp filters");
  add("process-signals", "it cannot signal anybody outside", "it can signal this user's processes (Landlock version 6, Linux 6.12)");
  add("process-memory", "its memory is counted together", "no control group can be made: memory is limited for each of its processes");
  add("process-count", "its processes are counted", "no control group can be made: their number is not limited");
}

}  // namespace

void start_process() { fence::register_barriers(); }

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
  for (auto& found : p)
    if (found.part_of == Protection::PartOf::everything && found.name != "kernel") found.part_of = Protection::PartOf::memory_fence;
  inspect_processes(p);
  return p;
}

}  // namespace writ::runtime
