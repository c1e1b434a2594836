#include "writ/guest/wasm/wasi_descriptor.h"

#include <algorithm>
#include <utility>

namespace writ::guest::wasm::wasi {

Descriptor* Descriptors::find(std::uint32_t number) {
  const auto i = open_.find(number);
  return i == open_.end() ? nullptr : &i->second;
}

std::optional<std::uint32_t> Descriptors::add(Descriptor descriptor) {
  if (full()) return std::nullopt;
  auto next = open_.lower_bound(lowest_);
  while (next != open_.end() && next->first == lowest_) ++next, ++lowest_;
  open_.emplace_hint(next, lowest_, std::move(descriptor));
  return lowest_++;
}

bool Descriptors::close(std::uint32_t number) {
  if (open_.erase(number) == 0) return false;
  lowest_ = std::min(lowest_, number);
  return true;
}

bool Descriptors::renumber(std::uint32_t from, std::uint32_t to) {
  const auto source = open_.find(from), target = open_.find(to);
  if (source == open_.end() || target == open_.end()) return false;
  if (from == to) return true;
  target->second = std::move(source->second);
  return close(from);
}

std::size_t Descriptors::listed() const {
  std::size_t entries = 0;
  for (const auto& [number, d] : open_)
    if (const auto* folder = std::get_if<Folder>(&d.what)) entries += folder->entries.size();
  return entries;
}

}  // namespace writ::guest::wasm::wasi
