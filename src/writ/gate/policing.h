// Policing: the policies that one task is under, as the monitor asks them: its own (`--policy`), and the one that is in
// force for all tasks and may be replaced meanwhile.
//
// What a violation took out of the task's capabilities (response `restrict`) is kept here: asked before the rules, since a
// capability that is gone is no violation any more.
//
// Threads: one task, one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "writ/authority/policy/enforcer.h"
#include "writ/authority/policy/source.h"
#include "writ/base/clock.h"

namespace writ::gate {

class Policing {
 public:
  struct Setup {
    std::shared_ptr<const authority::policy::Program> own;  // may be null
    const authority::policy::Source* source = nullptr;      // may be null
    authority::policy::ComponentFacts component;
    const Clock& clock;
  };
  explicit Policing(Setup);

  // The task's capabilities, once, before anything is judged: rules may ask about them.
  void know(std::span<const authority::Grant> capabilities);
  // Whether some policy is in force, or another one came into force: else there is nothing to ask.
  bool is_active() const { return program_ != nullptr || (setup_.source != nullptr && setup_.source->epoch() != epoch_); }

  struct Refused {
    std::string by;
    authority::policy::Response response = authority::policy::Response::log;
  };
  // None: every policy lets it pass. Else it is counted as a violation, and the response is to be carried out.
  std::optional<Refused> judge(const effect::Effect&, std::uint32_t capability, authority::policy::Counts);
  // The same answer without a trace.
  bool permits(const effect::Effect&, std::uint32_t capability, authority::policy::Counts);
  void spend(const effect::Effect&);
  // The response `restrict`: from now on refused, without being a violation.
  void restrict_to_meet(const effect::Effect&, const std::string& by);

  // What is in force now; null: nothing.
  std::shared_ptr<const authority::policy::Program> program() const { return program_; }
  // Whether the policy was replaced since the task began, also just now.
  bool was_replaced(std::uint64_t effects) {
    refresh(effects);
    return !replacements_.empty();
  }
  // Replacements that this task has seen, each as one sentence.
  const std::vector<std::string>& replacements() const { return replacements_; }

 private:
  void refresh(std::uint64_t effects);
  std::shared_ptr<const authority::policy::Program> joined(const authority::policy::Source::Version&) const;

  Setup setup_;
  std::vector<authority::policy::CapabilityFacts> capabilities_;
  std::uint64_t epoch_ = 0;
  std::shared_ptr<const authority::policy::Program> program_;
  std::optional<authority::policy::Enforcer> enforcer_;
  std::map<std::pair<effect::Kind, std::string>, std::string, std::less<>> restricted_;  // and after which rule
  std::vector<std::string> replacements_;
};

}  // namespace writ::gate
