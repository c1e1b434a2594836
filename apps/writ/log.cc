// `writ log`: the key, the checkpoint, the proofs and the tiles of this store's log. What they print is what other people's tools
// read (C2SP signed notes and tlog-proofs), so text goes out as it is, and --json wraps it.
#include "opening.h"
#include "writ/base/escape.h"
#include "writ/wire/json.h"

namespace writ::cli {
namespace {

void print(Output& output, const char* schema, const char* member, std::string text) {
  if (!output.text_wanted()) return output.document({{"schema", schema}, {member, std::move(text)}});
  while (text.ends_with('\n')) text.pop_back();
  output.line(text);
}

Status consistency(Invocation& i, runtime::Runtime& runtime, std::uint64_t m, std::uint64_t n) {
  WRIT_TRY(const auto hashes, runtime.consistency(m, n));
  if (!i.output.text_wanted()) {
    i.output.document({{"schema", "writ.log-consistency/1"}, {"from", m}, {"to", n}, {"hashes", hashes}});
    return exit_holds;
  }
  for (const auto& h : hashes) i.output.line(h);
  return exit_holds;
}

Status export_tiles(Invocation& i, runtime::Runtime& runtime, const std::string& folder) {
  WRIT_TRY(const auto done, runtime.export_log(folder));
  if (i.output.text_wanted())
    i.output.line(escape_for_terminal(folder) + ": size " + std::to_string(done.size) + " (was " + std::to_string(done.before) + "), " +
                  std::to_string(done.files) + " files written");
  else
    i.output.document({{"schema", "writ.log-export/1"},
                       {"folder", json_text(folder)},
                       {"before", done.before},
                       {"size", done.size},
                       {"files", done.files}});
  return exit_holds;
}

}  // namespace

Status log(Invocation& i) {
  const std::string_view word = i.arguments.command->name.substr(4);
  if (word == "export") {
    WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
    auto status = export_tiles(i, *store.runtime, i.arguments.operands[0]);
    return status.failed() && status.error().code == Code::corrupt ? Status(status.error(), exit_does_not_hold) : status;
  }
  std::vector<std::uint64_t> numbers;
  for (const std::string& text : i.arguments.operands) {
    const auto n = parse_number(text, "writ " + std::string(i.arguments.command->name), 0,
                                static_cast<std::uint64_t>(largest_json_integer));
    if (!n) return {n.error(), exit_usage};
    numbers.push_back(*n);
  }
  if (word == "key") {
    WRIT_TRY(auto key, verifier_key(i));
    print(i.output, "writ.log-key/1", "key", std::move(key));
    return exit_holds;
  }
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  if (word == "checkpoint") {
    WRIT_TRY(auto text, store->checkpoint());
    print(i.output, "writ.log-checkpoint/1", "checkpoint", std::move(text));
  } else if (word == "prove") {
    WRIT_TRY(auto text, store->prove(numbers[0]));
    print(i.output, "writ.log-proof/1", "proof", std::move(text));
  } else {
    return consistency(i, *store.runtime, numbers[0], numbers[1]);
  }
  return exit_holds;
}

}  // namespace writ::cli
