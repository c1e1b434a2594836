#include "writ/gate/monitor.h"

namespace writ::gate {

Result<authority::Decision> Monitor::judge(const effect::Effect& effect) {
  if (must_end_) return Error{Code::denied, "the task has ended", effect.resource, {}};
  if (journal_.effects() >= effect_limit_) {
    must_end_ = true;
    end_reason_ = "more than " + std::to_string(effect_limit_) + " effects";
    return Error{Code::exhausted, end_reason_, "limit effects", "raise it with --limit effects=N"};
  }
  auto decision = capabilities_.decide(effect);
  journal_.record(effect, decision.refusal, decision.by);
  if (decision.allowed()) {
    capabilities_.spend(decision, effect);
    return decision;
  }
  if (on_denial_ == OnDenial::end_task) {
    must_end_ = true;
    end_reason_ = "denied " + std::string(effect::name(effect.kind)) + (effect.resource.empty() ? "" : ":" + effect.resource);
  }
  return Error{Code::denied, std::string(effect::name(effect.kind)) + " is not granted", effect.resource, {}};
}

Result<effect::Authorized> Monitor::perform(effect::Effect effect) {
  WRIT_TRY(const auto decision, judge(effect));
  const auto& grant = capabilities_.grants()[decision.capability];
  return effect::Authorized(std::move(effect), decision.capability, grant.resource ? grant.resource->root() : std::string());
}

Result<void> Monitor::repeat(const effect::Authorized& key, std::uint64_t bytes, std::uint64_t size) {
  effect::Effect again = key.effect();
  again.bytes = bytes;
  again.size = size;
  WRIT_CHECK(judge(again));
  return {};
}

Result<void> Monitor::note(const effect::Effect& effect) {
  if (must_end_) return Error{Code::denied, "the task has ended", effect.resource, {}};
  journal_.record(effect, effect::Refusal::none);
  return {};
}

Result<void> Monitor::confirm(const effect::Authorized& key, const std::string& real_resource) {
  const auto& asked = key.effect();
  if (real_resource == asked.resource) return {};
  effect::Effect real = asked;
  real.resource = real_resource;
  if (capabilities_.decide(real).allowed()) return {};
  return escaped(key, real_resource);
}

Error Monitor::escaped(const effect::Authorized& key, const std::string& where) {
  effect::Effect real = key.effect();
  if (!where.empty()) real.resource = where;
  journal_.record(real, effect::Refusal::escape, key.effect().resource);
  if (on_denial_ == OnDenial::end_task) {
    must_end_ = true;
    end_reason_ = "denied " + std::string(effect::name(real.kind)) + ":" + real.resource;
  }
  return {Code::denied, "the path leads out of what was granted", key.effect().resource, {}};
}

}  // namespace writ::gate
