// For tests: a store of one's own in a scratch folder.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "writ/store/store.h"

namespace writ::workspace::testing {

inline std::unique_ptr<store::Store> open_store(const std::string& folder, store::Durability d = store::Durability::none) {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = d;
  auto s = store::Store::open(folder, options);
  if (!s) throw std::runtime_error(s.error().text());
  return std::move(*s);
}

}  // namespace writ::workspace::testing
