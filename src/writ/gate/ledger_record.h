// The record of a durable capability in the store: what it is, which never changes, and what is known of its use.
// Format: docs/formats/capability.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "writ/authority/capability_table.h"
#include "writ/wire/form.h"

namespace writ::gate {

struct LedgerRecord {
  std::uint64_t bytes = 0, full_at = 0, uses = 0;  // authority::Live, as of the last settlement
  std::vector<std::uint64_t> fields;               // the same; of kinds of one's own alone
  std::uint64_t generation = 1;
  std::string grant;   // its text
  std::string holder;
  WallTime minted;
  authority::Origin origin = authority::Origin::minted;
  std::string parent;  // INDEX.GENERATION; empty: a root
  authority::Standing standing = authority::Standing::active;
};

template <class Form>
void describe(Form& form, typename Form::template Value<LedgerRecord>& r) {
  constexpr std::array<std::string_view, 4> origins{"minted", "attenuated", "split", "delegated"};
  constexpr std::array<std::string_view, 4> standings{"unknown", "active", "consumed", "revoked"};
  form.object([&] {
    form("bytes", r.bytes);
    form.later("fields", r.fields);
    form("full_at", r.full_at);
    form("generation", r.generation);
    form("grant", r.grant);
    form("holder", r.holder);
    form("minted", r.minted);
    form.choice("origin", r.origin, origins);
    form("parent", r.parent);
    form.choice("standing", r.standing, standings);
    form("uses", r.uses);
  });
}

// `corrupt` if it is no record, or none that this index can have.
Result<LedgerRecord> parse_record(std::uint32_t index, BytesView value);

}  // namespace writ::gate
