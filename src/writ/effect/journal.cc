#include "writ/effect/journal.h"

#include <algorithm>
#include <utility>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/wire/json.h"

namespace writ::effect {
namespace {

constexpr std::uint64_t fields_size = 12;   // `"fields":""` and a comma
constexpr std::uint64_t digest_size = 80;  // `"digest":"` and 64 digits

// The names of all members and the longest numbers take less than `around`; a control character takes six bytes.
std::uint64_t longest_text(std::string_view resource, std::string_view by) {
  constexpr std::uint64_t around = 192, escaped = 6;
  std::uint64_t size = around;
  for (const std::string_view text : {resource, by})
    for (const char c : text) size += static_cast<unsigned char>(c) < 0x20 ? escaped : c == '"' || c == '\\' ? 2 : 1;
  return is_utf8(resource) && is_utf8(by) ? size : 2 * size;
}

}  // namespace

std::string_view name(Refusal r) {
  switch (r) {
    case Refusal::none: return "allowed";
    case Refusal::no_capability: return "no_capability";
    case Refusal::denied: return "denied";
    case Refusal::constraint: return "constraint";
    case Refusal::escape: return "escape";
    case Refusal::revoked: return "revoked";
    case Refusal::policy: return "policy";
  }
  std::unreachable();
}

std::string_view name(Ending e) {
  switch (e) {
    case Ending::none: return "";
    case Ending::unfinished: return "unfinished";
    case Ending::done: return "done";
    case Ending::failed: return "failed";
  }
  std::unreachable();
}

Journal::Place Journal::intern(const std::string& resource) {
  if (!runs_.empty() && resources_[runs_.back().resource] == resource) return runs_.back().resource;
  if (const auto found = places_.find(resource); found != places_.end()) return found->second;
  const auto place = static_cast<Place>(resources_.size());
  places_.emplace(resources_.emplace_back(resource), place);
  lengths_.push_back(longest_text(resource, {}));
  return place;
}

std::uint32_t Journal::add_note(Note note) {
  notes_.push_back(std::move(note));
  return static_cast<std::uint32_t>(notes_.size() - 1);
}

// Refusals for one cause come in rows.
std::uint32_t Journal::note_of(std::string_view by) {
  if (by.empty()) return 0;
  if (const auto& last = notes_.back(); last.by == by && last.digest.empty() && last.fields.empty())
    return static_cast<std::uint32_t>(notes_.size() - 1);
  return add_note({.by = std::string(by), .digest = {}});
}

bool Journal::joins_last(Kind kind, Refusal refusal, Place resource, std::string_view by) const {
  if (runs_.empty()) return false;
  const auto& last = runs_.back();
  return kind != Kind::own && last.resource == resource && last.kind == kind && last.refusal == refusal && last.count < UINT32_MAX &&
         (last.note == 0 ? by.empty() : note(last).by == by && note(last).ending == Ending::none);
}

void Journal::add(Kind kind, Refusal refusal, Place resource, std::uint64_t bytes, std::uint64_t size, std::uint32_t note) {
  text_size_ += notes_[note].by.empty() ? lengths_[resource] : longest_text(resources_[resource], notes_[note].by);
  if (!notes_[note].fields.empty()) text_size_ += fields_size + text(notes_[note].fields).size();
  runs_.push_back({bytes, size, 1, resource, note, kind, refusal});
  if (refusal == Refusal::none && note == 0 && kind != Kind::own) growing_.emplace(kind, resource);
  else growing_.reset();
}

Journal::Place Journal::record(const Effect& effect, Refusal refusal, std::string_view by) {
  const auto bytes = std::min(effect.bytes, most), size = std::min(effect.size, most);
  ++effects_;
  if (refusal != Refusal::none) ++denied_;
  last_bytes_ = bytes;
  const auto resource = intern(effect.resource);
  if (joins_last(effect.kind, refusal, resource, by)) join_last(bytes, size);
  else if (effect.fields.empty()) add(effect.kind, refusal, resource, bytes, size, note_of(by));
  else add(effect.kind, refusal, resource, bytes, size, add_note({.by = std::string(by), .digest = {}, .fields = effect.fields}));
  return resource;
}

void Journal::record_another(Kind kind, Place resource, std::uint64_t bytes, std::uint64_t size) {
  ++effects_;
  last_bytes_ = std::min(bytes, most);
  if (joins_last(kind, Refusal::none, resource, {})) join_last(last_bytes_, std::min(size, most));
  else add(kind, Refusal::none, resource, last_bytes_, std::min(size, most), 0);
}

Journal::Begun Journal::begin(const Effect& effect, Nanoseconds now) {
  constexpr std::uint64_t ending_size = 64;  // `"ending":"unfinished","duration":` and the longest number
  ++effects_;
  last_bytes_ = std::min(effect.bytes, most);
  add(effect.kind, Refusal::none, intern(effect.resource), last_bytes_, std::min(effect.size, most),
      add_note({.by = {}, .digest = {}, .ending = Ending::unfinished, .fields = effect.fields}));
  text_size_ += ending_size;
  return {runs_.back().note, now};
}

void Journal::end(Begun begun, Ending ending, Nanoseconds now, std::uint64_t bytes) {
  auto& note = notes_[begun.run];
  WRIT_ASSERT(note.ending == Ending::unfinished && (ending == Ending::done || ending == Ending::failed));
  note.ending = ending;
  note.duration = std::min(most, static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - begun.at).count())));
  const auto run = std::find_if(runs_.rbegin(), runs_.rend(), [&](const Run& r) { return r.note == begun.run; });
  run->bytes = std::min(run->bytes + std::min(bytes, most), most);
}

