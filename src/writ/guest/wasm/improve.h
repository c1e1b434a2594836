// The queue of modules that wait for their best image, in the cache's folder, and the work that empties it.
//
// Whoever ran a module on its fast image leaves the module in the queue. Somebody with time empties it: a thread of a
// process that lives on, or a process of its own (`writ build --waiting`). One at a time for a cache: a lock on a file,
// which the kernel releases when its holder dies, however it dies. A module is taken out of the queue before it is
// compiled, so what kills the compiler, or us, is not tried for ever: the next run of the module asks again. What was
// tried and failed is noted with its reason, and not asked for again under the same tools.
//
// The queue holds code of guests and is believed in nothing: each entry is parsed, judged and compiled as if it had just
// been handed over.
#pragma once

#include <functional>
#include <string>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/guest/wasm/foundry.h"

namespace writ::guest::wasm {

inline constexpr std::size_t most_waiting = 64;  // modules; the next ones ask again when they run again

// The CPU and the disk go to everybody else first: nice 19, SCHED_IDLE, idle disk class. For the calling thread and for
// what it starts from now on. What the kernel refuses is left out.
void yield_to_everybody();

class Improvements {
 public:
  explicit Improvements(Foundry& foundry) : foundry_(foundry) {}

  enum class Answer : std::uint8_t { waits, not_needed, no_room };
  // Puts the module into the queue, unless its best image is there or was tried in vain.
  Result<Answer> want(BytesView code);

  // Whether nobody worked on the queue when it was asked.
  bool idle() const;

  struct Worked {
    std::size_t made = 0, failed = 0;
  };
  // Compiles what waits, one after another, until nothing does or `stop` says so; at once, if somebody else is at it.
  Result<Worked> work(const std::function<bool()>& stop);

 private:
  Result<Fd> lock() const;  // empty: somebody else has it
  Result<std::optional<Bytes>> take() const;
  Result<bool> improve(BytesView code);
  std::string file(std::string_view name) const { return foundry_.cache().folder() + "/" + std::string(name); }

  Foundry& foundry_;
};

}  // namespace writ::guest::wasm
