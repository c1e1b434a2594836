#include "writ/guest/process/engine.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "writ/guest/process/disk_watch.h"
#include "writ/guest/process/program.h"
#include "writ/guest/process/pump.h"
#include "writ/guest/process/state_folder.h"
#include "writ/guest/process/view.h"
#include "writ/guest/process/watcher.h"
#include "writ/supervise/enclose.h"

namespace writ::guest::process {
namespace {

using supervise::Offered;
using supervise::Way;

constexpr int not_found = 127, not_executable = 126, by_signal = 128;  // as a shell has it

class Program final : public Image {
 public:
  Program(std::string path, DigestPair digest, Bytes code)
      : engine_{std::move(path), digest}, toolchain_{"none", writ::digest(BytesView())}, code_(std::move(code)) {}
  const Tool& engine() const override { return engine_; }
  const Tool& toolchain() const override { return toolchain_; }
  std::optional<DigestPair> code() const override { return code_.empty() ? std::optional(engine_.digest) : std::nullopt; }
  bool code_was_handed_over() const override { return !code_.empty(); }
  std::string_view nondeterminism() const override { return "process"; }
  BytesView bytes() const { return code_; }

 private:
  Tool engine_, toolchain_;
  Bytes code_;
};

class ProcessEngine final : public Engine {
 public:
  ProcessEngine(const Offered& offered, std::string digests) : offered_(offered), digests_(std::move(digests)) {}

  std::string_view fence() const override { return "process"; }
  std::vector<std::string> protections() const override { return protections_of(offered_); }
  Layers layers() const override {
    switch (*offered_.way) {
      case Way::root: return Layers::trusted_overlays;
      case Way::user: return Layers::user_overlays;
      case Way::bare: return Layers::copies;
    }
    std::unreachable();
  }

  Result<std::shared_ptr<const Image>> prepare(std::span<const std::byte>) override {
    return invalid("a process needs a program that runs it", "engine");
  }
  Result<std::shared_ptr<const Image>> prepare_as(std::span<const std::byte> code, std::string_view program) override {
    WRIT_TRY(auto path, find_program(std::string(program), {}, "/"));
    WRIT_TRY(const auto digest, digests_.of(path));
    return std::make_shared<const Program>(std::move(path), digest, Bytes(code.begin(), code.end()));
  }

  Result<Run> run(const Image& image, Call& call) override;

