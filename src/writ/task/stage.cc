#include "writ/task/stage.h"

#include <algorithm>

#include "writ/task/chunks.h"
#include "writ/task/files_settlement.h"
#include "writ/task/staged_form.h"

namespace writ::task {

namespace {

constexpr std::string_view documents = "task.staged", journals = "task.staged_journal", bodies = "task.staged_body",
                           folders = "task.staged_files";

staged::Document document_of(const Sealed& s) {
  staged::Document d{s.input, {}, s.output, {}, s.recipe, {}};
  for (const auto& [folder, objects] : s.changes.listed) d.listed.push_back({folder, objects});
  for (const auto& [object, version] : s.changes.read_set) d.reads.push_back({object, version});
  for (const auto& w : s.changes.writes) d.writes.push_back({w.body ? std::optional(w.digest) : std::nullopt, w.path});
  return d;
}

Bytes body_key(const TaskId& id, std::size_t number) {
  Bytes key(id.bytes.begin(), id.bytes.end());
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<std::byte>(number >> shift));
  return key;
}

Error damaged(const TaskId& id, std::string what) {
  return {Code::corrupt, "a staged task is not what was sealed: " + std::move(what), id.hex(), "writ discard it, and run it again"};
}

Result<std::vector<effect::Entry>> read_journal(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto text, find_chunks(view, journals, id.bytes));
  if (!text) return damaged(id, "its journal is missing");
  std::vector<effect::Entry> entries;
  for (std::string_view rest = as_text(*text); !rest.empty();) {
    const auto end = rest.find('\n');
    WRIT_TRY(auto entry, effect::decode_entry(rest.substr(0, end)));
    entries.push_back(std::move(entry));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return entries;
}

Result<std::string> read_body(const store::View& view, const TaskId& id, std::size_t number, const staged::Write& write) {
  WRIT_TRY(const auto body, find_chunks(view, bodies, body_key(id, number)));
  if (!body) return damaged(id, "the body of " + write.object + " is missing");
  if (digest(*body) != *write.digest) return damaged(id, "the body of " + write.object + " has another digest");
  return std::string(as_text(*body));
}

}  // namespace

Result<void> keep_staged(store::Transaction& t, const Sealed& s) {
  const TaskId& id = s.input.task;
  std::string lines;
  for (const auto& e : s.journal) lines += effect::encode(e) + "\n";
  WRIT_CHECK(put_chunks(t, documents, id.bytes, as_bytes(write_form(document_of(s)))));
  WRIT_CHECK(put_chunks(t, journals, id.bytes, as_bytes(lines)));
  if (!s.files.empty()) WRIT_CHECK(put_chunks(t, folders, id.bytes, as_bytes(workspace::text_of(s.files))));
  for (std::size_t i = 0; i < s.changes.writes.size(); ++i)
    if (const auto& body = s.changes.writes[i].body) WRIT_CHECK(put_chunks(t, bodies, body_key(id, i), as_bytes(*body)));
  return {};
}

Result<void> forget_staged(store::Transaction& t, const TaskId& id) {
  WRIT_TRY(const bool there, is_staged(t, id));
  if (!there) return Error{Code::conflict, "the task is not staged any more: somebody else settled it", id.hex(), "writ show tells how"};
  for (const auto table : {documents, journals, bodies, folders}) WRIT_CHECK(remove_chunks(t, table, id.bytes));
  return {};
}

namespace {

Result<workspace::Changes> read_files(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto text, find_chunks(view, folders, id.bytes));
  if (!text) return workspace::Changes();
  auto changes = workspace::parse_changes(as_text(*text));
  if (!changes) return damaged(id, changes.error().text());
  return changes;
}

// How it ended, as its manifest says.
Result<guest::Outcome> outcome_of(const proof::Outcome& told, const TaskId& id) {
  for (const auto end : guest::ends)
    if (guest::name(end) == told.end) return guest::Outcome{end, static_cast<int>(told.exit), told.reason, told.function};
  return damaged(id, "it ended in no way that is known: " + told.end);
}

}  // namespace

Result<std::optional<Sealed>> find_staged(const store::View& view, const TaskId& id, Bodies wanted) {
  WRIT_TRY(const auto text, find_chunks(view, documents, id.bytes));
  if (!text) return std::optional<Sealed>();
  auto d = read_form<staged::Document>(as_text(*text));
  if (!d) return damaged(id, d.error().text());
  if (d->input.task != id || d->output.task != id) return damaged(id, "it is another task's");
  Sealed s;
  WRIT_TRY(s.outcome, outcome_of(d->output.outcome, id));
  s.state = s.outcome.success() ? State::staged : State::kept;
  WRIT_TRY(s.files, read_files(view, id));
  WRIT_TRY(s.journal, read_journal(view, id));
  for (auto& l : d->listed) s.changes.listed.emplace(std::move(l.folder), std::move(l.objects));
  for (auto& r : d->reads) s.changes.read_set.emplace(std::move(r.object), r.version);
  for (std::size_t i = 0; i < d->writes.size(); ++i) {
    const auto& w = d->writes[i];
    if (!s.changes.read_set.contains(w.object)) return damaged(id, "a write without the version that it replaces: " + w.object);
    gate::StagedWrite write{w.object, std::nullopt, w.digest ? *w.digest : digest(BytesView())};
    if (w.digest) write.body.emplace();
    if (w.digest && wanted == Bodies::load) {
      WRIT_TRY(write.body, read_body(view, id, i, w));
    }
    s.changes.writes.push_back(std::move(write));
  }
  s.input = std::move(d->input);
  s.output = std::move(d->output);
  s.recipe = std::move(d->recipe);
  return std::optional(std::move(s));
}

Result<bool> is_staged(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto text, view.record(documents, body_key(id, 0)));
  return text.has_value();
}

Result<void> visit_staged(const store::View& view, const TaskId& first, const TaskId& last,
                          const std::function<Result<store::Visit>(const TaskId&)>& visit) {
  Bytes end = body_key(last, 0xffffffff);
  std::optional<TaskId> previous;
  return view.scan(documents, first.bytes, end, [&](BytesView key, BytesView) -> Result<store::Visit> {
    TaskId id;
    if (key.size() < id.bytes.size()) return Error{Code::corrupt, "a staged task has a malformed key", {}, "run writ fsck"};
    std::copy_n(key.begin(), id.bytes.size(), id.bytes.begin());
    if (std::exchange(previous, id) == id) return store::Visit::more;  // another chunk of the same
    return visit(id);
  });
}

namespace {
Sha256 digest_of(const std::vector<staged::Replacement>& replaced, const std::vector<proof::FileWrite>& files) {
  std::string all;
  for (const auto& r : replaced) all += write_form(r) + "\n";
  for (const auto& f : files) all += write_form(f) + "\n";
  return sha256(as_bytes(all));
}
}  // namespace

Sha256 changes_digest(const gate::ChangeSet& changes, const workspace::Changes& files) {
  std::vector<staged::Replacement> replaced;
  for (const auto& w : changes.writes) {
    const auto read = changes.read_set.find(w.path);
    const ObjectVersion before = read == changes.read_set.end() ? ObjectVersion() : read->second;
    replaced.push_back({w.body ? std::optional(w.digest) : std::nullopt, before, w.path});
  }
  return digest_of(replaced, file_writes(files));
}

Sha256 changes_digest(const std::vector<proof::Write>& writes, const std::vector<proof::FileWrite>& files) {
  std::vector<staged::Replacement> replaced;
  for (const auto& w : writes) replaced.push_back({w.digest, w.before, w.object});
  return digest_of(replaced, files);
}

}  // namespace writ::task
