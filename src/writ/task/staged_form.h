// The document of a staged task, and of what its digest is made: members in canonical order (wire/form.h). docs/formats/staged.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "writ/proof/verify/manifest_form.h"
#include "writ/task/recipe_form.h"

namespace writ::task {

namespace staged {

struct Listing {
  std::string folder;
  std::vector<std::string> objects;
};
struct Read {
  std::string object;
  ObjectVersion version;
};
struct Write {
  std::optional<DigestPair> digest;  // none: removed
  std::string object;
};
struct Document {
  proof::InputManifest input;
  std::vector<Listing> listed;
  proof::OutputManifest output;
  std::vector<Read> reads;
  Recipe recipe;
  std::vector<Write> writes;
};
// What changes_digest() (stage.h) is made of.
struct Replacement {
  std::optional<DigestPair> after;
  ObjectVersion before;
  std::string object;
};

template <class F>
void describe(F& form, typename F::template Value<Listing>& v) {
  form.object([&] { form("folder", v.folder), form("objects", v.objects); });
}
template <class F>
void describe(F& form, typename F::template Value<Read>& v) {
  form.object([&] { form("object", v.object), form("version", v.version); });
}
template <class F>
void describe(F& form, typename F::template Value<Write>& v) {
  form.object([&] { form("digest", v.digest), form("object", v.object); });
}
template <class F>
void describe(F& form, typename F::template Value<Replacement>& v) {
  form.object([&] { form("after", v.after), form("before", v.before), form("object", v.object); });
}
template <class F>
void describe(F& form, typename F::template Value<Document>& v) {
  form.object([&] {
    form("input", v.input);
    form("listed", v.listed);
    form("output", v.output);
    form("reads", v.reads);
    form("recipe", v.recipe);
    form.constant("schema", "writ.staged/1");
    form("writes", v.writes);
  });
}

}  // namespace staged

}  // namespace writ::task
