#include "writ/guest/wasm/wasi_path.h"

#include <utility>
#include <vector>

#include "writ/base/escape.h"

namespace writ::guest::wasm::wasi {
namespace {

// Whether it went above where it began.
bool walk(std::vector<std::string_view>& segments, std::string_view path) {
  const std::size_t begin = segments.size();
  bool above = false;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") segments.push_back(segment);
    else if (!segments.empty()) segments.pop_back();
    above = above || segments.size() < begin;
  }
  return above;
}

std::string join(const std::vector<std::string_view>& segments, std::size_t first) {
  std::string out;
  for (std::size_t i = first; i < segments.size(); ++i) {
    if (i > first) out += '/';
    out += segments[i];
  }
  return out;
}

Place place_of(const std::vector<std::string_view>& segments) {
  if (segments.empty()) return {};
  if (segments.front() == "state") return {Realm::state, join(segments, 1), false};
  return {Realm::host, "/" + join(segments, 0), false};
}

}  // namespace

std::string Place::full() const {
  if (realm != Realm::state) return path;
  return path.empty() ? "/state" : "/state/" + path;
}

Place Place::child(std::string_view name) const {
  switch (realm) {
    case Realm::root: return name == "state" ? Place{Realm::state, "", false} : Place{Realm::host, "/" + std::string(name), false};
    case Realm::state: return {realm, path.empty() ? std::string(name) : path + "/" + std::string(name), false};
    case Realm::host: return {realm, path + "/" + std::string(name), false};
  }
  std::unreachable();
}

std::expected<Place, Errno> resolve(const Place& folder, std::string_view path) {
  if (path.empty()) return std::unexpected(Errno::noent);
  if (path.size() > longest_path) return std::unexpected(Errno::nametoolong);
  if (path.find('\0') != std::string_view::npos) return std::unexpected(Errno::inval);
  if (!is_utf8(path)) return std::unexpected(Errno::ilseq);

  const std::string base = folder.full();
  std::vector<std::string_view> segments;
  if (path.front() != '/') walk(segments, base);
  const bool leaves = walk(segments, path) || (path.front() == '/' && folder.realm != Realm::root);
  std::size_t length = 0;
  for (const std::string_view s : segments) {
    if (s.size() > longest_segment) return std::unexpected(Errno::nametoolong);
    length += s.size() + 1;
  }
  if (length > longest_path) return std::unexpected(Errno::nametoolong);

  Place place = place_of(segments);
  const std::string_view last = path.substr(path.rfind('/') + 1);  // npos + 1 is 0: the whole path
  place.leaves = leaves;
  place.must_be_folder = last.empty() || last == "." || last == "..";
  return place;
}

}  // namespace writ::guest::wasm::wasi
