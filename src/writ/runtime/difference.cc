#include "writ/runtime/difference.h"

#include <algorithm>

#include "writ/runtime/file_difference.h"
#include "writ/runtime/patch.h"
#include "writ/runtime/summary.h"
#include "writ/task/files_settlement.h"
#include "writ/task/stage.h"
#include "writ/workspace/line_diff.h"

namespace writ::runtime {
namespace {

void write_patch(Change& c, std::string_view before, std::string_view after) {
  const bool made = c.what == Change::What::created, gone = c.what == Change::What::removed;
  c.text = workspace::is_text(before) && workspace::is_text(after);
  const std::string from = made ? "/dev/null" : "a/state/" + c.path, to = gone ? "/dev/null" : "b/state/" + c.path;
  if (!c.text) {
    c.patch = "Binary objects " + from + " and " + to + " differ\n";
    return;
  }
  const auto lines = workspace::count_lines(before, after);
  c.added = lines.added;
  c.removed = lines.removed;
  c.patch = "--- " + from + "\n+++ " + to + "\n" + hunks(before, after);
}

// An object's version as text and digest; empty if it did not exist, or was removed, in that version.
struct Version {
  bool there = false;
  std::string body, sha256;
};
Result<Version> version_of(const store::View& view, const std::string& path, ObjectVersion version) {
  WRIT_TRY(const auto body, store::body_if_there(view, path, version));
  if (!body) return Version();
  return Version{true, std::string(as_text(*body)), sha256(*body).hex()};
}

Result<Change> change_of(const store::View& view, const std::string& path, ObjectVersion before, ObjectVersion after,
                         std::optional<std::string_view> body) {
  WRIT_TRY(const auto old, version_of(view, path, before));
  Change c;
  c.path = path;
  c.before = before.value();
  c.after = after.value();
  c.what = !body ? Change::What::removed : old.there ? Change::What::changed : Change::What::created;
  c.sha256_before = old.sha256;
  if (body) c.sha256_after = sha256(as_bytes(*body)).hex();
  write_patch(c, old.body, body.value_or(std::string_view()));
  return c;
}

Result<Difference> of_staged(const store::View& view, const workspace::Places& places, const task::Sealed& sealed,
                             const task::Paths& only, Detail detail) {
  Difference d;
  d.state = sealed.state;
  WRIT_TRY(const auto chosen, task::choose(sealed.changes, sealed.files, only));
  for (const auto& w : chosen.objects.writes) {
    const auto body = w.body ? std::optional<std::string_view>(*w.body) : std::nullopt;
    WRIT_TRY(auto change, change_of(view, w.path, chosen.objects.read_set.at(w.path), ObjectVersion(), body));
    d.changes.push_back(std::move(change));
  }
  d.folder = patch_folder(sealed.files);
  WRIT_CHECK(add_file_changes(d, places, sealed.input.task, chosen.files, detail));
  d.digest = task::changes_digest(chosen.objects, chosen.files).hex();
  return d;
}

}  // namespace

Result<Difference> difference(const store::View& view, const workspace::Places& places, const TaskId& id, const task::Paths& only,
                              Detail detail) {
  WRIT_TRY(const auto sealed, task::find_staged(view, id, task::Bodies::load));
  if (sealed) return of_staged(view, places, *sealed, only, detail);
  WRIT_TRY(const auto record, record_of(view, id));
  gate::ChangeSet all;  // as choose() wants it; without bodies
  for (const auto& w : record.output.writes) {
    all.read_set.emplace(w.object, w.before);
    all.writes.push_back({w.object, w.digest ? std::optional<std::string>("") : std::nullopt, w.digest.value_or(DigestPair{})});
  }
  WRIT_TRY(const auto files, files_of(view, id, record.output));
  WRIT_TRY(const auto chosen, task::choose(all, files, only));
  Difference d;
  d.state = record.state;
  std::size_t next = 0;  // of the chosen, which are in the order of the writes
  for (const auto& w : record.output.writes) {
    if (next == chosen.objects.writes.size() || chosen.objects.writes[next].path != w.object) continue;
    ++next;
    WRIT_TRY(const auto after, version_of(view, w.object, w.after));
    const auto body = after.there ? std::optional<std::string_view>(after.body) : std::nullopt;
    WRIT_TRY(auto change, change_of(view, w.object, w.before, w.after, body));
    d.changes.push_back(std::move(change));
  }
  d.folder = patch_folder(files);
  WRIT_CHECK(add_file_changes(d, places, id, chosen.files, detail));
  d.digest = task::changes_digest(chosen.objects, chosen.files).hex();
  return d;
}

}  // namespace writ::runtime
