#include "writ/task/index.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

namespace writ::task {
namespace {

constexpr std::string_view order_table = "task.order", index_table = "task.index";
constexpr std::string_view denied_row = "denied", staged_row = "staged", outcome_row = "outcome=", touched_row = "touched=",
                           wide_row = "wide";
// How nearly all tasks end is no criterion with rows of its own: the order says it.
constexpr std::string_view usual_outcome = "completed";
constexpr std::byte completed_mark{1};

// When a task began and which it is: the order of everything here. Big-endian, so that bytes compare as numbers do.
using Position = std::array<std::byte, 24>;

Position position(WallTime at, const TaskId& id) {
  Position p{};
  for (std::size_t i = 0; i < 8; ++i) p[i] = static_cast<std::byte>(static_cast<std::uint64_t>(at.ns) >> (56 - 8 * i));
  std::ranges::copy(id.bytes, p.begin() + 8);
  return p;
}
TaskId id_of(const Position& p) {
  TaskId id;
  std::copy(p.begin() + 8, p.end(), id.bytes.begin());
  return id;
}
// The one before; false if there is none.
bool step_back(Position& p) {
  for (auto it = p.rbegin(); it != p.rend(); ++it) {
    if (*it != std::byte{0}) {
      *it = static_cast<std::byte>(std::to_integer<unsigned>(*it) - 1);
      return true;
    }
    *it = std::byte{0xff};
  }
  return false;
}

Bytes row_key(std::string_view criterion, const Position& p) {
  Bytes key = to_bytes(criterion);
  key.push_back(std::byte{0});
  key.insert(key.end(), p.begin(), p.end());
  return key;
}

std::string touched_criterion(std::string_view resource) {
  return std::string(touched_row) + std::string(resource.substr(0, max_touched_text));
}

// The path itself, or something below it if it ends in a slash.
bool touches(std::string_view resource, std::string_view wanted) {
  return resource == wanted || (wanted.ends_with('/') && resource.starts_with(wanted));
}

Error malformed() { return {Code::corrupt, "the index of tasks has a malformed key", {}, "run writ fsck"}; }

// Positions in falling order.
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<std::optional<Position>> at_or_before(const Position&) = 0;
};

// The rows of one criterion, or of task.order.
class Rows final : public Source {
 public:
  enum class Of : std::uint8_t { all, completed };
  Rows(const store::View& view, std::string_view table, Bytes prefix, Of of = Of::all)
      : view_(view), table_(table), prefix_(std::move(prefix)), of_(of) {}

  Result<std::optional<Position>> at_or_before(const Position& p) override {
    while (next_ < page_.size() && page_[next_] > p) ++next_;
    if (next_ < page_.size()) return std::optional(page_[next_]);
    if (ended_ && !page_.empty() && p >= page_.back()) return std::optional<Position>();
    // Who reads on gets more at once; who jumps begins small again.
    const bool reads_on = !page_.empty() && p >= page_.back();
    wanted_ = reads_on ? std::min<std::size_t>(wanted_ * 4, 256) : 4;
    WRIT_CHECK(fetch(p));
    return page_.empty() ? std::optional<Position>() : std::optional(page_.front());
  }

 private:
  Result<void> fetch(const Position& p) {
    Bytes first = prefix_, last = prefix_;
    first.resize(prefix_.size() + p.size());  // zeros
    last.insert(last.end(), p.begin(), p.end());
    last.push_back(std::byte{0});  // scan() is half open
    page_.clear();
    next_ = 0;
    WRIT_CHECK(view_.scan(table_, first, last, [&](BytesView key, BytesView value) -> Result<store::Visit> {
      if (of_ == Of::completed && (value.empty() || value.back() != completed_mark)) return store::Visit::more;
      Position found;
      if (key.size() != prefix_.size() + found.size()) return malformed();
      std::copy(key.end() - static_cast<std::ptrdiff_t>(found.size()), key.end(), found.begin());
      page_.push_back(found);
      return page_.size() < wanted_ ? store::Visit::more : store::Visit::enough;
    }, store::Order::backward));
    ended_ = page_.size() < wanted_;
    return {};
  }

