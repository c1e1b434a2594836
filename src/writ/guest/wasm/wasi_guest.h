// WasiGuest: one guest's side of WASI preview 1 (arguments, console, descriptors), and the call that answers its imports.
//
// It can do nothing by itself: whatever leaves the guest goes to the session, which asks the gate. It knows nothing of the
// fence either: it is given a view of the guest's memory with every call. A call ends in an errno for the guest, or in the
// guest's end: it exited, a limit was reached, or the gate says that it must not go on.
//
// Threads: the guest's.   Source: WASI snapshot preview 1; docs/wasi.md says what each function does here.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "writ/base/clock.h"
#include "writ/gate/session.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/wasi_descriptor.h"
#include "writ/guest/wasm/wasi_memory.h"
#include "writ/guest/wasm/wasi_path.h"

namespace writ::guest::wasm::wasi {

template <class T>
using Answer = std::expected<T, Errno>;

class WasiGuest {
 public:
  // Deadlines are counted on `clock`, the host's own, from construction. `stop_requested` is asked while a call waits.
  struct Setup {
    gate::Session& session;
    Stdio& stdio;
    const Cancellation& cancellation;
    std::vector<std::string> arguments;
    Limits limits;
    const Clock& clock = system_clock();
  };
  explicit WasiGuest(Setup);

  // One import, by its place in functions() (wasi_functions.h), with the words that the guest gave. The value for the guest
  // (an errno), or nothing: then the guest does not go on, and end() says why.
  std::optional<std::uint64_t> call(std::size_t function, GuestMemory memory, std::span<const std::uint64_t> words);
  const std::optional<Outcome>& end() const { return end_; }

  // --- for the functions ---------------------------------------------------------------------------------------
  gate::Session& session() { return setup_.session; }
  const std::vector<std::string>& arguments() const { return setup_.arguments; }
  const std::vector<std::string>& environment();
  Descriptors& descriptors() { return descriptors_; }

  Errno leave(End end, int exit_code, std::string reason);
  // The errno of a session's error.
  Errno refused(const Error&) const;

  Answer<std::size_t> read_input(std::span<std::byte> out);
  Errno write_output(Stream, std::span<const std::byte>);
  // Virtual time passes at once; real time is waited for, up to the task's deadline.
  Errno sleep(Nanoseconds);

  // Folders of the state are implied by the objects in them; these exist for this task alone (mkdir, or emptied by it).
  std::set<std::string, std::less<>>& made_folders() { return made_folders_; }

 private:
  Nanoseconds remaining() const { return deadline_ - setup_.clock.monotonic(); }

  Setup setup_;
  Descriptors descriptors_;
  Nanoseconds deadline_;
  std::uint64_t output_ = 0;
  std::optional<std::vector<std::string>> environment_;
  std::set<std::string, std::less<>> made_folders_;
  std::optional<Outcome> end_;
};

}  // namespace writ::guest::wasm::wasi
