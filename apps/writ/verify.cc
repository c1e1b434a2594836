// `writ verify RECEIPT|TASK...`: receipts from files or from the store, against keys that this user trusts. The
// verdicts and their words are those of writ-verify (proof/verify).
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bundle.h"
#include "opening.h"
#include "writ/base/file.h"
#include "writ/proof/verify/report.h"
#include "writ/proof/verify/trust.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_receipt = 64 * MiB;

bool is_there(const std::string& file) { return ::access(file.c_str(), F_OK) == 0; }

// How `tasks` and the last line of a run name a task. Such a word means the task, also where a file is called so.
bool is_written_as_task(const std::string& word) {
  return word.starts_with('@') || (word.size() >= 4 && word.find_first_not_of("0123456789abcdef") == word.npos);
}
// Any other word is a file if it looks like one or is one, and a task's name else.
bool names_a_file(const std::string& word) {
  if (word == "-" || std::ranges::find(word, '/') != word.end() || word.ends_with(".json")) return true;
  return !is_written_as_task(word) && is_there(word);
}

class Verifier {
 public:
  explicit Verifier(Invocation& i) : i_(i) {}

  Result<void> read_trust() {
    const Arguments& a = i_.arguments;
    for (const std::string& text : a.values("--key")) {
      auto key = proof::parse_vkey(text);
      if (!key) return invalid(key.error().what, "--key " + text, "NAME+ID+KEY, as `writ log key` prints it");
      trust_.keys.push_back(*std::move(key));
    }
    for (const std::string& file : a.values("--keys")) {
      WRIT_TRY(const auto keys, proof::read_keys_file(file));
      trust_.keys.insert(trust_.keys.end(), keys.begin(), keys.end());
    }
    if (a.has("--any-key")) trust_.strangers = proof::Trust::Strangers::accept;
    named_ = a.has("--key") || a.has("--keys") || a.has("--any-key");
    if (named_) return {};
    WRIT_TRY(const std::string config, config_folder(i_.surroundings));
    WRIT_TRY(trust_.keys, proof::read_trust_folder(config + "/trust"));
    return {};
  }

  Result<proof::Verdict> check(const std::string& word) {
    if (!names_a_file(word)) {
      auto verdict = check_task(word);
      if (!verdict && is_there(word)) {
        Error e = std::move(verdict).error();
        e.hint = "the file of that name is ./" + word;
        return e;
      }
      return verdict;
    }
    WRIT_TRY(const std::string text, read_file(word == "-" ? "/dev/stdin" : word, largest_receipt));
    return tell(word, text, proof::verify_receipt(text, trust_));
  }

  void finish(int worst) {
    if (i_.output.form() != Form::document || receipts_.empty()) return;
    i_.output.document(
        {{"schema", "writ.verify/1"}, {"holds", worst == exit_holds}, {"receipts", std::move(receipts_)}});
  }

 private:
  // A task of this store: its own key vouches for it unless others were named, and its place in the log is checked too.
  Result<proof::Verdict> check_task(const std::string& word) {
    if (!store_) {
      WRIT_TRY(store_, open_store(i_, runtime::Access::read));
    }
    WRIT_TRY(const TaskId id, find_task(*store_->runtime, word));
    WRIT_TRY(const std::string text, (*store_)->receipt(id));
    proof::Trust trust = trust_;
    if (!named_) {
      WRIT_TRY(const auto own, (*store_)->verifier_keys());
      for (const std::string& vkey : own) {
        WRIT_TRY(trust.keys.emplace_back(), proof::parse_vkey(vkey));
      }
    }
    auto found = proof::verify_receipt(text, trust);
    if (found.verdict == proof::Verdict::verified)
      if (const auto held = (*store_)->verify_task(id); !held) {
        found.verdict = proof::Verdict::mismatched;
        found.what = held.error().what;
        found.where = held.error().where;
      }
    return tell(word, text, found);
  }

  Result<proof::Verdict> tell(const std::string& word, const std::string& text, const proof::Verification& v) {
    if (as_bundle_ && proof::exit_status(v.verdict) == exit_holds) {
      WRIT_TRY(const std::string bundle, sigstore_bundle(text));
      i_.output.line(bundle);
    } else if (i_.output.text_wanted()) {
      i_.output.line(proof::report_line(word, v));
    } else {
      Document d = proof::report_json(word, v);
      if (i_.output.form() == Form::document) {
        receipts_.push_back(std::move(d));
      } else {
        Document line{{"schema", "writ.verify-receipt/1"}};
        line.update(d);
        i_.output.document(line);
      }
    }
    return v.verdict;
  }

  Invocation& i_;
  proof::Trust trust_;
  const bool as_bundle_ = i_.arguments.has("--format");
  bool named_ = false;  // keys were given on the command line
  std::optional<OpenedStore> store_;
  Document receipts_ = Document::array();
};

}  // namespace

Status verify(Invocation& i) {
  if (const auto format = i.arguments.value("--format"); format && *format != "bundle")
    return {invalid("unknown format", "--format " + *format, "bundle is the one there is"), exit_usage};
  Verifier verifier(i);
  if (auto read = verifier.read_trust(); !read) {
    const bool usage = read.error().code == Code::invalid && read.error().where.starts_with("--key ");
    return {std::move(read).error(), usage ? exit_usage : exit_bad_input};
  }
  int worst = exit_holds;
  Error unreadable;
  for (const std::string& word : i.arguments.operands) {
    const auto verdict = verifier.check(word);
    worst = std::max(worst, verdict ? proof::exit_status(*verdict)
                                    : std::max<int>(exit_bad_input, exit_status(verdict.error().code)));
    if (!verdict && unreadable.what.empty()) unreadable = verdict.error();
  }
  verifier.finish(worst);
  return {std::move(unreadable), worst};
}

}  // namespace writ::cli
