// A stranger's program: it asks the library what this machine offers, and is told about at least one protection.
#include <writ/runtime/runtime.h>

#include <cstdio>

int main() {
  const auto protections = writ::runtime::inspect_machine();
  for (const auto& p : protections) std::printf("%s: %s %s\n", p.name.c_str(), p.state.c_str(), p.detail.c_str());
  return protections.empty() ? 1 : 0;
}
