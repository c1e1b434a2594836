#include "run_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "limit_words.h"
#include "manifest.h"
#include "policy_commands.h"
#include "writ/base/clock.h"
#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

constexpr ByteCount most_wasm_memory = 4 * GiB;
constexpr std::size_t longest_name = 64;
constexpr std::uint64_t most_retries = 1000;

// A name must not be taken for an id, a prefix of one, or `@`.
Result<std::string> check_task_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (name.empty() || name.size() > longest_name || !std::ranges::all_of(name, plain) || name[0] == '-' ||
      name[0] == '.')
    return invalid("not a name for a task: \"" + name + "\"", "--id",
                   "1 to 64 of a-z A-Z 0-9 . _ -, beginning with a letter or digit");
  if (name.size() >= 4 && std::ranges::all_of(name, digit))
    return invalid("a name of hex digits alone could be taken for an id: \"" + name + "\"", "--id",
                   "add a letter beyond f");
  return name;
}

Result<std::pair<std::string, std::string>> split(const std::string& text, std::string_view option,
                                                  std::string_view shape) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return invalid("\"" + text + "\" has no name and value", std::string(option),
                   std::string(option) + " " + std::string(shape));
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

class RequestReader {
 public:
  RequestReader(const Invocation& i, RunRequest& out)
      : arguments_(i.arguments), surroundings_(i.surroundings), out_(out), now_(system_clock().wall()) {}

  // The kinds of one's own that grants may name: of options, of the manifest, of policies.
  Result<void> read_effects() {
    for (const std::string& text : arguments_.values("--effect")) {
      auto kind = effect::parse_kind(text);
      if (!kind) return invalid(kind.error().what, "--effect " + text, kind.error().hint);
      WRIT_CHECK(own_.add(*kind));
    }
    if (manifest_)
      for (const auto& kind : manifest_->effects) WRIT_CHECK(own_.add(kind));
    if (out_.spec.policy)
      for (const auto& kind : out_.spec.policy->own.declared()) WRIT_CHECK(own_.add(kind));
    return {};
  }

  Result<void> read_options() {
    WRIT_CHECK(read_grants());
    for (const std::string& text : arguments_.values("--cap")) {
      WRIT_TRY(out_.spec.capabilities.emplace_back(), authority::parse_handle(text));
    }
    out_.spec.environment = surroundings_.environment;
    for (const std::string& text : arguments_.values("--env")) WRIT_CHECK(read_environment(text));
    for (const std::string& text : arguments_.values("--workspace")) WRIT_CHECK(read_workspace(text));
    for (const std::string& text : arguments_.values("--hide")) WRIT_CHECK(read_hidden(text));
    for (const std::string& text : arguments_.values("--label")) {
      WRIT_CHECK(split(text, "--label", "KEY=VALUE"));
      out_.spec.labels.push_back(text);
    }
    WRIT_CHECK(read_values());
    return read_enforcement();
  }

  // After the manifest, because an option wins over it.
  Result<void> read_limits() {
    for (const std::string& text : arguments_.values("--limit")) {
      WRIT_TRY(const auto pair, split(text, "--limit", "NAME=VALUE"));
      for (auto* limits : {&out_.spec.limits, &out_.process_limits})
        WRIT_CHECK(set_limit(*limits, pair.first, pair.second, "--limit " + text));
    }
    return {};
  }

  Result<void> read_manifest_file(const std::string& path) {
    WRIT_TRY(manifest_, read_manifest(path, out_.spec.limits));
    WRIT_CHECK(read_manifest(path, out_.process_limits));
    return {};
  }

  Result<void> take_manifest() {
    if (!manifest_) return {};
    const Manifest& manifest = *manifest_;
    WRIT_CHECK(add(manifest.grants, out_.spec.grants, &RequestReader::grant));
    WRIT_CHECK(add(manifest.denies, out_.spec.denies, &RequestReader::deny));
    if (manifest.entry && !arguments_.has("--entry")) out_.spec.entry = *manifest.entry;
    if (manifest.code) out_.spec.code_name = *manifest.code;
    out_.spec.arguments = manifest.arguments;
    return {};
  }

