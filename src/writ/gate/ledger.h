// Ledger: the capabilities of a store that outlive tasks and processes.
//
// What a capability is stands in the store, in the table `capability`, and never changes. What is used up, and whether it
// was revoked, are words in memory that all processes of the store share, so that a budget is exact among them and a
// revocation reaches a task of another process with its next use. The words survive every process; a settlement writes
// them into the store as well, in its own transaction, so that a power cut takes back at most what tasks used that were
// not settled. Both only grow: the larger is right.
//
// A task uses a capability through its CapabilitySet. At settlement, staged effects of one that was revoked meanwhile are
// refused (confirm).
//
// Threads: any. Several processes may use one store. A change of the ledger is one store transaction, and blocks.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "writ/authority/capability_table.h"
#include "writ/memory/shared_memory.h"
#include "writ/proof/verify/manifest.h"
#include "writ/store/store.h"

namespace writ::gate {

inline constexpr std::uint32_t max_capabilities = 16'383;  // one MiB of words with their header; no place is used twice

struct LedgerEntry {
  authority::Handle handle;
  authority::Capability capability;
  authority::Standing standing;
  authority::Limits left;  // its limits, with what is left of budgets
};

class Ledger {
 public:
  // The words lie in the store's folder. `store` and `clock` outlive this.
  static Result<std::unique_ptr<Ledger>> open(store::Store& store, const Clock& clock);

  // As in authority::CapabilityTable, durable when they return. `unavailable`: no such capability.
  Result<authority::Handle> mint(authority::Grant, std::string holder);
  Result<authority::Handle> attenuate(authority::Handle, const authority::Grant& to);
  Result<std::vector<authority::Handle>> split(authority::Handle, std::span<const authority::Limits> parts);
  Result<authority::Handle> delegate(authority::Handle, std::string holder);
  // Every use that begins after this is called is refused, in every process; then it is made durable.
  Result<void> revoke(authority::Handle);

  Result<std::vector<LedgerEntry>> list();
  Result<LedgerEntry> inspect(authority::Handle);

  // For a task: its handles become usable through table(). `denied` if one does not stand or is bound to another holder.
  Result<void> admit(std::span<const authority::Handle>, std::string_view holder);
  authority::CapabilityTable& table() { return *table_; }

  // At settlement, within its transaction and without a lock. `denied` if one that allows staged effects was revoked.
  Result<void> confirm(std::span<const authority::Handle>) const;
  // What was used.
  Result<void> remember(store::Transaction&, std::span<const authority::Handle>);

 private:
  Ledger(store::Store& store, const Clock& clock, memory::SharedMemory words, authority::Secret secret);
  Result<void> refresh(const store::View&);
  Result<authority::CapabilityTable*> known(const store::View&, authority::Handle);
  Result<void> put(store::Transaction&, authority::Handle, const authority::Capability&);
  Result<authority::Handle> append(store::Transaction&, std::uint32_t index, authority::Capability);
  template <class Decide>
  Result<authority::Handle> derive(std::optional<authority::Handle> from, Decide);
  Result<LedgerEntry> describe(authority::Handle) const;

  store::Store& store_;
  const Clock& clock_;
  memory::SharedMemory words_;
  std::span<authority::Live> live_;  // the first is the header
  const authority::Secret secret_;   // that they lie under
  std::unique_ptr<authority::CapabilityTable> table_;
  std::mutex mutex_;                             // of changes, and of the list below
  std::vector<authority::Handle> handles_;       // by index, all that were seen in the store
};

// For a task that was sealed earlier: the durable capabilities of its manifest that allow staged effects still stand.
// `denied` says which does not. `ledger` may be null if the manifest names none.
Result<void> confirm_authority(std::span<const proof::Capability>, Ledger* ledger);

// Those of them that are durable, by the handles that the manifest names.
Result<std::vector<authority::Handle>> durable_capabilities(std::span<const proof::Capability>);

}  // namespace writ::gate
