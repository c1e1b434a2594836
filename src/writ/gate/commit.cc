#include "writ/gate/commit.h"

#include "writ/proof/state_map.h"

namespace writ::gate {
Result<void> validate(store::Transaction& t, const ChangeSet& changes) {
  for (const auto& [path, version] : changes.read_set) WRIT_CHECK(t.expect(path, version));
  for (const auto& [prefix, seen] : changes.listed) {
    WRIT_TRY(const auto now, t.list(prefix, seen.size() + 1));
    bool same = now.size() == seen.size();
    for (std::size_t i = 0; same && i < now.size(); ++i) same = now[i].path == seen[i];
    if (!same)
      return Error{Code::conflict, "objects appeared or vanished since the task listed them", prefix, "run it again (--retry N)"};
  }
  return {};
}

namespace {

// `root` is that of the state map, before and after.
Result<AppliedWrite> apply(store::Transaction& t, const StagedWrite& w, Sha256& root) {
  WRIT_TRY(const auto before, t.version(w.path));
  AppliedWrite applied{w.path, before, {}, !w.body, w.digest, 0};
  if (w.body) {
    WRIT_TRY(const auto state, t.put_object(w.path, as_bytes(*w.body), w.digest));
    applied.after = state.version;
    applied.size = w.body->size();
    WRIT_TRY(root, proof::put_state(t, root, w.path, state.version, w.digest.sha256));
  } else {
    WRIT_TRY(const auto state, t.remove_object(w.path));
    applied.after = state.version;
    WRIT_TRY(root, proof::remove_state(t, root, w.path));
  }
  return applied;
}

}  // namespace

Result<void> settle(store::Store& store, const ChangeSet* changes, const Testimony& testify) {
  WRIT_CHECK(store.write([&](store::Transaction& t) -> Result<void> {
    Applied applied;
    WRIT_TRY(applied.state_before, proof::state_root(t));
    applied.state_after = applied.state_before;
    if (changes != nullptr) {
      WRIT_CHECK(validate(t, *changes));
      for (const auto& w : changes->writes) {
        WRIT_TRY(auto write, apply(t, w, applied.state_after));
        applied.writes.push_back(std::move(write));
      }
      if (!changes->writes.empty()) WRIT_CHECK(proof::write_state_root(t, applied.state_after));
    }
    return testify(t, applied);
  }));
  return {};
}

}  // namespace writ::gate
