#include "writ/gate/shadow.h"

#include <cerrno>

namespace writ::gate {
namespace {

// An entry of the receipt: its members with two versions and two digests take less than `around`, and a character of a
// path at most two bytes.
std::uint64_t longest_entry(std::string_view path) {
  constexpr std::uint64_t around = 320;
  return around + 2 * path.size();
}

}  // namespace

// Reads an object from the snapshot once, and notes which version it was.
Result<Shadow::Object*> Shadow::load(std::string_view path) {
  if (const auto it = objects_.find(path); it != objects_.end()) return &it->second;
  WRIT_TRY(const auto state, snapshot_.object(path));
  Object object;
  ObjectVersion version;
  if (state) {
    object.stored = true;
    version = state->version;
    WRIT_TRY(const auto bytes, snapshot_.body(path, state->version));
    object.body = std::string(as_text(bytes));
  } else {
    WRIT_TRY(version, snapshot_.version(path));  // of a tombstone, or 0
  }
  read_set_.insert_or_assign(std::string(path), version);
  cached_ += object.body ? object.body->size() : 0;
  if (cached_ > max_cached.value()) evict(path);
  return &objects_.insert_or_assign(std::string(path), std::move(object)).first->second;
}

// Forgets copies of what was only read; the read set still knows their versions.
void Shadow::evict(std::string_view keep) {
  for (auto it = objects_.begin(); it != objects_.end();) {
    if (it->second.dirty || !it->second.body || it->first == keep) {
      ++it;
    } else {
      cached_ -= it->second.body->size();
      it = objects_.erase(it);
    }
  }
}

// Makes the object dirty with room for a body of this size, or changes nothing.
Result<void> Shadow::stage(std::string_view path, Object& object, std::uint64_t size) {
  const std::uint64_t had = object.body ? object.body->size() : 0;
  const std::uint64_t others = staged_ - (object.dirty ? had : 0);
  if (size > max_staged.value() - others)
    return Error{Code::exhausted, "a task stages at most " + std::to_string(max_staged.value()) + " bytes", {}, {}};
  if (!object.dirty) {
    if (longest_entry(path) > max_written.value() - written_)
      return Error{Code::exhausted, "a task does not write so many objects", std::string(path), "do the work in several tasks"};
    written_ += longest_entry(path);
    cached_ -= had;
  }
  staged_ = others + size;
  object.dirty = true;
  return {};
}

Result<const std::string*> Shadow::find(std::string_view path) {
  WRIT_TRY(const Object* object, load(path));
  return object->body ? &*object->body : nullptr;
}

Result<bool> Shadow::exists(std::string_view path) {
  if (const auto it = objects_.find(path); it != objects_.end()) return it->second.body.has_value();
  WRIT_TRY(const auto state, snapshot_.object(path));
  ObjectVersion version;
  if (state) {
    version = state->version;
  } else {
    WRIT_TRY(version, snapshot_.version(path));
  }
  read_set_.insert_or_assign(std::string(path), version);
  return state.has_value();
}

Result<std::string*> Shadow::edit(std::string_view path, std::uint64_t size) {
  WRIT_TRY(Object* object, load(path));
  WRIT_CHECK(stage(path, *object, size));
  if (!object->body) object->body.emplace();
  object->body->resize(size);
  return &*object->body;
}

// `there` says whether it exists in the snapshot, if nothing is known of it here yet.
Result<void> Shadow::put(std::string_view path, bool there, std::optional<std::string> body) {
  const auto [it, fresh] = objects_.try_emplace(std::string(path), Object{{}, there, false});
  if (auto staged = stage(path, it->second, body ? body->size() : 0); !staged) {
    if (fresh) objects_.erase(it);
    return staged;
  }
  it->second.body = std::move(body);
  return {};
}

Result<void> Shadow::replace(std::string_view path, std::string body) {
  WRIT_TRY(const bool there, exists(path));  // two tasks that write one object conflict, also if neither looked at it
  return put(path, there, std::move(body));
}

Result<void> Shadow::remove(std::string_view path) {
  WRIT_TRY(const bool there, exists(path));
  if (!there) return Error{Code::unavailable, "no such object", std::string(path), {}, ENOENT};
  return put(path, there, std::nullopt);
}

Result<std::vector<std::pair<std::string, std::uint64_t>>> Shadow::list(std::string_view prefix) {
  constexpr std::size_t page = 1000;
  std::map<std::string, std::uint64_t> found;
  auto& listed = listed_[std::string(prefix)];
  listed.clear();
  for (std::string after;;) {
    WRIT_TRY(const auto states, snapshot_.list(prefix, page, after));
    for (const auto& s : states) {
      found.emplace(s.path, s.size.value());
      listed.push_back(s.path);
    }
    if (states.size() < page) break;
    after = states.back().path;
  }
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) {
    if (it->second.body) found[it->first] = it->second.body->size();
    else found.erase(it->first);
  }
  return std::vector<std::pair<std::string, std::uint64_t>>(found.begin(), found.end());
}

Result<bool> Shadow::any_below(std::string_view prefix) {
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it)
    if (it->second.body) return true;  // the task's own, or one that it has read
  constexpr std::size_t few = 16;
  std::vector<std::string> gone;  // those that the task has removed itself
  for (std::string after;;) {
    WRIT_TRY(const auto states, snapshot_.list(prefix, few, after));
    for (const auto& s : states) {
      if (!objects_.contains(s.path)) return exists(s.path);
      gone.push_back(s.path);
    }
    if (states.size() < few) break;
    after = states.back().path;
  }
  listed_.try_emplace(std::string(prefix), std::move(gone));
  return false;
}

ChangeSet Shadow::changes() const {
  ChangeSet made{{}, read_set_, listed_};
  for (const auto& [path, object] : objects_) {
    if (!object.dirty || (!object.body && !object.stored)) continue;  // not written, or made and removed again
    const std::string_view body = object.body ? std::string_view(*object.body) : std::string_view();
    made.writes.push_back({path, object.body, digest(as_bytes(body))});
  }
  return made;
}

}  // namespace writ::gate
