// The members of the manifests, in canonical order (wire/form.h).
#pragma once

#include <array>

#include "writ/proof/verify/manifest.h"
#include "writ/wire/form.h"

namespace writ::proof {

inline constexpr std::array<std::string_view, 3> file_kind_names{"file", "folder", "link"};
inline constexpr std::array<std::string_view, 3> file_change_names{"created", "changed", "removed"};
inline constexpr std::array<std::string_view, 2> settlement_names{"committed", "discarded"};

template <class F>
void describe(F& form, typename F::template Value<Region>& v) {
  form.object([&] { form("object", v.object), form("rights", v.rights); });
}
template <class F>
void describe(F& form, typename F::template Value<Capability>& v) {
  form.object([&] {
    form("constraints", v.constraints);
    form("effect", v.effect);
    form("lineage", v.lineage);
    form("regions", v.regions);
    form("resource", v.resource);
    form("revocation", v.revocation);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Program>& v) {
  form.object([&] { form("digest", v.digest), form("language", v.language), form("name", v.name); });
}
template <class F>
void describe(F& form, typename F::template Value<Tool>& v) {
  form.object([&] { form("digest", v.digest), form("name", v.name); });
}
template <class F>
void describe(F& form, typename F::template Value<Variable>& v) {
  form.object([&] { form("digest", v.digest), form("name", v.name); });
}
template <class F>
void describe(F& form, typename F::template Value<Limits>& v) {
  form.object([&] {
    form("effects", v.effects);
    form("files", v.files);
    form("memory", v.memory);
    form("output", v.output);
    form("stack", v.stack);
    form("time", v.time);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Moment>& v) {
  form.object([&] { form("real", v.real), form("virtual", v.virtual_time); });
}
template <class F>
void describe(F& form, typename F::template Value<MountedFolder>& v) {
  form.object([&] { form("at", v.at), form("root", v.root); });
}
template <class F>
void describe(F& form, typename F::template Value<Launch>& v) {
  form.object([&] {
    form("code_at", v.code_at);
    form("disk", v.disk);
    form("folder", v.folder);
    form("processes", v.processes);
    form("protections", v.protections);
  });
}
template <class F>
void describe(F& form, typename F::template Value<InputManifest>& v) {
  form.object([&] {
    form("arguments", v.arguments);
    form("capabilities", v.capabilities);
    form("code", v.code);
    form("denies", v.denies);
    form("engine", v.engine);
    form("entry", v.entry);
    form("environment", v.environment);
    form("fence", v.fence);
    form("input", v.input);
    form("labels", v.labels);
    form("limits", v.limits);
    form.later("mounts", v.mounts);
    form("name", v.name);
    form("parents", v.parents);
    form("policy", v.policy);
    form.later("process", v.process);
    form.constant("schema", input_schema);
    form("seed", v.seed);
    form("started", v.started);
    form("state", v.state);
    form("task", v.task);
    form("toolchain", v.toolchain);
  });
}

template <class F>
void describe(F& form, typename F::template Value<Effects>& v) {
  form.object([&] {
    form("count", v.count);
    form("denied", v.denied);
    form("entries", v.entries);
    form("root", v.root);
    form("sent", v.sent);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Outcome>& v) {
  form.object([&] {
    form("end", v.end);
    form("exit", v.exit);
    form("function", v.function);
    form("reason", v.reason);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Stream>& v) {
  form.object([&] { form("digest", v.digest), form("size", v.size); });
}
template <class F>
void describe(F& form, typename F::template Value<Resources>& v) {
  form.object([&] {
    form("cpu", v.cpu);
    form("host_calls", v.host_calls);
    form("memory", v.memory);
    form("time", v.time);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Write>& v) {
  form.object([&] {
    form("after", v.after);
    form("before", v.before);
    form("digest", v.digest);
    form("object", v.object);
  });
}
template <class F>
void describe(F& form, typename F::template Value<FileWrite>& v) {
  form.object([&] {
    form("after", v.after);
    form("before", v.before);
    form.choice("happened", v.happened, file_change_names);
    form.choice("kind", v.kind, file_kind_names);
    form("mode", v.mode);
    form("path", v.path);
    form("target", v.target);
  });
}
template <class F>
void describe(F& form, typename F::template Value<OutputManifest>& v) {
  form.object([&] {
    form("effects", v.effects);
    form.later("files", v.files);
    form("finished", v.finished);
    form("nondeterminism", v.nondeterminism);
    form("outcome", v.outcome);
    form("recalled", v.recalled);
    form("resources", v.resources);
    form.constant("schema", output_schema);
    form.choice("settlement", v.settlement, settlement_names);
    form("standard_error", v.standard_error);
    form("standard_output", v.standard_output);
    form("state", v.state);
    form("task", v.task);
    form("writes", v.writes);
  });
}

}  // namespace writ::proof