  const store::View& view_;
  std::string_view table_;
  Bytes prefix_;
  Of of_;
  std::vector<Position> page_;
  std::size_t next_ = 0, wanted_ = 4;
  bool ended_ = false;
};

std::unique_ptr<Source> rows(const store::View& view, std::string_view criterion) {
  Bytes prefix = to_bytes(criterion);
  prefix.push_back(std::byte{0});
  return std::make_unique<Rows>(view, index_table, std::move(prefix));
}

// What was gathered before.
class Gathered final : public Source {
 public:
  explicit Gathered(std::set<Position> positions) : positions_(std::move(positions)) {}
  Result<std::optional<Position>> at_or_before(const Position& p) override {
    const auto after = positions_.upper_bound(p);
    return after == positions_.begin() ? std::optional<Position>() : std::optional(*std::prev(after));
  }

 private:
  std::set<Position> positions_;
};

class Either final : public Source {
 public:
  Either(std::unique_ptr<Source> a, std::unique_ptr<Source> b) : a_(std::move(a)), b_(std::move(b)) {}
  Result<std::optional<Position>> at_or_before(const Position& p) override {
    WRIT_TRY(const auto a, a_->at_or_before(p));
    WRIT_TRY(const auto b, b_->at_or_before(p));
    if (!a || !b) return a ? a : b;
    return std::optional(std::max(*a, *b));
  }

 private:
  std::unique_ptr<Source> a_, b_;
};

Result<std::unique_ptr<Source>> below(const store::View& view, const std::string& folder) {
  Bytes first = to_bytes(touched_criterion(folder)), last = first;
  last.back() = static_cast<std::byte>(std::to_integer<unsigned>(last.back()) + 1);  // a slash is below 0xff
  std::set<Position> found;
  WRIT_CHECK(view.scan(index_table, first, last, [&](BytesView key, BytesView) -> Result<store::Visit> {
    Position p;
    if (key.size() < p.size()) return malformed();
    std::copy(key.end() - static_cast<std::ptrdiff_t>(p.size()), key.end(), p.begin());
    found.insert(p);
    return store::Visit::more;
  }));
  return std::unique_ptr<Source>(std::make_unique<Gathered>(std::move(found)));
}

// Whether the index alone cannot tell that this task touched what is wanted.
Result<bool> is_wide(const store::View& view, const Position& p) {
  WRIT_TRY(const auto row, view.record(index_table, row_key(wide_row, p)));
  return row.has_value();
}

Result<bool> confirmed(const store::View& view, const Wanted& wanted, const JournalOf& journal_of, const Position& p) {
  if (wanted.touched.empty()) return true;
  WRIT_TRY(const bool wide, is_wide(view, p));
  if (!wide && wanted.touched.size() <= max_touched_text) return true;
  WRIT_TRY(const auto journal, journal_of(id_of(p)));
  return std::ranges::any_of(journal, [&](const effect::Entry& e) { return touches(e.resource, wanted.touched); });
}

Result<std::vector<std::unique_ptr<Source>>> sources(const store::View& view, const Wanted& wanted) {
  std::vector<std::unique_ptr<Source>> all;
  if (!wanted.touched.empty()) {
    const bool folder = wanted.touched.ends_with('/') && wanted.touched.size() <= max_touched_text;
    std::unique_ptr<Source> touched = rows(view, touched_criterion(wanted.touched));
    if (folder) {
      WRIT_TRY(touched, below(view, wanted.touched));
    }
    all.push_back(std::make_unique<Either>(std::move(touched), rows(view, wide_row)));
  }
  if (wanted.waiting == Wanted::Waiting::staged) all.push_back(rows(view, staged_row));
  if (wanted.denials == Wanted::Denials::some) all.push_back(rows(view, denied_row));
  if (!wanted.outcome.empty() && wanted.outcome != usual_outcome) all.push_back(rows(view, std::string(outcome_row) + wanted.outcome));
  const auto of = wanted.outcome == usual_outcome ? Rows::Of::completed : Rows::Of::all;
  if (all.empty() || of == Rows::Of::completed) all.push_back(std::make_unique<Rows>(view, order_table, Bytes(), of));
  return all;
}

// The newest position at or before this one that every source has.
Result<std::optional<Position>> meet(std::vector<std::unique_ptr<Source>>& all, Position at) {
  for (std::size_t agreed = 0, i = 0; agreed < all.size(); i = (i + 1) % all.size()) {
    WRIT_TRY(const auto found, all[i]->at_or_before(at));
    if (!found) return std::optional<Position>();
    agreed = *found == at ? agreed + 1 : 1;
    at = *found;
  }
  return std::optional(at);
}

// What task.order says: whose task it is, in four bytes, and whether it completed.
Bytes this_user() {
  const auto user = static_cast<std::uint32_t>(::geteuid());
  Bytes value;
  for (int shift = 24; shift >= 0; shift -= 8) value.push_back(static_cast<std::byte>(user >> shift));
  return value;
}

Result<void> enter_touched(store::Transaction& t, const Position& p, const std::vector<effect::Entry>& journal) {
  std::set<std::string_view> touched;
  // Nobody can ask for a resource with a NUL, and it would look like the end of a criterion.
  for (const auto& e : journal)
    if (!e.resource.empty() && e.resource.find('\0') == std::string::npos) touched.insert(std::string_view(e.resource).substr(0, max_touched_text));
  if (touched.size() > max_touched) return t.put_record(index_table, row_key(wide_row, p), {});
  for (const auto resource : touched) WRIT_CHECK(t.put_record(index_table, row_key(touched_criterion(resource), p), {}));
  return {};
}

}  // namespace

