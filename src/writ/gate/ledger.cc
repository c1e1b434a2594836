#include "writ/gate/ledger.h"

#include <algorithm>

#include "writ/base/assert.h"
#include "writ/gate/ledger_record.h"

namespace writ::gate {
namespace {

using authority::Capability;
using authority::Handle;
using authority::Live;
using authority::Standing;

constexpr std::string_view table_name = "capability";
constexpr const char* words_name = "/capabilities.live";
constexpr std::uint64_t words_version = 0x57524954'43415031;  // "WRITCAP1"
constexpr ByteCount words_size = ByteCount((max_capabilities + 1) * sizeof(Live));

Bytes key_of(std::uint32_t index) {
  Bytes key;
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<std::byte>(index >> shift));
  return key;
}

std::optional<std::uint32_t> index_of(BytesView key) {
  if (key.size() != 4) return std::nullopt;
  std::uint32_t index = 0;
  for (const auto b : key) index = index << 8 | std::to_integer<std::uint32_t>(b);
  return index;
}

Error no_such(Handle h) { return {Code::unavailable, "no such capability", text(h), "writ cap ls lists them"}; }
Error not_standing(Handle h, Standing s) {
  return {Code::denied, "the capability was " + std::string(s == Standing::consumed ? "split" : "revoked"), text(h),
          "writ cap ls lists those that stand"};
}

std::span<Live> words_of(const memory::SharedMemory& words) {
  return {reinterpret_cast<Live*>(words.bytes().data()), max_capabilities + 1};
}

// The secret that all words lie under stands in the header, and is on the disk before any word is written: words under a
// secret that was lost would deny. Words of a version that had none lie under 0.
Result<authority::Secret> secret_of(const memory::SharedMemory& words, const std::string& path) {
  Live& header = words_of(words)[0];
  if (header.standing.load() == 0) {
    std::uint64_t none = 0;
    header.bytes.compare_exchange_strong(none, authority::Secret::random().value() | 1);
    header.uses.compare_exchange_strong(none = 0, header.bytes.load());  // the epoch
    WRIT_CHECK(words.sync());
    std::uint64_t version = 0;
    header.standing.compare_exchange_strong(version, words_version);
  }
  if (header.standing.load() != words_version) return Error{Code::corrupt, "not the shared memory of a store", path, "move it away; it is made anew"};
  return authority::Secret(header.bytes.load());
}

}  // namespace

Ledger::Ledger(store::Store& store, const Clock& clock, memory::SharedMemory words, authority::Secret secret)
    : store_(store), clock_(clock), words_(std::move(words)), live_(words_of(words_)), secret_(secret),
      table_(std::make_unique<authority::CapabilityTable>(authority::CapabilityTable::Words{live_[0].uses, live_.subspan(1), secret_}, clock,
                                                          authority::CapabilityTable::Measure::wall)) {}

Result<std::unique_ptr<Ledger>> Ledger::open(store::Store& store, const Clock& clock) {
  const std::string path = store.folder() + words_name;
  WRIT_TRY(auto words, memory::SharedMemory::open(path, words_size));
  WRIT_TRY(const authority::Secret secret, secret_of(words, path));
  std::unique_ptr<Ledger> ledger(new Ledger(store, clock, std::move(words), secret));
  WRIT_TRY(const auto view, store.snapshot());
  WRIT_CHECK(ledger->refresh(view));
  return ledger;
}

// Places what others added. Parents come before their children.
Result<void> Ledger::refresh(const store::View& view) {
  const auto first = key_of(static_cast<std::uint32_t>(handles_.size()));
  return view.scan(table_name, first, {}, [&](BytesView key, BytesView value) -> Result<store::Visit> {
    const auto index = index_of(key);
    if (!index || *index != handles_.size() || *index >= max_capabilities)
      return Error{Code::corrupt, "the table of capabilities has a malformed key", {}, "run writ fsck"};
    WRIT_TRY(const auto r, parse_record(*index, value));
    WRIT_TRY(auto grant, authority::recorded_grant(r.grant));
    Capability c{.grant = std::move(grant), .origin = r.origin, .parent = {}, .depth = 0, .holder = std::pmr::string(r.holder), .minted = r.minted};
    if (!r.parent.empty()) {
      c.parent = *authority::parse_handle(r.parent);
      const auto* parent = table_->find(c.parent);
      if (parent == nullptr) return Error{Code::corrupt, "a capability's parent is not there", r.parent, "run writ fsck"};
      c.depth = parent->depth + 1;
    }
    auto& live = live_[*index + 1];
    secret_.raise(live.uses, r.uses);
    secret_.raise(live.bytes, r.bytes);
    secret_.raise(live.full_at, r.full_at);
    for (std::size_t i = 0; i < r.fields.size(); ++i) secret_.raise(live.fields[i], r.fields[i]);
    handles_.push_back(table_->place(*index, static_cast<std::uint32_t>(r.generation), std::move(c), r.standing));
    return store::Visit::more;
  });
}

