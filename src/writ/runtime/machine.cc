#include <unistd.h>

#include <array>
#include <filesystem>

#include "writ/fence/fence.h"
#include "writ/runtime/runtime.h"
#include "writ/supervise/lock.h"

namespace writ::runtime {
namespace {

Protection present(std::string name, bool there, std::string detail) {
  return {std::move(name), there ? "present" : "absent", std::move(detail)};
}

Protection tool(std::string name, std::string_view path, std::string_view package) {
  const bool there = ::access(std::string(path).c_str(), X_OK) == 0;
  return {std::move(name), there ? "present" : "absent", there ? std::string(path) : "install the package " + std::string(package)};
}

}  // namespace

Result<void> lock_process() { return supervise::lock_process(); }

std::vector<Protection> inspect_machine() {
  const auto m = fence::probe_machine();
  const auto strongest = m.strongest();
  std::vector<Protection> p;
  p.push_back({"fence", strongest ? std::string(fence::name(*strongest)) : "absent",
               strongest == fence::Strength::key ? "guests cannot reach the host's memory" : m.why_not(fence::Strength::key)});
  p.push_back(present("protection-keys", m.protection_keys > 0, std::to_string(m.protection_keys) + " keys"));
  p.push_back(present("system-call-dispatch", m.system_call_dispatch, "a system call by a guest ends it"));
  p.push_back(present("signal-stack-in-denied-key", m.signal_stack_in_denied_key, "Linux 6.12 or later"));
  p.push_back(present("mseal", m.mseal, "sealed mappings; Linux 6.10 or later"));
  p.push_back({"kernel", "present", m.kernel});
  p.push_back(tool("wasm2c", "/usr/bin/wasm2c", "wabt"));
  p.push_back(tool("clang", "/usr/bin/clang-14", "clang-14"));
  p.push_back(tool("ld.lld", "/usr/bin/ld.lld-14", "lld-14"));
  return p;
}

}  // namespace writ::runtime