  Result<void> read_code_name() {
    const auto& operands = arguments_.operands;
    if (arguments_.has("-e")) {
      if (arguments_.after_mark) return invalid("code was given twice", "-e and --", "one of them");
      out_.spec.code_name = "-e";
      out_.spec.arguments.assign(operands.begin(), operands.end());
    } else if (!operands.empty()) {
      out_.spec.code_name = operands[0];
      if (operands.size() > 1) out_.spec.arguments.assign(operands.begin() + 1, operands.end());
    }
    if (out_.spec.code_name.empty())
      return invalid("no code was given", fmt::format("writ {}", arguments_.command->name),
                     fmt::format("writ {} [OPTIONS] CODE [ARGS...]", arguments_.command->name));
    if (out_.spec.code_name == "-") {
      if (arguments_.value("--input") == "-")
        return invalid("standard input cannot be both the code and the guest's input", "--input -",
                       "--input FILE or none");
      if (!arguments_.has("--input")) out_.input = "none";
    }
    return {};
  }

 private:
  Result<authority::Grant> grant(std::string_view text) const {
    return authority::parse_grant(text, surroundings_.working_folder, now_, own_);
  }

  Result<authority::Grant> deny(std::string_view text) const {
    return authority::parse_deny(text, surroundings_.working_folder, own_);
  }

  Result<void> add(const std::vector<GrantText>& texts, std::vector<authority::Grant>& to,
                   Result<authority::Grant> (RequestReader::*parse)(std::string_view) const) const {
    for (const GrantText& t : texts) {
      auto parsed = (this->*parse)(t.text);
      if (!parsed) {
        Error e = std::move(parsed).error();
        e.where = t.where + (e.where.empty() ? "" : ", ") + e.where;
        return e;
      }
      to.push_back(*std::move(parsed));
    }
    return {};
  }

  Result<void> read_grants() {
    std::vector<GrantText> grants, denies;
    for (const std::string& text : arguments_.values("--grant")) grants.push_back({text, "--grant"});
    for (const std::string& text : arguments_.values("--deny")) denies.push_back({text, "--deny"});
    WRIT_CHECK(add(grants, out_.spec.grants, &RequestReader::grant));
    return add(denies, out_.spec.denies, &RequestReader::deny);
  }

