// Monitor: the reference monitor of one task. Every effect passes here, and there is no second way out.
//
// perform() asks the capabilities, then the policies, records the answer in the journal, and only then hands out the key to
// acting (effect::Authorized). Allowed means: some capability permits it, no deny forbids it, and no rule of a policy
// refuses it. A policy is asked only about what a capability allows, and can only narrow.
//
// Threads: one task, one thread.   Source: architecture.md sections 1 and 3.
#pragma once

#include <cstdint>
#include <string>

#include "writ/authority/capability.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/effect/effect.h"
#include "writ/effect/journal.h"
#include "writ/gate/policing.h"

namespace writ::gate {

enum class OnDenial : std::uint8_t { refuse, end_task };  // --strict ends the task

// What the journal of one task may take as text: it is one record of the store, beside its names (store/object.h).
inline constexpr ByteCount max_journal = 15 * MiB;

class Monitor {
 public:
  // `policing` may be null: no policy.
  Monitor(authority::CapabilitySet& capabilities, effect::Journal& journal, std::uint64_t effect_limit, OnDenial on_denial,
          Policing* policing = nullptr)
      : capabilities_(capabilities), journal_(journal), effect_limit_(effect_limit), on_denial_(on_denial), policing_(policing) {}

  // `denied` if refused (it is in the journal either way); `exhausted` when the task has had all its effects, or its
  // journal is full: what cannot be recorded does not happen.
  Result<effect::Authorized> perform(effect::Effect effect);
  // The same effect again on something already open: check and record without making a new key.
  Result<void> repeat(const effect::Authorized& key, std::uint64_t bytes, std::uint64_t size);
  // The same for an effect that takes time: it is under way until it is ended.
  Result<effect::Journal::Begun> begin(const effect::Effect& effect, Nanoseconds now);
  void end(effect::Journal::Begun begun, effect::Ending ending, Nanoseconds now) { journal_.end(begun, ending, now); }
  // Whether perform() would allow it; leaves no trace. For what a listing shows.
  bool visible(const effect::Effect& effect) const;
  // Records an effect whose parts were each decided (a listing that shows only what is granted). Policies are asked.
  Result<void> note(const effect::Effect& effect);
  // Where a path turned out to lead, by the operator's name and by the host's (effect::File): what was decided must hold
  // there too, whatever limits say, since the effect is paid for. Denies hold by either name. Records a refusal.
  Result<void> confirm(const effect::Authorized& key, const std::string& real_resource, const std::string& host_path);
  // The actor found that the path leads out of what was granted, `where` if it knows: records it, gives the error.
  Error escaped(const effect::Authorized& key, const std::string& where);

  bool must_end() const { return must_end_; }  // strict denial, effects limit, full journal: the guest does not go on
  bool ended_by_denial() const { return ended_by_denial_; }  // else by a limit
  bool isolated() const { return isolated_; }  // ended by the response `isolate`: the guest's memory is to be kept
  const std::string& end_reason() const { return end_reason_; }

 private:
  Result<void> go_on(const std::string& resource);                 // whether there is to be another effect at all
  Result<std::uint32_t> judge(const effect::Effect& effect);  // the capability that allows it; records refusals only
  Error refused(const effect::Effect& effect, effect::Refusal refusal, const std::string& by);  // records it
  Result<void> ask_policies(const effect::Effect& effect, std::uint32_t capability);           // and carries out the response
  authority::policy::Counts counts() const { return {journal_.effects(), journal_.denied()}; }
  void end_by_denial(std::string reason);

  authority::CapabilitySet& capabilities_;
  effect::Journal& journal_;
  std::uint64_t effect_limit_;
  OnDenial on_denial_;
  effect::Effect again_{effect::Kind::state_read, {}, 0, 0};  // repeat()'s: its text keeps its room, so that nothing is allocated
  Policing* policing_;
  bool must_end_ = false;
  bool ended_by_denial_ = false;
  bool isolated_ = false;
  std::string end_reason_;
};

}  // namespace writ::gate
