#include "writ/gate/policing.h"

#include <fmt/format.h>

namespace writ::gate {

using authority::policy::Counts;
using authority::policy::Program;
using authority::policy::Source;

namespace {

constexpr std::size_t most_replacements_told = 100;  // in a receipt; more are counted

}  // namespace

Policing::Policing(Setup setup) : setup_(std::move(setup)) {
  Source::Version version;
  if (setup_.source != nullptr) version = setup_.source->current();
  epoch_ = version.epoch;
  program_ = joined(version);
  if (program_) enforcer_.emplace(program_, setup_.component, capabilities_, setup_.clock);
}

void Policing::know(std::span<const authority::Grant> capabilities) {
  for (const auto& g : capabilities) capabilities_.push_back(authority::policy::facts_of(g));
  if (program_) enforcer_.emplace(program_, setup_.component, capabilities_, setup_.clock);
}

std::shared_ptr<const Program> Policing::joined(const Source::Version& version) const {
  if (!version.program) return setup_.own;
  return setup_.own ? both(*version.program, *setup_.own) : version.program;
}

void Policing::refresh(std::uint64_t effects) {
  if (setup_.source == nullptr || setup_.source->epoch() == epoch_) return;
  const auto version = setup_.source->current();
  epoch_ = version.epoch;
  program_ = joined(version);
  if (!program_) enforcer_.reset();
  else if (enforcer_) enforcer_->replace(program_);
  else enforcer_.emplace(program_, setup_.component, capabilities_, setup_.clock);
  if (replacements_.size() < most_replacements_told)
    replacements_.push_back(fmt::format("policy {} from effect {} on", program_ ? program_->digest.sha256.hex() : "none", effects));
}

std::optional<Policing::Refused> Policing::judge(const effect::Effect& e, std::uint32_t capability, Counts counts) {
  refresh(counts.effects);
  if (!enforcer_) return std::nullopt;
  if (!restricted_.empty())
    if (const auto found = restricted_.find(std::pair(e.kind, e.resource)); found != restricted_.end()) return Refused{found->second};
  const auto violations = enforcer_->decide(e, capability, counts);
  if (violations.empty()) return std::nullopt;
  const std::vector<authority::policy::Violation> kept(violations.begin(), violations.end());
  auto incident = enforcer_->respond(kept);
  return Refused{std::move(incident.by), incident.response};
}

bool Policing::permits(const effect::Effect& e, std::uint32_t capability, Counts counts) {
  refresh(counts.effects);
  return !enforcer_ || (!restricted_.contains(std::pair(e.kind, e.resource)) && enforcer_->decide(e, capability, counts).empty());
}

void Policing::spend(const effect::Effect& e) {
  if (enforcer_) enforcer_->spend(e);
}

// The policy's part of the meet is what it lets pass, and it has just not let this pass.
void Policing::restrict_to_meet(const effect::Effect& e, const std::string& by) {
  restricted_.try_emplace(std::pair(e.kind, e.resource), "restricted after " + by);
}

}  // namespace writ::gate
