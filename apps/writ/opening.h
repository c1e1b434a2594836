// Opens the store that the command is about, with this user's keys.
#pragma once

#include <memory>

#include "commands.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

struct OpenedStore {
  StorePlace place;
  std::unique_ptr<runtime::Runtime> runtime;
  // The runtime itself: a store in hand is never without one.
  runtime::Runtime* operator->() const { return runtime.get(); }
};

// How guests are to be run, for the commands that run them.
struct GuestChoice {
  runtime::FenceChoice fence = runtime::FenceChoice::automatic;
  runtime::TierChoice tier = runtime::TierChoice::automatic;
};

// A store that was named or found must exist; the user's own is made on first use, whatever the access.
Result<OpenedStore> open_store(const Invocation&, runtime::Access, GuestChoice = {},
                               int interrupt = -1);  // runtime::Options::interrupt

// The folder of compiled images: this user's own, or the store's where that one cannot be made (a read-only home), which
// a note says once.
Result<std::string> image_cache(const Invocation&);

// --tier; automatic if there is none.
Result<runtime::TierChoice> parse_tier(const std::optional<std::string>& value);
Result<workspace::Manner> parse_manner(const std::optional<std::string>& value);  // of --commit-by

// Where the store is, for what works on stores that do not open.
Result<StorePlace> place_of_store(const Invocation&);

// The key that verifies the store's receipts; made now if this user has none yet.
Result<std::string> verifier_key(const Invocation&);

// The same for `init`: the folder that was named, else .writ in the working folder. `created` tells whether it was new.
enum class Newness : unsigned char { created, existed };
Result<std::pair<OpenedStore, Newness>> create_store(const Invocation&);

// A task as people name it; `invalid` if there is none, so that the status is that of bad input.
Result<TaskId> find_task(runtime::Runtime&, const std::string& text);

}  // namespace writ::cli
