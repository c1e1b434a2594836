// The state root: a Merkle map over (object path, version, digest), updated in O(log n) per write inside the commit.
//
// A binary trie over SHA-256(path), without one-child nodes, so that the root depends on what is in the map and on
// nothing else. Only the newest map is kept: the root of each commit is a record, its nodes are the store's current ones,
// each under its place, so that a change overwrites O(log n) of them and leaves nothing behind.
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

// The map with this object in this version; the new root, which the caller writes when it has changed all it wants to.
Result<Sha256> put_state(store::Transaction&, const Sha256& root, std::string_view path, ObjectVersion, const Sha256& body);
// The map without this object. `corrupt` if it was not there.
Result<Sha256> remove_state(store::Transaction&, const Sha256& root, std::string_view path);
Result<void> write_state_root(store::Transaction&, const Sha256& root);

// The root made anew from every object of the view: what an audit compares with.
Result<Sha256> recompute_state_root(const store::View&);

}  // namespace writ::proof
