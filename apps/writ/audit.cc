// `writ audit`: every receipt, the log and the state root, checked again.
#include <algorithm>
#include <map>

#include "opening.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/proof/merkle/check.h"
#include "writ/proof/verify/log_proof.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_checkpoint = 64 * KiB;

Document report_document(const runtime::AuditReport& r) {
  Document failed = Document::array();
  for (const auto& f : r.failed) failed.push_back({{"task", f.task}, {"what", json_text(f.what)}});
  return {
      {"schema", "writ.audit/1"},   {"total", r.total},       {"verified", r.verified}, {"failed", std::move(failed)},
      {"state_root", r.state_root}, {"log_root", r.log_root}, {"size", r.size},         {"time", r.time}};
}

// One line a task: those that hold too, so that a person sees what was looked at.
Result<void> print_tasks(Output& output, runtime::Runtime& runtime, const runtime::AuditReport& report) {
  std::map<std::string, std::string> failures;
  for (const auto& f : report.failed) failures.emplace(f.task, f.what);
  runtime::TaskFilter every;
  every.limit = static_cast<std::size_t>(-1);
  WRIT_TRY(const auto all, runtime.tasks(every));
  for (const auto& t : all) {
    const auto it = failures.find(t.id.hex());
    if (it == failures.end()) output.line(t.id.brief() + "  verified");
  }
  for (const auto& [task, what] : failures)
    output.line((task.empty() ? "store" : task.substr(0, 8)) + "  FAILED    " + escape_for_terminal(what));
  return {};
}

struct SignedHead {
  proof::Note note;
  proof::Checkpoint checkpoint;
};

// Signed by one of these keys: the one that signs now, or one from before a rotation.
Result<SignedHead> read_head(const std::string& text, const std::vector<proof::VerifierKey>& keys) {
  SignedHead head;
  WRIT_TRY(head.note, proof::parse_note(text));
  const auto signed_by = [&](const proof::VerifierKey& key) { return proof::check_note(head.note, key).has_value(); };
  if (std::ranges::none_of(keys, signed_by))
    return Error{Code::corrupt, "this checkpoint is not signed by a key of this log", {}, "is it of another store?"};
  WRIT_TRY(head.checkpoint, proof::parse_checkpoint(head.note.text));
  return head;
}

// The log must still begin with the tree that the older checkpoint signs: how a store put back to an older copy, or
// one with another past, is found.
Result<void> check_extends(runtime::Runtime& runtime, const std::string& file) {
  WRIT_TRY(const std::string text, read_file(file, largest_checkpoint));
  WRIT_TRY(const auto own, runtime.verifier_keys());
  std::vector<proof::VerifierKey> keys;
  for (const std::string& vkey : own) {
    WRIT_TRY(keys.emplace_back(), proof::parse_vkey(vkey));
  }
  WRIT_TRY(const SignedHead then, read_head(text, keys));
  WRIT_TRY(const std::string newest, runtime.checkpoint());
  WRIT_TRY(const SignedHead now, read_head(newest, keys));
  const auto mismatch = [&](std::string what) { return Error{Code::corrupt, std::move(what), file, {}}; };
  if (then.checkpoint.origin != now.checkpoint.origin) return mismatch("this checkpoint is of another log");
  if (then.checkpoint.size > now.checkpoint.size)
    return mismatch("the log is shorter than this checkpoint: the store was put back to an older state");
  if (then.checkpoint.size == 0) return {};
  if (then.checkpoint.size == now.checkpoint.size && then.checkpoint.root != now.checkpoint.root)
    return mismatch("the log has another past than this checkpoint: as many leaves, and other ones");
  WRIT_TRY(const auto hashes, runtime.consistency(then.checkpoint.size, now.checkpoint.size));
  merkle::Path path;
  for (const std::string& hash : hashes) {
    const auto digest = Sha256::parse(hash);
    if (!digest) return mismatch("the log's proof of consistency is not made of hashes");
    path.push_back(*digest);
  }
  const auto holds = merkle::check_consistency(then.checkpoint.size, then.checkpoint.root, now.checkpoint.size,
                                               now.checkpoint.root, path);
  return holds ? Result<void>() : mismatch("the log has another past than this checkpoint: it does not begin with what that signs");
}

}  // namespace

Status audit(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  if (const auto file = i.arguments.value("--since"))
    if (auto extends = check_extends(*store.runtime, *file); !extends) {
      const int exit = extends.error().code == Code::corrupt ? exit_does_not_hold : exit_bad_input;
      return {std::move(extends).error(), exit};
    }
  WRIT_TRY(const auto report, store->audit());
  if (i.output.text_wanted()) {
    WRIT_CHECK(print_tasks(i.output, *store.runtime, report));
    i.output.line(std::to_string(report.verified) + " of " + std::to_string(report.total) + " verified; log size " +
                  std::to_string(report.size) + ", root " + report.log_root + "; state root " + report.state_root);
  } else {
    i.output.document(report_document(report));
  }
  return report.failed.empty() && report.verified == report.total ? exit_holds : exit_does_not_hold;
}

}  // namespace writ::cli
