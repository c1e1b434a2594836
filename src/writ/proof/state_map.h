// The state root: a Merkle map over (object path, version, digest), updated in O(log n) per write inside the commit.
//
// A binary trie over SHA-256(path), without one-child nodes, so that the root depends on what is in the map and on
// nothing else. Nodes are records of the store keyed by their own hash.
//
//   leaf   H(0x02 || key || version as 8 bytes big-endian || SHA-256 of the body)
//   inner  H(0x03 || depth as 2 bytes || the key's bits above depth, zero-filled || left || right)
//   empty  32 zero bytes
//
// Format: docs/formats/log.md.   Threads: those of the View or Transaction.
#pragma once

#include <string_view>

#include "writ/store/store.h"
#include "writ/wire/digest.h"

namespace writ::proof {

inline constexpr std::string_view state_node_table = "state.node";
inline constexpr std::string_view state_root_table = "state.root";

Result<Sha256> state_root(const store::View&);

// The map with this object in this version; the new root.
Result<Sha256> put_state(store::Transaction&, std::string_view path, ObjectVersion, const Sha256& body);
// The map without this object; the new root. `corrupt` if it was not there.
Result<Sha256> remove_state(store::Transaction&, std::string_view path);

// The root made anew from every object of the view: what an audit compares with.
Result<Sha256> recompute_state_root(const store::View&);

}  // namespace writ::proof