std::vector<Effect> Journal::under_way() const {
  std::vector<Effect> out;
  for (const auto& r : runs_)
    if (note(r).ending == Ending::unfinished) out.push_back({r.kind, resources_[r.resource], r.bytes, r.size, note(r).fields});
  return out;
}

void Journal::set_digest(std::string_view resource, std::string_view digest) {
  const auto place = places_.find(resource);
  if (place == places_.end()) return;
  const auto found = std::find_if(runs_.rbegin(), runs_.rend(), [&](const Run& r) {
    return r.refusal == Refusal::none && r.resource == place->second && note(r).ending == Ending::none;
  });
  if (found == runs_.rend()) return;
  const auto put = [&](Run& r) {
    if (r.note == 0) {
      r.note = static_cast<std::uint32_t>(notes_.size());
      notes_.emplace_back();
    }
    notes_[r.note].digest = digest;
  };
  if (note(*found).digest.empty()) text_size_ += digest_size;
  if (note(*found).digest.empty() || note(*found).digest == digest || found->count == 1) return put(*found);
  text_size_ += longest_text(resource, {}) + digest_size;
  Run own = *found;  // the last effect of the run read something else than those before
  const bool is_last = found == runs_.rbegin();
  own.count = 1;
  own.bytes = is_last ? std::min(last_bytes_, found->bytes) : 0;
  own.note = 0;
  put(own);
  --found->count;
  found->bytes -= own.bytes;
  runs_.insert(found.base(), own);
}

std::vector<Entry> Journal::entries() const {
  std::vector<Entry> out;
  out.reserve(runs_.size());
  std::uint64_t sequence = 0;
  for (const auto& r : runs_) {
    const auto& n = note(r);
    out.push_back({.sequence = sequence, .kind = r.kind, .refusal = r.refusal, .count = r.count, .bytes = r.bytes, .size = r.size,
                   .resource = resources_[r.resource], .by = n.by, .digest = n.digest, .ending = n.ending, .duration = n.duration,
                   .fields = n.fields});
    sequence += r.count;
  }
  return out;
}

}  // namespace writ::effect
