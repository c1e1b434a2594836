// `writ run`: one task from the command line, from its options to its last line.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "commands.h"
#include "declared.h"
#include "guest_input.h"
#include "guest_output.h"
#include "interruption.h"
#include "language.h"
#include "learned.h"
#include "open_files.h"
#include "opening.h"
#include "run_options.h"
#include "run_report.h"
#include "run_task.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

// A floor under this run: what the machine has is not enough if this run is asked to do without it.
Status check_protections(const std::vector<std::string>& required, const RunRequest& request) {
  if (required.empty()) return exit_holds;
  const auto offered = runtime::inspect_machine();
  for (const std::string& name : required) {
    const auto it = std::ranges::find(offered, name, &runtime::Protection::name);
    if (it == offered.end()) {
      std::vector<std::string_view> known;
      for (const auto& p : offered) known.push_back(p.name);
      return {invalid("unknown protection \"" + name + "\"", "--require", suggestion(name, known, "see `writ doctor`")),
              exit_usage};
    }
    using PartOf = runtime::Protection::PartOf;
    if (request.guests.fence == runtime::FenceChoice::page && it->part_of == PartOf::key_fence)
      return {invalid("this run would do without " + name + ", which it requires", "--fence page", "--fence key, or require less"),
              exit_usage};
    const bool process = request.spec.language != "wasm";
    if (process ? it->part_of != PartOf::process_fence && it->part_of != PartOf::everything : it->part_of == PartOf::process_fence)
      return {invalid("this run would do without " + name + ", which it requires",
                      process ? "a process is held by the kernel" : "a WebAssembly module is fenced in memory", "require less"),
              exit_usage};
    if (it->state != "present")
      return {Error{Code::unsupported, "this machine lacks a protection: " + name + " is " + it->state, "--require",
                    it->detail},
              exit_not_available};
  }
  return exit_holds;
}

Result<Fd> open_input(const std::string& name) {
  if (name == "none") return Fd();
  if (name == "-") {
    Fd copy(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!copy) return system_error(errno, "cannot use standard input", "--input -");
    return copy;
  }
  Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, "cannot open the input", name);
  struct stat found {};
  if (::fstat(file.get(), &found) == 0 && S_ISDIR(found.st_mode))
    return system_error(EISDIR, "cannot read the input", name);
  return file;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool is_special(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
}

// Before anything runs: a receipt that cannot be written is better known now.
Result<void> check_receipt_place(const std::string& path) {
  const std::string& place = is_special(path) ? path : folder_of(path);
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))
    return system_error(EISDIR, "cannot write the receipt", path);
  if (::access(place.c_str(), W_OK) != 0) return system_error(errno, "cannot write the receipt", path);
  return {};
}

Result<void> write_receipt(const std::string& path, const std::string& text) {
  if (text.empty()) return Error{Code::unavailable, "the receipt could not be read just now", path, {}};
  if (!is_special(path)) return replace_file(path, text, 0644);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const int number = file ? write_all(file.get(), text) : errno;
  return number ? Result<void>(system_error(number, "cannot write the receipt", path)) : Result<void>();
}

Document plan_document(const RunRequest& request) {
  const task::Spec& s = request.spec;
  Document d{{"schema", "writ.run-plan/1"}, {"code", json_text(s.code_name)}, {"entry", json_text(s.entry)}};
  d["arguments"] = d["grants"] = d["deny"] = Document::array();
  for (const auto& a : s.arguments) d["arguments"].push_back(json_text(a));
  for (const auto& g : s.grants) d["grants"].push_back(g.text());
  for (const auto& g : s.denies) d["deny"].push_back(g.text());
  d["limits"] = {{"memory", format_size(s.limits.memory)},
                 {"stack", format_size(s.limits.stack)},
                 {"output", format_size(s.limits.output)},
                 {"time", format_time(s.limits.time)},
                 {"effects", s.limits.effects},
                 {"files", s.limits.files}};
  if (s.language != "wasm") {
    d["language"] = json_text(s.language);
    d["program"] = json_text(s.engine);
    d["folder"] = json_text(s.folder);
    d["limits"]["processes"] = s.limits.processes;
    d["limits"]["disk"] = format_size(s.limits.disk);
  }
  d["strict"] = s.on_denial == gate::OnDenial::end_task;
  d["input"] = json_text(request.input);
  return d;
}

