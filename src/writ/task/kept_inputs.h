// KeptInputs: what a task read from outside, kept so that it can be told again when it is no longer there (--keep-inputs):
// its standard input with the sizes of the reads, and every answer of the host's files, in order, with the contents.
//
// KeepingFiles stands between the gate and the actor and writes down what passes. KeptFiles is an actor that answers from
// what was written down, and knows nothing of the disk.
//
// Bounded: beyond max_kept nothing more is kept and `complete` says so; the task itself goes on.
// Tables: task.kept (id -> canonical text), task.content (SHA-256 -> bytes, once for all tasks).
// Threads: one task, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/base/units.h"
#include "writ/effect/actor.h"
#include "writ/store/store.h"

namespace writ::task {

inline constexpr ByteCount max_kept = 128 * MiB;  // in memory until the settlement, which is one commit of at most 512 MiB

// An Error as it is kept.
struct KeptError {
  Code code = Code::invalid;
  std::string what, where, hint;
  std::int64_t number = 0;
};

// One call of the port and what came of it.
struct KeptAnswer {
  enum class Call : std::uint8_t { open, stat, look, list, read_link } call = Call::open;  // look: a stat that follows no link
  std::string resource;
  std::optional<KeptError> error;
  effect::Metadata metadata;                       // open, stat, look
  std::vector<effect::DirectoryEntry> entries;     // list
  std::string target;                              // read_link
  std::string real_path, host_path;
  std::optional<Sha256> content;                   // open
};

struct KeptInputs {
  bool complete = true;
  std::vector<KeptAnswer> answers;
  std::vector<std::uint64_t> pieces;               // of standard input, as it was read
  std::optional<Sha256> input;                     // its content; none: never read
  std::map<Sha256, Bytes> contents;                // to be put; not part of the text

  // Takes the bytes, or says that they are too many.
  std::optional<Sha256> take(Bytes bytes);
  ByteCount size;                                  // of contents
};

Result<void> put_kept(store::Transaction&, const TaskId&, const KeptInputs&);
Result<std::optional<KeptInputs>> find_kept(const store::View&, const TaskId&);  // without contents
Result<Bytes> find_content(const store::View&, const Sha256&);
// The contents of all that was opened, for KeptFiles.
Result<void> load_contents(const store::View&, KeptInputs&);

class KeepingFiles final : public effect::HostFiles {
 public:
  KeepingFiles(std::unique_ptr<effect::HostFiles> below, KeptInputs& kept) : below_(std::move(below)), kept_(kept) {}
  Result<std::unique_ptr<effect::File>> open(const effect::Authorized&) override;
  Result<effect::Located<effect::Metadata>> stat(const effect::Authorized&, effect::Follow) override;
  Result<effect::Located<std::vector<effect::DirectoryEntry>>> list(const effect::Authorized&) override;
  Result<effect::Located<std::string>> read_link(const effect::Authorized&) override;
  Result<void> admit(std::uint32_t capability, const std::string& root) override { return below_->admit(capability, root); }

 private:
  KeptAnswer& note(KeptAnswer::Call, const effect::Authorized&);

  std::unique_ptr<effect::HostFiles> below_;
  KeptInputs& kept_;
};

class KeptFiles final : public effect::HostFiles {
 public:
  explicit KeptFiles(KeptInputs kept);  // with its contents
  Result<std::unique_ptr<effect::File>> open(const effect::Authorized&) override;
  Result<effect::Located<effect::Metadata>> stat(const effect::Authorized&, effect::Follow) override;
  Result<effect::Located<std::vector<effect::DirectoryEntry>>> list(const effect::Authorized&) override;
  Result<effect::Located<std::string>> read_link(const effect::Authorized&) override;
  Result<void> admit(std::uint32_t, const std::string&) override { return {}; }

 private:
  // The next answer to this call; `conflict` if the task never asked so often.
  Result<const KeptAnswer*> next(KeptAnswer::Call, const effect::Authorized&);

  KeptInputs kept_;
  std::map<std::pair<KeptAnswer::Call, std::string>, std::vector<std::size_t>> waiting_;  // indices of answers, last first
};

}  // namespace writ::task