  // DIR[:MOUNT][:ro]. A folder's name may hold colons, a mount is absolute and comes last.
  Result<void> read_workspace(const std::string& text) {
    const auto refuse = [&](std::string what, std::string hint) { return invalid(std::move(what), "--workspace " + text, std::move(hint)); };
    std::string folder = text, at;
    const bool read_only = folder.ends_with(":ro");
    if (read_only) folder.resize(folder.size() - 3);
    if (const auto colon = folder.rfind(":/"); colon != folder.npos && colon > 0) {
      at = folder.substr(colon + 1);
      folder.resize(colon);
    }
    if (folder.empty()) return refuse("there is no folder", "--workspace DIR[:MOUNT][:ro]");
    const auto canonical = [](const std::string& path) {
      auto clean = std::filesystem::path(path).lexically_normal().string();
      if (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
      return clean;
    };
    folder = canonical(surroundings_.absolute(folder));
    at = at.empty() ? folder : canonical(at);
    std::error_code failed;
    if (!std::filesystem::is_directory(folder, failed)) return refuse("it is not a folder", "name one that is there");
    if (at == "/state" || at.starts_with("/state/")) return refuse("/state is where the guest sees the state", "choose another MOUNT");
    for (const auto& m : out_.spec.mounts)
      if (m.at == at) return refuse("two folders at one place", "give one of them another MOUNT");
    const std::string resource = authority::escape_resource(folder == "/" ? "" : folder) + "/";
    WRIT_TRY(auto read, grant("file.read:" + resource));
    out_.spec.grants.push_back(std::move(read));
    if (!read_only) {
      WRIT_TRY(auto write, grant("file.write:" + resource));
      out_.spec.grants.push_back(std::move(write));
    }
    out_.spec.mounts.push_back({at, folder});
    return {};
  }

  // What is hidden is not there for the guest; the denies say so in the receipt, and hold for a rerun.
  Result<void> read_hidden(const std::string& text) {
    const auto refuse = [&](std::string what, std::string hint) { return invalid(std::move(what), "--hide " + text, std::move(hint)); };
    if (out_.spec.mounts.empty()) return refuse("there is no workspace to hide it in", "--workspace DIR --hide GLOB");
    std::string glob = text;
    if (glob.ends_with('/')) glob.pop_back();
    if (glob.starts_with('/')) glob.erase(0, 1);
    else if (glob.find('/') == glob.npos) glob.insert(0, "**/");
    if (glob.empty() || glob == "**/" || glob == "**/**") return refuse("there is no name", "--hide .env, --hide secrets/ or --hide 'config/*.key'");
    auto pattern = authority::Pattern::parse("/" + glob, effect::ResourceForm::host_path, "/");
    if (!pattern) return refuse(pattern.error().what, pattern.error().hint);
    if (pattern->text() != "/" + glob && (glob.find("..") != glob.npos || glob.find("//") != glob.npos || glob.find("./") != glob.npos))
      return refuse("it is not below the workspace as it is written", "leave out ., .. and //");
    for (const auto& m : out_.spec.mounts)
      for (const std::string_view effect : {"file.read:", "file.write:"})
        for (const std::string_view end : {"", "/"}) {
          const std::string root = authority::escape_resource(m.host == "/" ? "" : m.host);
          WRIT_TRY(auto denied, deny(std::string(effect) + root + "/" + glob + std::string(end)));
          out_.spec.denies.push_back(std::move(denied));
        }
    out_.spec.hidden.push_back(std::move(*pattern));
    return {};
  }

  Result<void> read_environment(const std::string& text) {
    const std::string name = text.substr(0, text.find('='));
    if (name.empty())
      return invalid("a variable without a name: \"" + text + "\"", "--env", "--env NAME or --env NAME=VALUE");
    if (text.size() == name.size()) {
      if (!surroundings_.variable(name))
        return invalid("this variable is not set here", "--env " + name, "--env " + name + "=VALUE");
    } else {
      std::erase_if(out_.spec.environment, [&](const std::string& v) { return v.starts_with(name + "="); });
      out_.spec.environment.push_back(text);
    }
    WRIT_TRY(auto visible, grant("env:" + authority::escape_resource(name)));
    out_.spec.grants.push_back(std::move(visible));
    return {};
  }

  Result<void> read_values() {
    if (const auto v = arguments_.value("--id")) {
      WRIT_TRY(out_.spec.name, check_task_name(*v));
    }
    if (const auto v = arguments_.value("--retry")) {
      WRIT_TRY(out_.retries, parse_number(*v, "--retry", 0, most_retries));
    }
    if (const auto v = arguments_.value("--seed")) {
      const auto bytes = parse_hex(*v);
      if (!bytes || bytes->size() != 32)
        return invalid("not a seed: \"" + *v + "\"", "--seed", "64 lower-case hex digits");
      out_.spec.seed.emplace();
      std::ranges::copy(*bytes, out_.spec.seed->begin());
    }
    for (const auto& [option, target] : {std::pair("--input", &out_.input), std::pair("--entry", &out_.spec.entry)})
      if (const auto v = arguments_.value(option)) {
        if (v->empty()) return invalid("the value is empty", option, {});
        *target = *v;
      }
    out_.receipt = arguments_.value("--receipt");
    out_.manifest = arguments_.value("-o");
    if (out_.manifest && (out_.manifest->empty() || out_.manifest->ends_with('/')))
      return invalid("not a file: \"" + *out_.manifest + "\"", "-o", "-o FILE");
    if (out_.receipt && (out_.receipt->empty() || out_.receipt->ends_with('/')))
      return invalid("not a file: \"" + *out_.receipt + "\"", "--receipt", "--receipt FILE");
    if (arguments_.has("--strict")) out_.spec.on_denial = gate::OnDenial::end_task;
    if (arguments_.has("--keep-inputs")) out_.spec.inputs = task::Spec::Inputs::keep;
    if (arguments_.has("--stage") && out_.receipt)
      return invalid("a staged task has no receipt yet", "--receipt", "writ show TASK --json has it after `writ commit`");
    WRIT_TRY(out_.spec.commit_by, parse_manner(arguments_.value("--commit-by")));
    if (arguments_.has("--stage") && arguments_.has("--commit-by"))
      return invalid("a staged task is committed later", "--commit-by", "writ commit TASK --commit-by swap");
    if (arguments_.has("--stage")) out_.spec.then = task::Spec::Then::stage;
    if (arguments_.has("--keep-failed") && out_.receipt)
      return invalid("a failed task that is kept has no receipt yet", "--receipt", "writ show TASK --json has it after `writ discard`");
    if (arguments_.has("--keep-failed")) out_.spec.failed = task::Spec::Failed::keep;
    if (arguments_.has("--dry-run")) out_.mode = RunRequest::Mode::dry;
    return {};
  }

  Result<void> read_enforcement() {
    static constexpr std::array<std::string_view, 4> fences{"auto", "key", "page", "process"};
    WRIT_TRY(out_.guests.tier, parse_tier(arguments_.value("--tier")));
    if (const auto v = arguments_.value("--fence")) {
      if (std::ranges::find(fences, *v) == fences.end())
        return invalid("unknown fence \"" + *v + "\"", "--fence", suggestion(*v, fences, "auto, key, page or process"));
      if (*v == "key") out_.guests.fence = runtime::FenceChoice::key;
      if (*v == "page") out_.guests.fence = runtime::FenceChoice::page;
    }
    for (const std::string& list : arguments_.values("--require"))
      for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        if (end == at)
          return invalid("an empty name in \"" + list + "\"", "--require",
                         "names as `writ doctor` lists them, with commas between");
        out_.required.push_back(list.substr(at, end - at));
        at = end + 1;
      }
    return {};
  }

