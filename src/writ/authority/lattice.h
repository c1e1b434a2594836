// The lattice of grants: which of two allows more (covers), and what both allow (meet).
//
// Exact, with the resource patterns of inclusion.h: meet(a, b) covers an effect if and only if a and b both do. Numbers
// meet in the smaller one. Two token buckets meet in the one with the smaller burst and the slower refill: the greatest
// bucket that neither allows more than.
#pragma once

#include "writ/authority/grant.h"

namespace writ::authority {

// Everything that `narrow` allows, `wide` allows. What cannot be told is `false`.
bool covers(const Limits& wide, const Limits& narrow);
bool covers(const Grant& wide, const Grant& narrow);

Limits meet(const Limits& a, const Limits& b);
// `denied` if nothing is in both: another effect, or resources that do not overlap.
Result<Grant> meet(const Grant& a, const Grant& b);

}  // namespace writ::authority
