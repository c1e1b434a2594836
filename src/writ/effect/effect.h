// Effect: one thing that a guest tried to do. A small value: kind, resource, size.
//
// Authorized: the same effect after the gate has allowed it, and the only key to acting: actors take nothing else, and
// only the gate can make one.
#pragma once

#include <cstdint>
#include <string>

#include "writ/effect/own_kind.h"
#include "writ/effect/vocabulary.h"

namespace writ::gate {
class Monitor;
}

namespace writ::effect {

struct Effect {
  Kind kind;
  std::string resource;     // canonical: an object path, an absolute host path, a name; empty for none
  std::uint64_t bytes = 0;  // how much it moves, where it moves something: what the limit `bytes` counts
  std::uint64_t size = 0;   // of the object or file as it is or will be, where known: what `max_size` bounds
  Fields fields = {};       // of a kind of one's own
  friend bool operator==(const Effect&, const Effect&) = default;
};

inline Named named(const Effect& e) { return named(e.kind, e.resource); }

class Authorized {
 public:
  const Effect& effect() const { return effect_; }
  std::uint32_t capability() const { return capability_; }  // index in the task's capability set
  const std::string& root() const { return root_; }          // the folder that the capability was granted below
  std::uint32_t place() const { return place_; }             // of its resource in the task's journal

 private:
  friend class ::writ::gate::Monitor;
  Authorized(Effect e, std::uint32_t capability, std::string root, std::uint32_t place)
      : effect_(std::move(e)), capability_(capability), root_(std::move(root)), place_(place) {}
  Effect effect_;
  std::uint32_t capability_;
  std::string root_;
  std::uint32_t place_;
};

}  // namespace writ::effect
