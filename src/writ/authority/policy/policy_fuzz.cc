// Whatever a policy file holds, it becomes a program or diagnostics with a place in the file; and a program decides about
// any effect without failing, and the same when it is asked again.
#include <cstddef>
#include <cstdint>

#include "writ/authority/policy/compile.h"
#include "writ/authority/policy/enforcer.h"
#include "writ/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace writ;
  using namespace writ::authority::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto compiled = compile(text, "f.policy");
  WRIT_ASSERT((compiled.program == nullptr) == !compiled.diagnostics.empty());
  for (const auto& d : compiled.diagnostics) {
    WRIT_ASSERT(!d.what.empty() && d.at.offset <= size && d.at.line >= 1 && d.at.column >= 1);
    WRIT_ASSERT(render(d, text, "f.policy").starts_with("f.policy:"));
    (void)range_of(d.at, text);
  }
  if (!compiled.program) return 0;
  Enforcer enforcer(compiled.program, {"job", "job.wasm", "", "page", {"team=a"}}, {{"orders/", {}}}, system_clock());
  for (const auto& w : effect::vocabulary)
    for (const char* resource : {"", "orders/1", "/etc/passwd"}) {
      const effect::Effect e{w.kind, resource, 100, 200};
      const auto first = enforcer.decide(e, 0, {1, 0});
      const std::vector<Violation> kept(first.begin(), first.end());
      const auto again = enforcer.decide(e, 0, {1, 0});
      WRIT_ASSERT(std::equal(kept.begin(), kept.end(), again.begin(), again.end()));
      if (!kept.empty()) (void)enforcer.respond(kept);
    }
  return 0;
}
