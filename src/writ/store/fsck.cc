#include "writ/store/fsck.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "writ/base/escape.h"
#include "writ/base/id.h"
#include "writ/store/page_check.h"
#include "writ/store/query.h"
#include "writ/store/schema.h"
#include "writ/store/unsynced.h"

namespace writ::store {
namespace {

constexpr std::size_t findings_limit = 1000;  // a store with more is restored, not mended by hand

class Check {
 public:
  Check(Connection& connection, FsckReport& report) : connection_(connection), report_(report) {}

  Result<void> pages();
  Result<void> head();
  Result<void> objects();
  Result<void> bodies();
  Result<void> records();
  Result<void> current();
  Result<void> mend();

 private:
  void find(std::string what, std::string where) {
    if (report_.findings.size() < findings_limit) report_.findings.push_back({std::move(what), std::move(where), false});
  }
  void check_version(const Statement& row, std::string_view previous_path, std::uint64_t previous_version, std::uint64_t previous_sequence);
  void check_content(const Statement& row, const std::string& where);

  Connection& connection_;
  FsckReport& report_;
  bool pages_sound_ = true;
  bool index_wrong_ = false;
  std::vector<std::uint64_t> orphans_;
};

// SQLite walks every page of every tree; the layer below notes those whose sum is wrong instead of refusing them.
Result<void> Check::pages() {
  std::vector<std::uint32_t> damaged;
  survey_damage(connection_.raw(), &damaged);
  std::vector<std::string> complaints;
  const Result<void> walked = [&]() -> Result<void> {
    WRIT_TRY(Statement s, connection_.prepare("PRAGMA integrity_check(100)"));
    for (;;) {
      WRIT_TRY(const bool more, s.row());
      if (!more) return {};
      if (s.text_at(0) != "ok") complaints.emplace_back(s.text_at(0));
    }
  }();
  survey_damage(connection_.raw(), nullptr);
  std::ranges::sort(damaged);
  damaged.erase(std::ranges::unique(damaged).begin(), damaged.end());
  for (const std::uint32_t page : damaged) find("the page is damaged", fmt::format("page {}", page));
  for (const std::string& c : complaints) {
    find("SQLite: " + escape_for_terminal(c), file_name);
    index_wrong_ = index_wrong_ || c.find("index removed") != std::string::npos;
  }
  pages_sound_ = damaged.empty();
  // Damaged pages that were let through must not be used from SQLite's cache.
  sqlite3_db_release_memory(connection_.raw());
  return walked;
}

Result<void> Check::head() {
  WRIT_TRY(const Head head, read_head(connection_));
  report_.sequence = head.sequence;
  if (!TaskId::parse(head.identity)) find("the store's identity is damaged", "head");
  return {};
}

// Columns: path, version, sequence, kind, size, sha256, sha3_256, body, bytes.
void Check::check_version(const Statement& row, std::string_view previous_path, std::uint64_t previous_version,
                          std::uint64_t previous_sequence) {
  const std::string_view path = row.text_at(0);
  const std::uint64_t version = row.number_at(1), sequence = row.number_at(2);
  const std::string where = fmt::format("object {} version {}", escape_for_terminal(path), version);
  const bool same = path == previous_path;
  if (const auto good = check_object_path(path); !good) find(good.error().what, where);
  if (version != (same ? previous_version + 1 : 1)) find(same ? "a version before it is missing" : "the first versions are missing", where);
  if (same && sequence <= previous_sequence) find("it was written in no later commit than the version before it", where);
  if (sequence == 0 || sequence > report_.sequence.value()) find("it was written in a commit that the store has not reached", where);
  check_content(row, where);
  ++report_.objects;
}

void Check::check_content(const Statement& row, const std::string& where) {
  const auto kind = static_cast<ObjectKind>(row.number_at(3));
  if (kind != ObjectKind::value && kind != ObjectKind::tombstone) return find("it is neither a value nor a tombstone", where);
  if (kind == ObjectKind::tombstone && !row.null_at(7)) return find("a tombstone has a body", where);
  if (kind == ObjectKind::value && row.null_at(8)) return find("the body is missing", where);
  const BytesView bytes = row.blob_at(8);
  const DigestPair found = digest(bytes);
  if (bytes.size() != row.number_at(4)) find("the body has another size than its description says", where);
  if (!std::ranges::equal(row.blob_at(5), found.sha256.view()) || !std::ranges::equal(row.blob_at(6), found.sha3_256.view()))
    find("the body does not match its digests", where);
  report_.bytes += ByteCount(bytes.size());
}

Result<void> Check::objects() {
  WRIT_TRY(Statement s, connection_.prepare("SELECT path, version, sequence, kind, size, sha256, sha3_256, body, bytes "
                                            "FROM object LEFT JOIN body ON body.id = object.body ORDER BY path, version"));
  std::string path;
  std::uint64_t version = 0, sequence = 0;
  for (;;) {
    WRIT_TRY(const bool more, s.row());
    if (!more) return {};
    check_version(s, path, version, sequence);
    path = s.text_at(0), version = s.number_at(1), sequence = s.number_at(2);
  }
}

Result<void> Check::bodies() {
  {
    WRIT_TRY(Statement s, connection_.prepare("SELECT id FROM body WHERE id NOT IN (SELECT body FROM object WHERE body IS NOT NULL)"));
    for (;;) {
      WRIT_TRY(const bool more, s.row());
      if (!more) break;
      orphans_.push_back(s.number_at(0));
      find("no object has this body", fmt::format("body {}", orphans_.back()));
    }
  }
  WRIT_TRY(Statement s, connection_.prepare("SELECT body FROM object WHERE body IS NOT NULL GROUP BY body HAVING count(*) > 1"));
  for (;;) {
    WRIT_TRY(const bool more, s.row());
    if (!more) return {};
    find("more than one object has this body", fmt::format("body {}", s.number_at(0)));
  }
}

Result<void> Check::records() {
  WRIT_TRY(Statement s, connection_.prepare("SELECT name, key, sequence FROM record ORDER BY name, key, sequence"));
  for (;;) {
    WRIT_TRY(const bool more, s.row());
    if (!more) return {};
    const std::string where = fmt::format("record {} {}", escape_for_terminal(s.text_at(0)), hex(s.blob_at(1)));
    if (const auto good = check_table_name(s.text_at(0)); !good) find(good.error().what, where);
    if (const auto good = check_key(s.blob_at(1)); !good) find(good.error().what, where);
    if (s.number_at(2) == 0 || s.number_at(2) > report_.sequence.value())
      find("it was written in a commit that the store has not reached", where);
    ++report_.records;
  }
}

Result<void> Check::current() {
  WRIT_TRY(Statement s, connection_.prepare("SELECT name, key FROM current ORDER BY name, key"));
  for (;;) {
    WRIT_TRY(const bool more, s.row());
    if (!more) return {};
    const std::string where = fmt::format("record {} {}", escape_for_terminal(s.text_at(0)), hex(s.blob_at(1)));
    if (const auto good = check_table_name(s.text_at(0)); !good) find(good.error().what, where);
    if (const auto good = check_key(s.blob_at(1)); !good) find(good.error().what, where);
    ++report_.records;
  }
}

// Only what loses nothing and needs no guess, and nothing at all on damaged pages.
Result<void> Check::mend() {
  if (!pages_sound_ || (orphans_.empty() && !index_wrong_)) return {};
  WRIT_CHECK(connection_.run("BEGIN IMMEDIATE"));
  Result<void> mended = [&]() -> Result<void> {
    WRIT_CHECK(settle_log(connection_));
    // Asked again, because the lock was not held before.
    WRIT_CHECK(connection_.run("DELETE FROM body WHERE id NOT IN (SELECT body FROM object WHERE body IS NOT NULL)"));
    if (index_wrong_) WRIT_CHECK(connection_.run("REINDEX removed"));
    return connection_.run("COMMIT");
  }();
  if (!mended) {
    if (connection_.in_transaction()) (void)connection_.run("ROLLBACK");
    return mended;
  }
  for (Finding& f : report_.findings)
    f.mended = f.mended || f.what == "no object has this body" || f.what.find("index removed") != std::string::npos;
  return {};
}

Result<std::unique_ptr<Connection>> connect(const std::string& file, Repair repair, const OpenOptions& options) {
  Result<std::unique_ptr<Connection>> connection = invalid("no way to open it was tried");
  if (repair == Repair::safe) {
    connection = Connection::open({file, Mode::write, options.disk, options.patience});
    if (connection && is_unsynced(log_name(file))) sqlite3_db_config((*connection)->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return connection;
  }
  for (const Mode mode : {Mode::query, Mode::read_only, Mode::immutable}) {
    if (mode == Mode::immutable && log_size(file) > ByteCount(0)) break;
    connection = Connection::open({file, mode, options.disk, options.patience});
    if (connection) {
      sqlite3_db_config((*connection)->raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);  // leave the evidence as it is
      break;
    }
    if (connection.error().code != Code::denied && connection.error().code != Code::unavailable) break;
  }
  return connection;
}

Result<void> check_all(Connection& connection, Repair repair, FsckReport& report) {
  Check check(connection, report);
  WRIT_CHECK(check.pages());
  WRIT_CHECK(connection.run("BEGIN"));  // one picture for all that follows
  const Result<void> checked = [&]() -> Result<void> {
    WRIT_CHECK(check.head());
    WRIT_CHECK(check.objects());
    WRIT_CHECK(check.bodies());
    WRIT_CHECK(check.records());
    return check.current();
  }();
  WRIT_CHECK(connection.run("ROLLBACK"));
  WRIT_CHECK(checked);
  return repair == Repair::safe ? check.mend() : Result<void>();
}

}  // namespace

Result<FsckReport> fsck(const std::string& folder, Repair repair, const OpenOptions& options) {
  WRIT_TRY(const std::string file, find_store(folder));
  FsckReport report;
  if (has_unfinished(folder)) {
    report.findings.push_back({"left over from a creation that was cut short", std::string(file_name) + unfinished_suffix, false});
    if (repair == Repair::safe) {
      WRIT_CHECK(clear_unfinished(folder));
      report.findings.back().mended = true;
    }
  }
  auto connection = connect(file, repair, options);
  Result<void> checked;
  if (connection) checked = check_all(**connection, repair, report);
  else checked = connection.error();
  if (checked) return report;
  if (checked.error().code != Code::corrupt) return checked.error();
  report.findings.push_back({checked.error().what, checked.error().where, false});  // what lies behind it was not reached
  return report;
}

}  // namespace writ::store
