#include "writ/runtime/difference.h"

#include "writ/runtime/summary.h"
#include "writ/task/stage.h"
#include "writ/workspace/line_diff.h"

namespace writ::runtime {
namespace {

constexpr std::size_t context_lines = 3;  // as diff and git have it

using Lines = std::vector<std::string_view>;

void append_lines(std::string& out, char mark, const Lines& lines, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    out += mark;
    out += lines[i];
    if (!lines[i].ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

std::string range(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  const std::size_t first = count == 0 ? begin : begin + 1;
  return count == 1 ? std::to_string(first) : std::to_string(first) + "," + std::to_string(count);
}

// Edits that are close enough to share their context.
struct Hunk {
  std::size_t first = 0, last = 0;  // [first, last) of the edits
};
std::vector<Hunk> hunks(const std::vector<workspace::Edit>& edits) {
  std::vector<Hunk> made;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!made.empty() && edits[i].old_begin - edits[i - 1].old_end <= 2 * context_lines) made.back().last = i + 1;
    else made.push_back({i, i + 1});
  }
  return made;
}

std::string body_of_patch(const Lines& before, const Lines& after) {
  std::string out;
  const auto edits = workspace::diff_lines(before, after);
  for (const auto& h : hunks(edits)) {
    const auto &first = edits[h.first], &last = edits[h.last - 1];
    const std::size_t lead = std::min(context_lines, first.old_begin);
    const std::size_t trail = std::min(context_lines, before.size() - last.old_end);
    out += "@@ -" + range(first.old_begin - lead, last.old_end + trail) + " +" + range(first.new_begin - lead, last.new_end + trail) +
           " @@\n";
    std::size_t at = first.old_begin - lead;
    for (std::size_t i = h.first; i < h.last; ++i) {
      append_lines(out, ' ', before, at, edits[i].old_begin);
      append_lines(out, '-', before, edits[i].old_begin, edits[i].old_end);
      append_lines(out, '+', after, edits[i].new_begin, edits[i].new_end);
      at = edits[i].old_end;
    }
    append_lines(out, ' ', before, at, last.old_end + trail);
  }
  return out;
}

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
  c.patch = "--- " + from + "\n+++ " + to + "\n" + body_of_patch(workspace::split_lines(before), workspace::split_lines(after));
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

Result<Difference> of_staged(const store::View& view, const task::Sealed& sealed, const std::vector<std::string>& only) {
  Difference d;
  d.state = task::State::staged;
  WRIT_TRY(const auto chosen, task::choose(sealed.changes, only));
  for (const auto& w : chosen.writes) {
    const auto body = w.body ? std::optional<std::string_view>(*w.body) : std::nullopt;
    WRIT_TRY(auto change, change_of(view, w.path, chosen.read_set.at(w.path), ObjectVersion(), body));
    d.changes.push_back(std::move(change));
  }
  d.digest = task::changes_digest(chosen).hex();
  return d;
}

}  // namespace

Result<Difference> difference(const store::View& view, const TaskId& id, const std::vector<std::string>& only) {
  WRIT_TRY(const auto sealed, task::find_staged(view, id, task::Bodies::load));
  if (sealed) return of_staged(view, *sealed, only);
  WRIT_TRY(const auto record, record_of(view, id));
  gate::ChangeSet all;  // as choose() wants it; without bodies
  for (const auto& w : record.output.writes) {
    all.read_set.emplace(w.object, w.before);
    all.writes.push_back({w.object, w.digest ? std::optional<std::string>("") : std::nullopt, w.digest.value_or(DigestPair{})});
  }
  WRIT_TRY(const auto chosen, task::choose(all, only));
  Difference d;
  d.state = record.state;
  std::size_t next = 0;  // of the chosen, which are in the order of the writes
  for (const auto& w : record.output.writes) {
    if (next == chosen.writes.size() || chosen.writes[next].path != w.object) continue;
    ++next;
    WRIT_TRY(const auto after, version_of(view, w.object, w.after));
    const auto body = after.there ? std::optional<std::string_view>(after.body) : std::nullopt;
    WRIT_TRY(auto change, change_of(view, w.object, w.before, w.after, body));
    d.changes.push_back(std::move(change));
  }
  d.digest = task::changes_digest(chosen).hex();
  return d;
}

}  // namespace writ::runtime
