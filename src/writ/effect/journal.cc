#include "writ/effect/journal.h"

#include <algorithm>
#include <utility>

#include "writ/base/escape.h"
#include "writ/wire/json.h"

namespace writ::effect {
namespace {

constexpr auto most = static_cast<std::uint64_t>(largest_json_integer);

std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? most : std::min(sum, most);
}

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
  }
  std::unreachable();
}

void Journal::record(const Effect& effect, Refusal refusal, std::string_view by) {
  const auto bytes = std::min(effect.bytes, most), size = std::min(effect.size, most);
  const auto sequence = effects_++;
  if (refusal != Refusal::none) ++denied_;
  last_bytes_ = bytes;
  if (!entries_.empty()) {
    auto& last = entries_.back();
    if (last.kind == effect.kind && last.refusal == refusal && last.by == by && last.resource == effect.resource) {
      ++last.count;
      last.bytes = capped_sum(last.bytes, bytes);
      last.size = std::max(last.size, size);
      return;
    }
  }
  text_size_ += longest_text(effect.resource, by);
  entries_.push_back({.sequence = sequence, .kind = effect.kind, .refusal = refusal, .count = 1, .bytes = bytes, .size = size,
                      .resource = effect.resource, .by = std::string(by), .digest = {}});
}

void Journal::set_digest(std::string_view resource, std::string_view digest) {
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& e) {
    return e.refusal == Refusal::none && e.resource == resource;
  });
  if (found == entries_.rend()) return;
  if (found->digest.empty()) text_size_ += digest_size;
  if (found->digest.empty() || found->digest == digest || found->count == 1) {
    found->digest = digest;
    return;
  }
  text_size_ += longest_text(found->resource, found->by) + digest_size;
  Entry own = *found;  // the last effect of the run read something else than those before
  const bool is_last = found == entries_.rbegin();
  own.sequence += own.count - 1;
  own.count = 1;
  own.bytes = is_last ? std::min(last_bytes_, found->bytes) : 0;
  own.digest = digest;
  --found->count;
  found->bytes -= own.bytes;
  entries_.insert(found.base(), std::move(own));
}

}  // namespace writ::effect
