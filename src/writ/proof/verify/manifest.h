// The two manifests of a task: what it was given (input) and what came of it (output). Plain values, described once for
// reading and writing (wire/form.h); docs/formats/receipt.md explains every member.
//
// Content digests are pairs. Roots of Merkle trees are SHA-256. Times are UTC; durations are nanoseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/id.h"
#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::proof {

inline constexpr std::string_view input_schema = "writ.input/1";
inline constexpr std::string_view output_schema = "writ.output/1";

// Part of a memory object that a capability lets the task map, and how ("r", "rw").
struct Region {
  std::string object, rights;
  friend bool operator==(const Region&, const Region&) = default;
};

// One capability as granted: an effect on a resource within constraints ("bytes=1048576"). Lineage: the capabilities it
// was attenuated from, outermost first; empty for a grant of the operator.
struct Capability {
  std::vector<std::string> constraints;
  std::string effect;
  std::vector<std::string> lineage;
  std::vector<Region> regions;
  std::string resource;
  std::vector<std::string> revocation;
  friend bool operator==(const Capability&, const Capability&) = default;
};

struct Program {
  DigestPair digest;
  std::string language;  // "wasm", "python", "shell", "executable", ...
  std::string name;      // as the operator named it
  friend bool operator==(const Program&, const Program&) = default;
};

struct Tool {
  DigestPair digest;
  std::string name;
  friend bool operator==(const Tool&, const Tool&) = default;
};

// The value stays out of the receipt: it may be a secret.
struct Variable {
  DigestPair digest;  // of the value
  std::string name;
  friend bool operator==(const Variable&, const Variable&) = default;
};

struct Limits {
  std::uint64_t effects = 0, files = 0;
  ByteCount memory, output, stack;
  Nanoseconds time{};
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Moment {
  WallTime real, virtual_time;
  friend bool operator==(const Moment&, const Moment&) = default;
};

// A folder of the host, and where the task saw it.
struct MountedFolder {
  std::string at, root;
  friend bool operator==(const MountedFolder&, const MountedFolder&) = default;
};

// How a guest that is a process was started, besides what every task has. `protections` by the names of `writ doctor`.
struct Launch {
  std::string code_at;                    // where it saw its code; empty: that was no file of its own
  ByteCount disk;                         // limits that only processes have
  std::string folder;                     // the working folder, as it saw it
  std::uint64_t processes = 0;
  std::vector<std::string> protections;   // what held it
  friend bool operator==(const Launch&, const Launch&) = default;
};

struct InputManifest {
  std::vector<std::string> arguments;
  std::vector<Capability> capabilities;
  Program code;
  std::vector<std::string> denies;        // patterns that win over every capability
  Tool engine;                            // what ran it, down to the image
  std::string entry;                      // the function or program entered
  std::vector<Variable> environment;      // what the task could see of it
  std::string fence;                      // the protection that the task really ran under
  std::optional<DigestPair> input;        // standard input as far as it was read; none: the task never asked
  std::vector<std::string> labels;        // K=V
  Limits limits;
  std::vector<MountedFolder> mounts;      // folders that stood elsewhere in its view than at their own path
  std::string name;                       // given by --id; may be empty
  std::vector<Sha256> parents;            // statements of the receipts this task follows from
  std::optional<DigestPair> policy;       // none: no policy but the grants
  std::vector<Launch> process;            // one, of a guest that is a process; else none
  DigestPair seed;                        // commitment to the 32 bytes that all virtual randomness comes from
  Moment started;
  Sha256 state;                           // root of the state that the commit met: what the task had read was still so
  TaskId task;
  Tool toolchain;                         // what made the image
  friend bool operator==(const InputManifest&, const InputManifest&) = default;
};

enum class Settlement : std::uint8_t { committed, discarded };

struct Effects {
  std::uint64_t count = 0, denied = 0;  // effects tried, and how many of them were refused
  std::uint64_t entries = 0;            // leaves below the root: a run of equal effects is one entry
  Sha256 root;                          // RFC 6962 root over the canonical entries of the journal
  std::uint64_t sent = 0;               // outbound effects: they cannot be taken back
  friend bool operator==(const Effects&, const Effects&) = default;
};

struct Outcome {
  std::string end;                      // "completed", "trapped", ...
  std::int64_t exit = 0;
  std::string function;                 // where it ended, if it did not by itself
  std::string reason;
  bool success() const { return end == "completed" && exit == 0; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Stream {
  DigestPair digest;
  ByteCount size;
  friend bool operator==(const Stream&, const Stream&) = default;
};

struct Resources {
  Nanoseconds cpu{};
  std::uint64_t host_calls = 0;
  ByteCount memory;                     // the most it held
  Nanoseconds time{};
  friend bool operator==(const Resources&, const Resources&) = default;
};

struct Write {
  ObjectVersion after, before;          // 0: did not exist
  std::optional<DigestPair> digest;     // of the new content; none: removed
  std::string object;
  friend bool operator==(const Write&, const Write&) = default;
};

enum class FileKind : std::uint8_t { file, folder, link };  // link: a symbolic one
enum class FileChange : std::uint8_t { created, changed, removed };

// What was done to one path of the host.
struct FileWrite {
  std::optional<DigestPair> after, before;  // of the content; none: no file is there, or was
  FileChange happened = FileChange::created;
  FileKind kind = FileKind::file;           // of what is there afterwards; of what was there, if removed
  std::uint64_t mode = 0;                   // permission bits afterwards; 0 if removed
  std::string path;                         // absolute; bytes
  std::string target;                       // of a link
  friend bool operator==(const FileWrite&, const FileWrite&) = default;
};

struct OutputManifest {
  Effects effects;
  std::vector<FileWrite> files;             // by folder and path; empty if discarded
  Moment finished;
  std::vector<std::string> nondeterminism;  // why a replay may differ; empty: it may not
  Outcome outcome;
  Stream standard_error, standard_output;
  std::vector<std::string> recalled;        // ids of memory records the task was shown
  Resources resources;
  Settlement settlement = Settlement::discarded;
  Sha256 state;                             // root of the state after; as before if discarded
  TaskId task;
  std::vector<Write> writes;                // by object; empty if discarded
  friend bool operator==(const OutputManifest&, const OutputManifest&) = default;
};

// The canonical text, and its strict inverse.
std::string text_of(const InputManifest&);
std::string text_of(const OutputManifest&);
Result<InputManifest> parse_input_manifest(std::string_view);
Result<OutputManifest> parse_output_manifest(std::string_view);

}  // namespace writ::proof