Result<void> enter(store::Transaction& t, const Entered& task, const std::vector<effect::Entry>& journal, Wait wait) {
  const Position p = position(task.started, task.id);
  const bool usual = task.outcome == usual_outcome;
  Bytes order = this_user();
  order.push_back(usual ? completed_mark : std::byte{0});
  WRIT_CHECK(t.put_record(order_table, p, order));
  if (!usual) WRIT_CHECK(t.put_record(index_table, row_key(std::string(outcome_row) + task.outcome, p), {}));
  if (task.denied > 0) WRIT_CHECK(t.put_record(index_table, row_key(denied_row, p), {}));
  if (wait == Wait::staged) WRIT_CHECK(t.put_record(index_table, row_key(staged_row, p), {}));
  return enter_touched(t, p, journal);
}

Result<void> leave_staged(store::Transaction& t, const TaskId& id, WallTime started) {
  return t.remove_record(index_table, row_key(staged_row, position(started, id)));
}

Result<void> visit_tasks(const store::View& view, const Wanted& wanted, const JournalOf& journal_of, const TaskVisitor& visit) {
  WRIT_TRY(auto all, sources(view, wanted));
  Position at;
  at.fill(std::byte{0xff});
  if (wanted.until) at = position(*wanted.until, {});
  const Position oldest = position(wanted.since.value_or(WallTime{}), {});
  while (step_back(at)) {
    WRIT_TRY(const auto found, meet(all, at));
    if (!found || *found < oldest) return {};
    at = *found;
    WRIT_TRY(const bool meant, confirmed(view, wanted, journal_of, at));
    if (!meant) continue;
    WRIT_TRY(const auto next, visit(id_of(at)));
    if (next == store::Visit::enough) return {};
  }
  return {};
}

Result<void> visit_tasks(const store::View& view, const TaskVisitor& visit) { return visit_tasks(view, {}, {}, visit); }

Result<void> visit_own_tasks(const store::View& view, const TaskVisitor& visit) {
  const Bytes own = this_user();
  return view.scan(order_table, {}, {}, [&](BytesView key, BytesView value) -> Result<store::Visit> {
    Position p;
    if (key.size() != p.size()) return malformed();
    std::ranges::copy(key, p.begin());
    if (value.size() != own.size() + 1 || !std::ranges::equal(value.first(own.size()), own)) return store::Visit::more;
    return visit(id_of(p));
  }, store::Order::backward);
}

}  // namespace writ::task