Result<authority::CapabilityTable*> Ledger::known(const store::View& view, Handle h) {
  WRIT_CHECK(refresh(view));
  if (table_->find(h) == nullptr) return no_such(h);
  if (!table_->stands(h)) return not_standing(h, table_->standing(h));
  return table_.get();
}

Result<void> Ledger::put(store::Transaction& t, Handle h, const Capability& c) {
  const auto& live = live_[h.index + 1];
  LedgerRecord r;
  r.bytes = secret_.load(live.bytes);
  r.full_at = secret_.load(live.full_at);
  r.uses = secret_.load(live.uses);
  for (std::size_t i = 0; i < c.grant.limits.fields.size(); ++i) r.fields.push_back(secret_.load(live.fields[i]));
  r.generation = h.generation;
  r.grant = c.grant.text();
  r.holder = std::string(c.holder);
  r.minted = c.minted;
  r.origin = c.origin;
  r.parent = c.parent == authority::no_handle ? std::string() : text(c.parent);
  r.standing = static_cast<Standing>(secret_.load(live.standing) & 3);
  return t.put_record(table_name, key_of(h.index), as_bytes(write_form(r)));
}

// The place is nobody else's while the transaction is open: transactions of all processes come one after the other.
Result<Handle> Ledger::append(store::Transaction& t, std::uint32_t index, Capability c) {
  if (index >= max_capabilities) return Error{Code::exhausted, "the store holds as many capabilities as it can", {}, "use another store"};
  const Handle h{index, 1};
  auto& live = live_[index + 1];
  secret_.clear(live);
  secret_.store(live.standing, std::uint64_t{1} << 32 | static_cast<std::uint64_t>(Standing::active));
  if (c.origin == authority::Origin::split)
    authority::Meter(c.grant.limits, {}).start_empty(live, secret_, Nanoseconds(clock_.wall().ns - c.minted.ns));
  WRIT_CHECK(put(t, h, c));
  return h;
}

template <class Decide>
Result<Handle> Ledger::derive(std::optional<Handle> from, Decide decide) {
  const std::lock_guard lock(mutex_);
  Handle made;
  WRIT_CHECK(store_.write([&](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(refresh(t));
    if (from) WRIT_CHECK(known(t, *from));
    WRIT_TRY(auto capability, decide());
    WRIT_TRY(made, append(t, static_cast<std::uint32_t>(handles_.size()), std::move(capability)));
    return {};
  }));
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_CHECK(refresh(view));
  return made;
}

Result<Handle> Ledger::mint(authority::Grant grant, std::string holder) {
  return derive(std::nullopt, [&]() -> Result<Capability> {
    Capability root{.grant = std::move(grant), .minted = clock_.wall()};
    if (holder.empty()) return root;
    WRIT_TRY(auto bound, authority::delegated(root, authority::no_handle, std::move(holder)));
    root.holder = bound.holder;
    return root;
  });
}

Result<Handle> Ledger::attenuate(Handle h, const authority::Grant& to) {
  return derive(h, [&] { return authority::attenuated(*table_->find(h), h, to); });
}

Result<Handle> Ledger::delegate(Handle h, std::string holder) {
  return derive(h, [&] { return authority::delegated(*table_->find(h), h, std::move(holder)); });
}

