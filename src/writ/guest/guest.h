// The guest port: what an engine (WebAssembly now, others later) is to the executor.
//
// prepare() turns bytes into an Image once; run() runs it as often as wanted, in a fresh arena each time. A guest can
// do nothing by itself: its imports end in the session, which asks the gate. How a run ended is a value (Outcome), never
// an error; an Error from run() means that Writ could not run it (no slot, no memory), not that the guest misbehaved.
//
// Threads: an Image is immutable and shared; run() is called on a thread that a fence::GuestThread was made for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/fence/fence.h"
#include "writ/gate/session.h"
#include "writ/guest/cancellation.h"
#include "writ/wire/digest.h"

namespace writ::guest {

// Source: interface.md "Limits". Limits hold for one task.
struct Limits {
  ByteCount memory = 512 * MiB;         // linear memory
  ByteCount stack = MiB;
  ByteCount output = 16 * MiB;          // standard output and standard error together
  Nanoseconds time = std::chrono::seconds(60);
  std::uint64_t effects = 1'000'000;
  std::uint64_t files = 1024;           // open at once
  std::uint64_t processes = 256;        // of guests that are processes: at once
  ByteCount disk = 10 * GiB;            // of the same: each file, and private folders in all
  friend bool operator==(const Limits&, const Limits&) = default;
};

enum class End : std::uint8_t {
  completed,      // by itself, with exit_code
  trapped,        // a WebAssembly trap, a fault, a forbidden instruction, the effects or output limit
  denied,         // --strict and something was denied
  timed_out,
  out_of_memory,  // asked for more than its limit at the start; a guest that handles a failed memory.grow lives on
  cancelled,
};
inline constexpr std::array ends{End::completed, End::trapped, End::denied, End::timed_out, End::out_of_memory, End::cancelled};
std::string_view name(End);

struct Outcome {
  End end = End::completed;
  int exit_code = 0;
  std::string reason;    // "out of bounds memory access", "unreachable", ...; empty when completed
  std::string function;  // where, from the name section; may be empty. Guest-named: escape before printing
  bool success() const { return end == End::completed && exit_code == 0; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

enum class Stream : std::uint8_t { out = 1, err = 2 };

// Standard streams of one task. Called on the guest's thread, which may be interrupted between calls, never in one.
class Stdio {
 public:
  virtual ~Stdio() = default;
  // Blocks until there is something, the input ends (0) or the task's deadline passes (`exhausted`). Read lazily.
  virtual Result<std::size_t> read(std::span<std::byte> out, Nanoseconds deadline) = 0;
  virtual Result<void> write(Stream, std::span<const std::byte>) = 0;
  // Becomes readable when read() would not wait; -1: nobody knows.
  virtual int readable() const { return -1; }
  // The end of what the last read() gave was not wanted after all.
  virtual void give_back(std::size_t) {}
};

struct Tool {
  std::string name;
  DigestPair digest;
};

// Code made ready: immutable, shared by any number of runs.
class Image {
 public:
  virtual ~Image() = default;
  virtual const Tool& engine() const = 0;     // what runs it, with the digest of the image: "wasm clang-14 -O2"
  virtual const Tool& toolchain() const = 0;  // what made it: tools, versions, flags, our runtime
  // The digests of the code, where the image knows them; else who has the bytes takes them.
  virtual std::optional<DigestPair> code() const { return std::nullopt; }
  // False: the code is a file of the host, of which nobody handed over the bytes; it is not kept.
  virtual bool code_was_handed_over() const { return true; }
  // Why two runs may differ whatever they are granted; empty: they do not.
  virtual std::string_view nondeterminism() const { return {}; }
};

// A folder of the host that a guest sees and changes through the kernel, without changing the folder: what is to stand in
// its place.
struct Layer {
  std::string host, at;  // in the operator's words, and where the guest sees it
  enum class Use : std::uint8_t { look, change } use = Use::change;
  struct Mount {
    std::string at, options;  // an overlay below `at` ("" is `at` itself), with the options of mount(2)
  };
  std::vector<Mount> mounts;  // in their order
  std::string folder;         // without mounts: the folder itself
  std::vector<std::string> written = {};  // folders of the host in which what the guest writes there comes to lie
};
// What an engine can use in the place of such a folder. `none`: its guests ask call by call.
enum class Layers : std::uint8_t { none, trusted_overlays, user_overlays, copies };

struct Call {
  std::vector<std::string> arguments;  // [0] is the program's name
  std::string entry = "_start";        // exported function to call
  Limits limits;
  gate::Session& session;
  Stdio& stdio;
  Cancellation& cancellation;
  fence::GuestThread& thread;  // of the calling thread
  // Called when the guest has ended, before its memory is wiped; may be empty.
  std::function<void(std::span<const std::byte> memory)> last_look = {};
  // The rest is for engines with layers().
  std::string folder = "/";  // the working folder, as the guest sees it
  std::string code_at = {};  // where the guest sees its code, if that is a file
  std::vector<Layer> layers = {};
  std::function<Result<std::string>()> private_folder = {};  // of the host, this run's alone; made when it is first asked for
};

struct Resources {
  Nanoseconds time{};    // from enter to leave, wall
  Nanoseconds cpu{};     // of the guest's thread
  ByteCount memory;      // highest linear memory
  std::uint64_t host_calls = 0;
  friend bool operator==(const Resources&, const Resources&) = default;
};

// What fencing a run took beside it: taking a slot, laying it out, wiping it. An engine without a fence takes nothing.
struct Isolation {
  Nanoseconds time{}, cpu{};
};

struct Run {
  Outcome outcome;
  Resources resources;
  Isolation isolation = {};
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view fence() const = 0;  // "key", "page", "sim": the strength its guests really run under
  // `invalid` for code that is malformed or asks for what is not here, saying what and what to rebuild.
  virtual Result<std::shared_ptr<const Image>> prepare(std::span<const std::byte> code) = 0;
  // The same for a run that is to be told again: by the way of making images that Tool::name of Image::engine() named then,
  // where the engine has several.
  virtual Result<std::shared_ptr<const Image>> prepare_as(std::span<const std::byte> code, std::string_view) { return prepare(code); }
  virtual Result<Run> run(const Image&, Call&) = 0;
  virtual Layers layers() const { return Layers::none; }
  // Of an engine whose fence is made of several: those that its guests run under, by the names of `writ doctor`.
  virtual std::vector<std::string> protections() const { return {}; }
};

}  // namespace writ::guest
