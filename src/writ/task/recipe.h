// Recipe: what a task was told that its receipt does not say, because it is private or long. With the receipt it is enough
// to tell the task again: for a replay, which must come to the same, and for a rerun.
//
// The code is kept once for all tasks that ran it. The seed is private: the receipt has a commitment to it.
//
// Tables: task.recipe (id -> canonical text in shorthand), task.code (SHA-256 -> size), task.code_chunk.
// Threads: those of the View or Transaction.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "writ/base/id.h"
#include "writ/gate/monitor.h"
#include "writ/store/store.h"
#include "writ/wire/bytes.h"
#include "writ/wire/digest.h"

namespace writ::task {

struct Recipe {
  std::optional<Sha256> changes;         // what it changed, where the receipt does not say it in full (changes_digest)
  std::vector<std::string> environment;  // NAME=VALUE, what it was let see
  gate::OnDenial on_denial = gate::OnDenial::refuse;
  std::array<std::byte, 32> seed{};
  store::Sequence sequence;              // of the snapshot it ran on
  friend bool operator==(const Recipe&, const Recipe&) = default;
};

std::string text_of(const Recipe&);
Result<Recipe> parse_recipe(std::string_view);

Result<void> put_recipe(store::Transaction&, const TaskId&, const Recipe&);
Result<std::optional<Recipe>> find_recipe(const store::View&, const TaskId&);

Result<bool> has_code(const store::View&, const Sha256&);
Result<void> put_code(store::Transaction&, const Sha256&, BytesView code);  // nothing if it is there
// `unavailable` if it was never kept, `corrupt` if it is not what it was.
Result<Bytes> find_code(const store::View&, const Sha256&);

}  // namespace writ::task