 private:
  Offered offered_;
  ProgramDigests digests_;
};

std::vector<std::string> environment_of(const View& view, gate::Session& session) {
  std::vector<std::string> list = session.environment();
  const auto add = [&](std::string name, const std::string& value) {
    const auto is_given = [&](const std::string& v) { return v.starts_with(name + "="); };
    if (!value.empty() && std::ranges::none_of(list, is_given)) list.push_back(name + "=" + value);
  };
  add("HOME", view.home);
  add("LANG", "C.UTF-8");
  add("PATH", std::string(default_path));
  add("SHELL", "/bin/sh");
  add("TMPDIR", view.temporary);
  add("WRIT_STATE", view.state);
  return list;
}

Outcome outcome_of(const supervise::EnclosedEnd& end, bool out_of_memory) {
  if (!end.failed.empty())
    return {End::completed, end.number == ENOENT || end.number == ENOTDIR ? not_found : not_executable,
            system_error(end.number, "cannot be executed inside", {}).text(), {}};
  Outcome o{End::completed, end.code, {}, {}};
  if (end.signalled) {
    o.exit_code = by_signal + end.code;
    o.reason = "killed by signal " + std::to_string(end.code);
  }
  if (out_of_memory && o.exit_code != 0) o = {End::out_of_memory, o.exit_code, "more memory than its limit", {}};
  return o;
}

Outcome outcome_of(Until until) {
  switch (until) {
    case Until::ended: return {};
    case Until::time: return {End::timed_out, 0, "ran longer than its limit of time", {}};
    case Until::cancelled: return {End::cancelled, 0, {}, {}};
    case Until::output: return {End::trapped, 0, "more output than its limit", {}};
    case Until::disk: return {End::trapped, 0, "wrote more to its folders than its limit of disk", {}};
    case Until::full: return {End::trapped, 0, "the disk that its folders lie on is nearly full", {}};
  }
  std::unreachable();
}

Result<Run> ProcessEngine::run(const Image& image, Call& call) {
  const auto& program = static_cast<const Program&>(image);
  const Way way = *offered_.way;
  WRIT_TRY(const auto files, call.session.standing_files());
  if (call.session.monitor().must_end()) return Run{};
  std::string private_folder;
  if (way == Way::bare || call.session.has_state()) {
    WRIT_TRY(private_folder, call.private_folder());
  }
  std::optional<StateFolder> state;
  if (call.session.has_state()) {
    WRIT_TRY(state, StateFolder::fill(call.session, private_folder + "/state"));
  }
  WRIT_TRY(auto view, View::make({way, call, files, program.engine().name, program.bytes(), private_folder, state ? state->path() : std::string()}));
  const auto group = supervise::ControlGroup::make({call.limits.memory, call.limits.processes});
  if ((offered_.memory_group && !group.limits_memory()) || (offered_.process_group && !group.limits_processes()))
    return Error{Code::unavailable, "a control group that was there is not there any more", {}, {}};
  WRIT_TRY(auto pump, Pump::open(call.stdio));

  supervise::Enclosure e;
  e.way = way;
  e.program = program.engine().name;
  e.arguments = call.arguments;
  if (!view.code_at.empty() && as_text(program.bytes()).starts_with("#!")) {  // its first line says how, down to the flags
    e.program = e.arguments.front() = view.code_at;
  } else if (!view.code_at.empty()) {
    e.arguments.front() = e.program;
    e.arguments.insert(e.arguments.begin() + 1, view.code_at);
  }
  e.environment = environment_of(view, call.session);
  e.folder = view.folder;
  e.meets_sockets = view.meets_sockets;
  e.places = std::move(view.places);
  e.listable = std::move(view.listable);
  e.readable = std::move(view.readable);
  e.writable = std::move(view.writable);
  e.devices = std::move(view.devices);
  e.limits = {group.limits_memory() ? ByteCount() : call.limits.memory, call.limits.disk, std::min(call.limits.disk, call.limits.memory),
              call.limits.processes, call.limits.files};
  // Nothing but a run to learn is allowed any file there is: a process cannot be granted the root.
  const bool learns = call.session.monitor().visible({effect::Kind::file_read, "/any", 0, 0});
  if (learns) e.watching = supervise::Watching::denials;
  e.input = pump.input();
  e.output = pump.output();
  e.errors = pump.errors();

  const auto start = system_clock().monotonic();
  WRIT_TRY(auto enclosed, supervise::enclose(e, &group));
  std::optional<Watcher> watcher;
  if (learns) {
    std::vector<std::string> visible;
    if (way == Way::bare)
      for (const auto* list : {&e.readable, &e.writable}) visible.insert(visible.end(), list->begin(), list->end());
    WRIT_TRY(auto listener, enclosed.take_listener());
    watcher.emplace(std::move(listener), call.session, std::move(visible));
  }
  const Pump::Also also = watcher ? Pump::Also{watcher->fd(), [&watcher] { watcher->answer(); }} : Pump::Also{};
  std::vector<std::string> written;
  for (const auto& layer : call.layers)
    if (layer.use == Layer::Use::change) written.insert(written.end(), layer.written.begin(), layer.written.end());
  DiskWatch disk(std::move(written), call.limits.disk);
  Until until = pump.run(enclosed.ended(), start + call.limits.time, call.cancellation, also, disk);
  if (until == Until::ended && disk.watches() && disk.look() == DiskWatch::Over::limit) until = Until::disk;
  if (until != Until::ended) enclosed.kill();
  const auto end = enclosed.wait();
  const bool fits = pump.finish();
  if (until == Until::ended && !end.failed.empty() && end.failed != "execute")
    return system_error(end.number, "the fence could not be made (" + end.failed + ")", e.program);
  Run run;
  run.outcome = until != Until::ended ? outcome_of(until) : fits ? outcome_of(end, group.ran_out_of_memory()) : outcome_of(Until::output);
  run.resources = {system_clock().monotonic() - start, enclosed.cpu(), std::max(group.peak_memory(), enclosed.peak_memory()), 0};
  if (state && run.outcome.success())
    if (const auto collected = state->collect(call.session); !collected)
      run.outcome = {End::trapped, 0, "its state cannot be committed: " + collected.error().text(), {}};
  return run;
}

}  // namespace

std::vector<std::string> protections_of(const Offered& o) {
  std::vector<std::string> names;
  const bool spaces = o.way && *o.way != Way::bare;
  if (o.way) names.emplace_back("process-fence");
  if (o.landlock_abi > 0) names.emplace_back("process-landlock");
  if (o.memory_group) names.emplace_back("process-memory");
  if (spaces) names.emplace_back("process-namespaces");
  if (o.process_group || (o.way && *o.way == Way::user)) names.emplace_back("process-count");
  if (o.seccomp) names.emplace_back("process-seccomp");
  if (o.landlock_abi >= 6 || spaces) names.emplace_back("process-signals");
  if (o.way && *o.way == Way::user) names.emplace_back("process-user-namespace");
  std::ranges::sort(names);
  return names;
}

Result<std::unique_ptr<Engine>> open_engine(const Offered& offered, std::string digests) {
  if (!offered.way)
    return Error{Code::unsupported, "this machine cannot hold a process: " + offered.why_not, "--fence process",
                 "writ doctor tells what is missing; WebAssembly runs everywhere"};
  return std::make_unique<ProcessEngine>(offered, std::move(digests));
}

}  // namespace writ::guest::process