Result<std::vector<Handle>> Ledger::split(Handle h, std::span<const authority::Limits> parts) {
  const std::lock_guard lock(mutex_);
  std::vector<Handle> made;
  bool consumed = false;
  const auto written = store_.write([&](store::Transaction& t) -> Result<void> {
    WRIT_CHECK(known(t, h));
    const auto& from = *table_->find(h);
    WRIT_CHECK(authority::split(from, h, table_->left(h), parts));
    table_->consume(h);  // nothing is taken from it any more, so what is left stays
    consumed = true;
    WRIT_TRY(auto children, authority::split(from, h, table_->left(h), parts));
    WRIT_CHECK(put(t, h, from));
    for (auto& child : children) {
      WRIT_TRY(const auto one, append(t, static_cast<std::uint32_t>(handles_.size() + made.size()), std::move(child)));
      made.push_back(one);
    }
    return {};
  });
  if (!written) {
    if (consumed) table_->restore(h);
    return written.error();
  }
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_CHECK(refresh(view));
  return made;
}

Result<void> Ledger::revoke(Handle h) {
  const std::lock_guard lock(mutex_);
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_CHECK(refresh(view));
  const auto* capability = table_->find(h);
  if (capability == nullptr) return no_such(h);
  table_->mark_revoked(h);
  auto written = store_.write([&](store::Transaction& t) { return put(t, h, *capability); });
  if (written) return {};
  Error e = written.error();
  e.hint = "it is revoked for what runs now, but not in the store: do it again";
  return e;
}

Result<LedgerEntry> Ledger::describe(Handle h) const {
  const auto* found = table_->find(h);
  if (found == nullptr) return no_such(h);
  return LedgerEntry{h, *found, table_->standing(h), table_->left(h)};
}

Result<std::vector<LedgerEntry>> Ledger::list() {
  const std::lock_guard lock(mutex_);
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_CHECK(refresh(view));
  std::vector<LedgerEntry> out;
  for (const auto h : handles_) {
    WRIT_TRY(out.emplace_back(), describe(h));
  }
  return out;
}

Result<LedgerEntry> Ledger::inspect(Handle h) {
  const std::lock_guard lock(mutex_);
  WRIT_TRY(const auto view, store_.snapshot());
  WRIT_CHECK(refresh(view));
  return describe(h);
}

Result<void> Ledger::admit(std::span<const Handle> handles, std::string_view holder) {
  const std::lock_guard lock(mutex_);
  WRIT_TRY(const auto view, store_.snapshot());
  for (const auto h : handles) {
    WRIT_CHECK(known(view, h));
    const auto& bound = table_->find(h)->holder;
    if (!bound.empty() && bound != holder)
      return Error{Code::denied, "the capability is bound to another holder", text(h), "it is for " + std::string(bound)};
  }
  return {};
}

Result<void> Ledger::confirm(std::span<const Handle> handles) const {
  for (const auto h : handles) {
    const auto* c = table_->find(h);
    if (c != nullptr && effect::word(c->grant.kind).nature != effect::Nature::staged) continue;
    if (!table_->stands(h)) return not_standing(h, table_->standing(h));
  }
  return {};
}

Result<void> Ledger::remember(store::Transaction& t, std::span<const Handle> handles) {
  std::vector<Handle> all;
  for (auto h : handles)
    for (; h != authority::no_handle && std::ranges::find(all, h) == all.end(); h = table_->find(h)->parent) all.push_back(h);
  for (const auto h : all) WRIT_CHECK(put(t, h, *table_->find(h)));
  return {};
}

// --- what was sealed earlier ---------------------------------------------------------------------------------------

Result<std::vector<Handle>> durable_capabilities(std::span<const proof::Capability> capabilities) {
  constexpr std::string_view named = "capability=";
  std::vector<Handle> out;
  for (const auto& c : capabilities)
    for (const auto& constraint : c.constraints) {
      if (!constraint.starts_with(named)) continue;
      WRIT_TRY(out.emplace_back(), authority::parse_handle(std::string_view(constraint).substr(named.size())));
    }
  return out;
}

Result<void> confirm_authority(std::span<const proof::Capability> capabilities, Ledger* ledger) {
  for (const auto& c : capabilities) {
    const auto kind = effect::find_kind(c.effect);  // none: one's own, which is staged
    if (kind && effect::word(*kind).nature != effect::Nature::staged) continue;  // what it read it has read
    WRIT_TRY(const auto handles, durable_capabilities(std::span(&c, 1)));
    for (const auto h : handles) {
      if (ledger == nullptr) return no_such(h);
      WRIT_TRY(const auto entry, ledger->inspect(h));
      if (entry.standing != Standing::active) return not_standing(h, entry.standing);
    }
  }
  return {};
}

}  // namespace writ::gate
