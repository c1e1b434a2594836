// The members of Changes, in canonical order (wire/form.h).
#pragma once

#include <array>

#include "writ/wire/form.h"
#include "writ/workspace/changes.h"

namespace writ::workspace {

inline constexpr std::array<std::string_view, 3> kind_names{"file", "folder", "link"};
inline constexpr std::array<std::string_view, 3> happened_names{"created", "changed", "removed"};

template <class F>
void describe(F& form, typename F::template Value<Identity>& v) {
  form.object([&] {
    form("changed", v.changed);
    form("inode", v.inode);
    form("modified", v.modified);
    form("size", v.size);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Lines>& v) {
  form.object([&] { form("added", v.added), form("removed", v.removed); });
}
template <class F, class N>
void describe_mode(F& form, N& mode) {
  std::uint64_t wide = mode;
  form("mode", wide);
  if constexpr (!std::is_const_v<N>) {
    if (wide > 07777) form.refuse("more bits than a mode has");
    mode = static_cast<std::uint32_t>(wide & 07777);
  }
}
template <class F>
void describe(F& form, typename F::template Value<Base>& v) {
  form.object([&] {
    form("digest", v.digest);
    form("identity", v.identity);
    form.choice("kind", v.kind, kind_names);
    describe_mode(form, v.mode);
    form("target", v.target);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Change>& v) {
  form.object([&] {
    form("base", v.base);
    form("digest", v.digest);
    form.choice("happened", v.happened, happened_names);
    form.choice("kind", v.kind, kind_names);
    form("lines", v.lines);
    describe_mode(form, v.mode);
    form("modified", v.modified);
    form("path", v.path);
    form("same_as", v.same_as);
    form("size", v.size);
    form("target", v.target);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Seen>& v) {
  form.object([&] { form("base", v.base), form("path", v.path); });
}
template <class F>
void describe(F& form, typename F::template Value<Tree>& v) {
  form.object([&] {
    form("changes", v.changes);
    form.later("exchanged", v.exchanged);
    form("root", v.root);
    form("seen", v.seen);
  });
}
template <class F>
void describe(F& form, typename F::template Value<Changes>& v) {
  form.object([&] {
    form.constant("schema", changes_schema);
    form("trees", v.trees);
  });
}

}  // namespace writ::workspace
