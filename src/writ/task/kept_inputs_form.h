// The members of kept inputs, in canonical order (wire/form.h).
#pragma once

#include "writ/task/kept_inputs.h"
#include "writ/wire/form.h"

namespace writ {

namespace effect {

inline constexpr std::array<std::string_view, 4> type_names{"regular", "directory", "symbolic_link", "other"};

template <class F>
void describe(F& form, typename F::template Value<Metadata>& v) {
  form.object([&] {
    form("accessed", v.accessed);
    form("changed", v.changed);
    form("device", v.device);
    form("inode", v.inode);
    form("links", v.links);
    form("modified", v.modified);
    form("size", v.size);
    form.choice("type", v.type, type_names);
  });
}
template <class F>
void describe(F& form, typename F::template Value<DirectoryEntry>& v) {
  form.object([&] {
    form("inode", v.inode);
    form("name", v.name);
    form.choice("type", v.type, type_names);
  });
}

}  // namespace effect

namespace task {

inline constexpr std::array<std::string_view, 5> call_names{"open", "stat", "look", "list", "read_link"};

inline constexpr std::array<std::string_view, 8> code_names{"invalid", "denied",      "exhausted", "conflict",
                                                            "corrupt", "unavailable", "poisoned",  "unsupported"};

template <class F>
void describe(F& form, typename F::template Value<KeptError>& v) {
  form.object([&] {
    form.choice("code", v.code, code_names);
    form("hint", v.hint);
    form("number", v.number);
    form("what", v.what);
    form("where", v.where);
  });
}
template <class F>
void describe(F& form, typename F::template Value<KeptAnswer>& v) {
  form.object([&] {
    form.choice("call", v.call, call_names);
    form("content", v.content);
    form("entries", v.entries);
    form("error", v.error);
    form("host_path", v.host_path);
    form("metadata", v.metadata);
    form("real_path", v.real_path);
    form("resource", v.resource);
    form("target", v.target);
  });
}
template <class F>
void describe(F& form, typename F::template Value<KeptInputs>& v) {
  form.object([&] {
    form("answers", v.answers);
    form("complete", v.complete);
    form("input", v.input);
    form("pieces", v.pieces);
  });
}

}  // namespace task
}  // namespace writ
