// `writ state`: the operator's own reads and writes of objects. A write is a task with a receipt, like any other.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fmt/format.h>

#include "opening.h"
#include "policy_commands.h"
#include "run_report.h"
#include "state_tree.h"
#include "writ/base/escape.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/wire/bytes.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_body = 64 * MiB;

Document object_document(const runtime::ObjectInfo& o) {
  return {{"path", json_text(o.path)},
          {"version", o.version},
          {"size", o.size},
          {"sha256", o.sha256},
          {"removed", o.removed}};
}

Status print_objects(Output& output, std::string_view schema, const std::vector<runtime::ObjectInfo>& found) {
  if (output.form() == Form::document) {
    Document list = Document::array();
    for (const auto& o : found) list.push_back(object_document(o));
    output.document({{"schema", schema}, {"objects", std::move(list)}});
    return exit_holds;
  }
  for (const auto& o : found) {
    if (output.text_wanted()) {
      output.line(fmt::format("{:>10}  v{:<5} {}  {}{}", o.size, o.version, o.sha256.substr(0, 12),
                              escape_for_terminal(o.path), o.removed ? "  (removed)" : ""));
    } else {
      Document d{{"schema", "writ.object/1"}};
      d.update(object_document(o));
      output.document(d);
    }
  }
  return exit_holds;
}

Status get(Output& output, runtime::Runtime& runtime, const std::string& path) {
  WRIT_TRY(const std::string body, runtime.get_object(path));
  if (output.text_wanted()) {
    output.bytes(body);
    return exit_holds;
  }
  Document d{{"schema", "writ.state-get/1"}, {"path", json_text(path)}, {"size", body.size()}};
  if (is_utf8(body))
    d["body"] = body;
  else
    d["body_base64"] = base64(as_bytes(body));
  output.document(d);
  return exit_holds;
}

Result<std::string> body_from(const std::string& file) {
  if (file != "-") return read_file(file, largest_body);
  std::string body;
  std::array<char, 64 * 1024> piece;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot read the body", "standard input");
    if (n == 0) return body;
    body.append(piece.data(), static_cast<std::size_t>(n));
    if (body.size() > largest_body.value())
      return Error{Code::exhausted, "the body is larger than 64MiB", "standard input", {}};
  }
}

}  // namespace

Status state(Invocation& i) {
  const std::string_view word = i.arguments.command->name.substr(6);
  const auto& operands = i.arguments.operands;
  std::string body;
  if (word == "put") {
    auto read = body_from(operands[1]);
    if (!read) return {std::move(read).error(), exit_bad_input};
    body = *std::move(read);
  }
  std::shared_ptr<const authority::policy::Program> policy;
  if (Status s = read_policies_of(i, policy); s.failed()) return s;
  const bool reads = word == "get" || word == "export" || word == "ls" || word == "log";
  WRIT_TRY(const OpenedStore store, open_store(i, reads ? runtime::Access::read : runtime::Access::write));
  if (word == "get") return get(i.output, *store.runtime, operands[0]);
  if (word == "export") return export_objects(i.output, *store.runtime, operands[0]);
  if (word == "import") return import_objects(i.output, *store.runtime, operands[0], policy);
  if (word == "ls" || word == "log") {
    WRIT_TRY(const auto found, word == "ls" ? store->list_objects(operands.empty() ? "" : operands[0])
                                            : store->object_history(operands[0]));
    return print_objects(i.output, word == "ls" ? "writ.state-ls/1" : "writ.state-log/1", found);
  }
  WRIT_TRY(const auto report, word == "put" ? store->put_object(operands[0], body, policy) : store->remove_object(operands[0], policy));
  return tell_report(i.output, report);
}

}  // namespace writ::cli