Status print_plan(Output& output, const RunRequest& request) {
  const Document d = plan_document(request);
  if (!output.text_wanted()) {
    output.document(d);
    return exit_holds;
  }
  output.line("would run " + escape_for_terminal(request.spec.code_name));
  for (const auto& g : d["grants"]) output.line("  grant " + escape_for_terminal(g.get<std::string>()));
  for (const auto& g : d["deny"]) output.line("  deny  " + escape_for_terminal(g.get<std::string>()));
  if (d["grants"].empty()) output.line("  no grants: it can compute and write to its standard streams");
  for (const auto& [name, value] : d["limits"].items())
    output.line("  limit " + name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  return exit_holds;
}

// Runs the task until it is settled or the retries are used up.
Result<task::Report> attempt(runtime::Runtime& runtime, RunRequest& request, GuestInput& input, GuestOutput& output,
                             const Interruption& interruption) {
  const bool kept = static_cast<bool>(request.spec.input);  // of the task that is run again: given once
  if (!kept) request.spec.input_source = {input.readable(), [&input](std::size_t n) { input.give_back(n); }};
  if (!kept) request.spec.input = [&input](std::span<std::byte> out, Nanoseconds deadline) { return input.read(out, deadline); };
  const bool learns = request.spec.purpose == task::Spec::Purpose::learn;  // standard output is the manifest's
  request.spec.output = [&output, learns](guest::Stream s, std::span<const std::byte> b) {
    return output.write(learns ? guest::Stream::err : s, b);
  };
  for (std::uint64_t left = request.retries;; --left) {
    auto report = runtime.execute(request.spec);
    if (!report || report->conflict.empty() || left == 0 || interruption.requested() || kept || !input.rewind()) return report;
    output.forget();
  }
}

void warn_of_guest_words(Output& output, const Arguments& arguments) {
  const auto found = words_like_ours(arguments);
  if (found.empty()) return;
  output.note("note: " + escape_for_terminal(found[0]) + (found.size() > 1 ? " and others" : "") +
              " after the code went to the guest; our options stand before it");
}

Status tell(Output& output, const RunRequest& request, const task::Report& report, GuestOutput& guest) {
  Status status = exit_status(report);
  for (const auto& warning : report.warnings) output.note("warning: " + warning);
  if (request.receipt)
    if (auto written = write_receipt(*request.receipt, report.receipt); !written) {
      Error e = std::move(written).error();
      e.hint = "the store has it: writ show " + report.id.brief() + " --json";
      status = {std::move(e), exit_not_available};
    }
  if (output.text_wanted()) {
    guest.release();
    guest.end();
    output.note(last_line(report));
    if (!guest.failure() && !status.failed())
      status = {guest.failure().error(), status.exit() == 0 ? static_cast<int>(exit_not_available) : status.exit()};
    return status;
  }
  auto document = run_document(report, &guest);
  if (!document) return {std::move(document).error(), exit_not_available};
  output.document(*document);
  output.note(last_line(report));
  return status;
}

Status tell_learned(Output& output, const RunRequest& request, const task::Report& report, GuestOutput& guest) {
  guest.end();
  const Learned learned = learn_from(report.journal);
  const std::string manifest = manifest_text(learned, request.spec, report);
  if (request.manifest) WRIT_CHECK(replace_file(*request.manifest, manifest, 0644));
  if (!output.text_wanted())
    output.document({{"schema", "writ.learn/1"},
                     {"task", report.id.hex()},
                     {"outcome", guest::name(report.outcome.end)},
                     {"exit_code", exit_status(report)},
                     {"grants", learned.grants},
                     {"sensitive", learned.sensitive},
                     {"unmet", learned.unmet},
                     {"file", request.manifest ? json_text(*request.manifest) : ""},
                     {"manifest", manifest}});
  else if (!request.manifest)
    output.bytes(manifest);
  output.note(last_line(report));
  return exit_status(report);
}

}  // namespace

// Before a guest gets into this process; one that is a process of its own would inherit the lock, and die of what it is refused.
void lock_before(const task::Spec& spec) {
  if (spec.language == "wasm") (void)runtime::lock_process();
}

Status run_task(Invocation& i, RunRequest& request) {
  const bool learns = request.spec.purpose == task::Spec::Purpose::learn;
  WRIT_TRY(const auto watching, Interruption::start());
  Interruption& interruption = *watching;
  auto source = open_input(request.input);
  if (!source) return {std::move(source).error(), exit_bad_input};
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write, request.guests, interruption.stop()));
  if (!learns) WRIT_CHECK(check_declaration(*store.runtime, request.spec, i.surroundings.working_folder));
  const bool hold = !learns && (!i.output.text_wanted() || request.retries > 0);
  GuestInput input(*std::move(source), interruption.stop(),
                   request.retries > 0 ? GuestInput::Keep::yes : GuestInput::Keep::no);
  GuestOutput output(hold ? GuestOutput::Way::hold : GuestOutput::Way::stream, interruption.stop(),
                     request.spec.limits.time);
  interruption.on_request([&store] { store->cancel_all(); });
  auto report = attempt(*store.runtime, request, input, output, interruption);
  interruption.on_request({});
  if (!report) {
    output.end();
    if (interruption.requested()) return {std::move(report).error(), exit_cancelled};
    const bool name_taken = report.error().code == Code::conflict && report.error().where.starts_with("--id");
    return name_taken ? Status(std::move(report).error(), exit_usage) : Status(std::move(report).error());
  }
  return learns ? tell_learned(i.output, request, *report, output) : tell(i.output, request, *report, output);
}

Status run(Invocation& i) {
  RunRequest request;
  if (Status s = read_run_request(i, request); s.failed()) return s;
  if (Status s = read_guest(i, request); s.failed()) return s;
  lock_before(request.spec);
  if (Status s = check_protections(request.required, request); s.failed()) return s;
  warn_of_guest_words(i.output, i.arguments);
  if (i.arguments.command->name == "learn") request.spec.purpose = task::Spec::Purpose::learn;
  if (request.mode == RunRequest::Mode::dry) return print_plan(i.output, request);
  if (request.receipt) WRIT_CHECK(check_receipt_place(*request.receipt));
  WRIT_CHECK(make_room_for_files(request.spec.limits.files));
  return run_task(i, request);
}

}  // namespace writ::cli
