#include "writ/gate/commit.h"

#include "writ/proof/state_map.h"

namespace writ::gate {
namespace {

struct Prepared {
  Shadow::Write write;
  DigestPair digest;
};

Result<void> validate(store::Transaction& t, const Shadow& shadow) {
  for (const auto& [path, version] : shadow.read_set()) WRIT_CHECK(t.expect(path, version));
  for (const auto& [prefix, seen] : shadow.listed()) {
    WRIT_TRY(const auto now, t.list(prefix, seen.size() + 1));
    bool same = now.size() == seen.size();
    for (std::size_t i = 0; same && i < now.size(); ++i) same = now[i].path == seen[i];
    if (!same)
      return Error{Code::conflict, "objects appeared or vanished since the task listed them", prefix, "run it again (--retry N)"};
  }
  return {};
}

Result<AppliedWrite> apply(store::Transaction& t, const Prepared& p) {
  WRIT_TRY(const auto before, t.version(p.write.path));
  AppliedWrite applied{p.write.path, before, {}, !p.write.body, p.digest, 0};
  if (p.write.body) {
    WRIT_TRY(const auto state, t.put_object(p.write.path, as_bytes(*p.write.body), p.digest));
    applied.after = state.version;
    applied.size = p.write.body->size();
    WRIT_CHECK(proof::put_state(t, p.write.path, state.version, p.digest.sha256));
  } else {
    WRIT_TRY(const auto state, t.remove_object(p.write.path));
    applied.after = state.version;
    WRIT_CHECK(proof::remove_state(t, p.write.path));
  }
  return applied;
}

}  // namespace

Result<void> settle(store::Store& store, const Shadow* shadow, const Testimony& testify) {
  std::vector<Prepared> prepared;  // hashed here, so that the writer thread is free
  if (shadow != nullptr)
    for (auto& w : shadow->writes()) {
      const DigestPair d = digest(as_bytes(w.body ? std::string_view(*w.body) : std::string_view()));
      prepared.push_back({std::move(w), d});
    }
  WRIT_CHECK(store.write([&](store::Transaction& t) -> Result<void> {
    Applied applied;
    WRIT_TRY(applied.state_before, proof::state_root(t));
    if (shadow != nullptr) WRIT_CHECK(validate(t, *shadow));
    for (const auto& p : prepared) {
      WRIT_TRY(auto write, apply(t, p));
      applied.writes.push_back(std::move(write));
    }
    WRIT_TRY(applied.state_after, proof::state_root(t));
    return testify(t, applied);
  }));
  return {};
}

}  // namespace writ::gate