  const Arguments& arguments_;
  const Surroundings& surroundings_;
  RunRequest& out_;
  WallTime now_;
  std::optional<Manifest> manifest_;
  effect::OwnKinds own_;
};

Status usage(Error e) {
  const int exit = e.code == Code::unsupported ? exit_not_available : exit_usage;
  return {std::move(e), exit};
}

}  // namespace

Status read_run_request(const Invocation& invocation, RunRequest& out) {
  RequestReader reader(invocation, out);
  if (Status s = read_policies_of(invocation, out.spec.policy); s.failed()) return s;
  if (const auto path = invocation.arguments.value("--manifest"))
    if (auto r = reader.read_manifest_file(*path); !r) {
      const int exit = r.error().code == Code::unsupported ? exit_not_available : exit_bad_input;
      return {std::move(r).error(), exit};
    }
  if (auto r = reader.read_effects(); !r) return usage(std::move(r).error());
  if (auto r = reader.read_options(); !r) return usage(std::move(r).error());
  if (auto r = reader.take_manifest(); !r) return {std::move(r).error(), exit_bad_input};
  if (auto r = reader.read_limits(); !r) return usage(std::move(r).error());
  if (auto r = reader.read_code_name(); !r) return usage(std::move(r).error());
  return exit_holds;
}

Status read_rerun_request(const Invocation& invocation, RunRequest& told) {
  const std::vector<std::string> seen = told.spec.environment;
  RequestReader reader(invocation, told);
  if (Status s = read_policies_of(invocation, told.spec.policy); s.failed()) return s;
  if (auto r = reader.read_effects(); !r) return usage(std::move(r).error());
  if (auto r = reader.read_options(); !r) return usage(std::move(r).error());
  if (auto r = reader.read_limits(); !r) return usage(std::move(r).error());
  const auto options = invocation.arguments.values("--env");
  for (const std::string& variable : seen) {
    const std::string name = variable.substr(0, variable.find('='));
    const auto is_given = [&](const std::string& o) { return o.substr(0, o.find('=')) == name; };
    if (std::ranges::any_of(options, is_given)) continue;
    std::erase_if(told.spec.environment, [&](const std::string& v) { return v.starts_with(name + "="); });
    told.spec.environment.push_back(variable);
  }
  return exit_holds;
}

Status check_limits(const Invocation& invocation, const task::Spec& spec) {
  if (spec.language != "wasm") return exit_holds;
  for (const std::string& text : invocation.arguments.values("--limit"))
    if (text.starts_with("processes=") || text.starts_with("disk="))
      return {invalid("this limit is for guests that are processes", "--limit " + text, "leave it out"), exit_usage};
  if (spec.limits.memory > most_wasm_memory)
    return {invalid("WebAssembly addresses no more than " + format_size(most_wasm_memory), "--limit memory", "less"), exit_usage};
  return exit_holds;
}

std::vector<std::string> words_like_ours(const Arguments& arguments) {
  std::vector<std::string> found;
  if (arguments.after_mark) return found;
  for (std::size_t i = 1; i < arguments.operands.size(); ++i) {
    const std::string& word = arguments.operands[i];
    const std::string name = word.substr(0, word.starts_with("--") ? word.find('=') : std::string::npos);
    if (name != "--help" && name != "-h" && name.starts_with('-') && find_option(*arguments.command, name))
      found.push_back(name);
  }
  return found;
}

}  // namespace writ::cli
