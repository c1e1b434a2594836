#include "writ/gate/monitor.h"

#include <algorithm>

#include "writ/base/quantity.h"

namespace writ::gate {
namespace {

std::string text(const effect::Effect& e) {
  const auto [what, resource] = effect::named(e);
  return std::string(what) + (resource.empty() ? "" : ":" + std::string(resource));
}

}  // namespace

Result<void> Monitor::go_on(const std::string& resource) {
  if (must_end_) return Error{Code::denied, "the task has ended", resource, {}};
  if (journal_.effects() >= effect_limit_) {
    must_end_ = true;
    end_reason_ = "more than " + std::to_string(effect_limit_) + " effects";
    return Error{Code::exhausted, end_reason_, "limit effects", "raise it with --limit effects=N"};
  }
  if (journal_.text_size() >= max_journal.value()) {
    must_end_ = true;
    end_reason_ = "the record of its effects is longer than " + format_size(max_journal);
    return Error{Code::exhausted, end_reason_, {}, "do the work in several tasks"};
  }
  return {};
}

Result<std::uint32_t> Monitor::judge(const effect::Effect& effect) {
  WRIT_CHECK(go_on(effect.resource));
  const bool policed = policing_ != nullptr && policing_->is_active();
  std::uint32_t asked = 0;
  if (policed) {  // before the capability is charged
    const auto first = capabilities_.decide(effect);
    if (!first.allowed()) return refused(effect, first.refusal, first.by);
    asked = first.capability;
    WRIT_CHECK(ask_policies(effect, asked));
  }
  const auto decision = capabilities_.use(effect);
  if (!decision.allowed()) return refused(effect, decision.refusal, decision.by);
  // As above, if the capability that was used is another one: somebody shares the budget of the first. What it took for
  // an effect that is refused it gets back.
  if (policed && decision.capability != asked)
    if (const auto asked_again = ask_policies(effect, decision.capability); !asked_again) {
      capabilities_.give_back(decision.capability, effect);
      return asked_again.error();
    }
  if (policed) policing_->spend(effect);
  return decision.capability;
}

Result<void> Monitor::ask_policies(const effect::Effect& effect, std::uint32_t capability) {
  if (policing_ == nullptr) return {};
  const auto no = policing_->judge(effect, capability, counts());
  if (!no) return {};
  auto error = refused(effect, effect::Refusal::policy, no->by);
  error.what = std::string(effect::named(effect).effect) + " is refused by a policy";
  using authority::policy::Response;
  switch (no->response) {
    case Response::log: break;
    case Response::restrict: policing_->restrict_to_meet(effect, no->by); break;
    case Response::isolate: isolated_ = true; end_by_denial("isolated by " + no->by); break;
    case Response::terminate: end_by_denial("terminated by " + no->by); break;
  }
  return error;
}

bool Monitor::visible(const effect::Effect& effect) const {
  const auto decision = capabilities_.decide(effect);
  return decision.allowed() && (policing_ == nullptr || policing_->permits(effect, decision.capability, counts()));
}

Result<effect::Authorized> Monitor::perform(effect::Effect effect) {
  WRIT_TRY(const auto capability, judge(effect));
  const auto place = journal_.record(effect, effect::Refusal::none);
  const auto& grant = capabilities_.grants()[capability];
  return effect::Authorized(std::move(effect), capability, grant.resource ? grant.resource->root() : std::string(), place);
}

Result<effect::Journal::Begun> Monitor::begin(const effect::Effect& effect, Nanoseconds now) {
  WRIT_CHECK(judge(effect));
  return journal_.begin(effect, now);
}

// What is open already was matched when it was opened: the same capability is asked first, and nothing is copied.
Result<void> Monitor::repeat(const effect::Authorized& key, std::uint64_t bytes, std::uint64_t size) {
  WRIT_CHECK(go_on(key.effect().resource));
  const bool policed = policing_ != nullptr && policing_->is_active();
  if (!policed && capabilities_.use_again(key.capability(), bytes, size)) {
    journal_.record_again(key.effect().kind, key.place(), bytes, size);
    return {};
  }
  const effect::Effect& first = key.effect();
  again_.kind = first.kind;
  again_.resource.assign(first.resource);
  again_.bytes = bytes;
  again_.size = size;
  if (policed && capabilities_.could_use_again(key.capability(), bytes, size)) {  // before the capability is charged
    WRIT_CHECK(ask_policies(again_, key.capability()));
    if (capabilities_.use_again(key.capability(), bytes, size)) {
      policing_->spend(again_);
      journal_.record_again(key.effect().kind, key.place(), bytes, size);
      return {};
    }
  }
  WRIT_CHECK(judge(again_));
  journal_.record(again_, effect::Refusal::none);
  return {};
}

// The capability is the first that could cover something at or below this place.
Result<void> Monitor::note(const effect::Effect& effect) {
  WRIT_CHECK(go_on(effect.resource));
  const auto& grants = capabilities_.grants();
  const auto first = std::ranges::find_if(grants, [&](const authority::Grant& g) {
    return g.kind == effect.kind && (!g.resource || g.resource->covers_below(effect.resource));
  });
  WRIT_CHECK(ask_policies(effect, static_cast<std::uint32_t>(first - grants.begin())));
  journal_.record(effect, effect::Refusal::none);
  return {};
}

Result<void> Monitor::confirm(const effect::Authorized& key, const std::string& real_resource, const std::string& host_path) {
  const auto& asked = key.effect();
  for (const auto& name : {real_resource, host_path})
    if (const auto* deny = capabilities_.deny_of(asked.kind, name)) {
      effect::Effect real = asked;
      real.resource = name;
      return refused(real, effect::Refusal::denied, deny->text());
    }
  if (real_resource != asked.resource && !capabilities_.permits(asked.kind, real_resource)) return escaped(key, real_resource);
  for (const auto& name : {real_resource, host_path}) {
    effect::Effect real = asked;
    real.resource = name;
    if (name != asked.resource) WRIT_CHECK(ask_policies(real, key.capability()));
  }
  return {};
}

Error Monitor::escaped(const effect::Authorized& key, const std::string& where) {
  effect::Effect real = key.effect();
  if (!where.empty()) real.resource = where;
  auto error = refused(real, effect::Refusal::escape, key.effect().resource);
  error.what = "the path leads out of what was granted";
  error.where = key.effect().resource;
  return error;
}

Error Monitor::refused(const effect::Effect& effect, effect::Refusal refusal, const std::string& by) {
  journal_.record(effect, refusal, by);
  if (on_denial_ == OnDenial::end_task)
    end_by_denial("denied " + text(effect));
  return {Code::denied, std::string(effect::named(effect).effect) + " is not granted", effect.resource, {}};
}

void Monitor::end_by_denial(std::string reason) {
  must_end_ = true;
  ended_by_denial_ = true;
  end_reason_ = std::move(reason);
}

}  // namespace writ::gate
