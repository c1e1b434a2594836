#include "writ/actor/work_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <array>
#include <filesystem>

#include "writ/base/escape.h"

namespace writ::actor {
namespace {

namespace fs = std::filesystem;
using effect::Authorized;
using workspace::Status;

effect::FileType type_of(Status::Type t) {
  switch (t) {
    case Status::Type::file: return effect::FileType::regular;
    case Status::Type::folder: return effect::FileType::directory;
    case Status::Type::link: return effect::FileType::symbolic_link;
    case Status::Type::other: return effect::FileType::other;
  }
  return effect::FileType::other;
}

effect::Metadata metadata_of(const Status& s) {
  return {type_of(s.type), s.device, s.inode, s.links, s.size, s.accessed, s.modified, s.changed};
}

workspace::Follow follow_of(effect::Follow f) { return f == effect::Follow::yes ? workspace::Follow::yes : workspace::Follow::no; }

std::string_view without_slash(std::string_view path) {
  return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

// Below a folder or it itself.
bool within(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

std::string rest_of(std::string_view path, std::string_view folder) {
  if (path == folder) return {};
  return std::string(path.substr(folder == "/" ? 1 : folder.size() + 1));
}

std::string joined(std::string_view folder, std::string_view rest) {
  if (rest.empty()) return std::string(folder);
  if (folder.empty()) return std::string(rest);
  return std::string(folder) + (folder == "/" ? "" : "/") + std::string(rest);
}

// The nearest folder that is there, links resolved, and what is missing below it.
struct Existing {
  std::string folder, rest;
};

Result<Existing> nearest_folder(const std::string& path) {
  std::string at = path, rest;
  for (;;) {
    std::error_code failed;
    if (const auto real = fs::canonical(at, failed); !failed && fs::is_directory(real, failed)) return Existing{real.string(), rest};
    else if (!failed) {  // a file, perhaps by a link: its own folder
      return Existing{real.parent_path().string(), joined(real.filename().string(), rest)};
    }
    if (failed != std::errc::no_such_file_or_directory && failed != std::errc::not_a_directory)
      return system_error(failed.value(), "cannot open", escape_for_terminal(at));
    if (at == "/") return system_error(ENOENT, "cannot open", escape_for_terminal(path));
    const auto slash = at.rfind('/');
    rest = joined(at.substr(slash + 1), rest);
    at = slash == 0 ? "/" : at.substr(0, slash);
  }
}

// Where the roots that lie in a folder are, below it.
std::vector<std::string> roots_in(const std::string& folder, const std::vector<std::pair<std::string, Existing>>& wanted) {
  std::vector<std::string> inside;
  for (const auto& [words, there] : wanted)
    if (within(there.folder, folder)) inside.push_back(joined(rest_of(there.folder, folder), there.rest));
  return inside;
}

class OpenWorkFile final : public effect::WorkFile {
 public:
  explicit OpenWorkFile(std::unique_ptr<workspace::ShadowFile> file) : file_(std::move(file)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override { return file_->read_at(offset, out); }
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override { return file_->write_at(offset, bytes); }
  Result<void> resize(std::uint64_t size) override { return file_->resize(size); }
  Result<void> set_times(effect::FileTimes t) override { return file_->set_times({t.accessed, t.modified}); }
  effect::Metadata metadata() const override { return metadata_of(file_->status()); }
  Result<std::string> digest() override { return file_->base_digest(); }

 private:
  std::unique_ptr<workspace::ShadowFile> file_;
};

}  // namespace

Result<std::unique_ptr<WorkFiles>> WorkFiles::admit(const std::vector<std::string>& roots, const std::string& contents,
                                                    const std::string& store, std::function<WallTime()> now, Hides hides) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> hidden;
  struct stat s{};
  if (::stat(store.c_str(), &s) == 0) hidden.emplace_back(s.st_dev, s.st_ino);
  std::vector<std::pair<std::string, Existing>> wanted;
  for (const auto& words : roots) {
    WRIT_TRY(auto there, nearest_folder(words));
    wanted.emplace_back(words, std::move(there));
  }
  std::vector<std::string> folders;
  for (const auto& [words, there] : wanted) folders.push_back(there.folder);
  std::ranges::sort(folders, {}, &std::string::size);
  std::unique_ptr<WorkFiles> files(new WorkFiles);
  for (const auto& folder : folders) {
    const auto holds = [&](const auto& shadow) { return within(folder, shadow->root()); };
    if (std::ranges::any_of(files->shadows_, holds)) continue;
    // Each shadow has a private folder of its own name; what they keep under digests they may share.
    std::function<bool(std::string_view)> hides_here;
    if (hides) hides_here = [hides, inside = roots_in(folder, wanted)](std::string_view path) {
      return std::ranges::any_of(inside, [&](const auto& root) {
        return (root.empty() || within(path, root)) && path != root && hides("/" + (root.empty() ? std::string(path) : rest_of(path, root)));
      });
    };
    WRIT_TRY(auto shadow, workspace::Shadow::open(
                              {folder, contents, now, hidden, std::to_string(files->shadows_.size()) + "-", std::move(hides_here)}));
    files->shadows_.push_back(std::move(shadow));
  }
  for (auto& [words, there] : wanted) {
    if (std::ranges::any_of(files->roots_, [&](const Root& r) { return r.words == words; })) continue;
    const auto shadow = std::ranges::find_if(files->shadows_, [&](const auto& s2) { return within(there.folder, s2->root()); });
    files->roots_.push_back({words, joined(rest_of(there.folder, (*shadow)->root()), there.rest), shadow->get()});
  }
  std::ranges::sort(files->roots_, [](const Root& a, const Root& b) { return a.words.size() > b.words.size(); });
  return files;
}

const WorkFiles::Root* WorkFiles::root_of(std::string_view path) const {
  const auto found = std::ranges::find_if(roots_, [&](const Root& r) { return within(without_slash(path), r.words); });
  return found == roots_.end() ? nullptr : &*found;
}

Result<WorkFiles::Spot> WorkFiles::find(const std::string& path) const {
  const auto* root = root_of(path);
  if (root == nullptr || path.find('\0') != path.npos) return invalid("the path is not below what may be changed", escape_for_terminal(path));
  return Spot{root, joined(root->inside, rest_of(without_slash(path), root->words))};
}

Result<effect::Whereabouts> WorkFiles::resolve(const std::string& path, effect::Follow follow) {
  WRIT_TRY(const auto spot, find(path));
  WRIT_TRY(const auto real, spot.root->shadow->resolve(spot.path, follow_of(follow)));
  const auto host = joined(spot.root->shadow->root(), real);
  const auto& inside = spot.root->inside;
  // By the operator's name where there is one: a link may lead beside this root, into the same shadow.
  const bool named = inside.empty() || within(real, inside);
  return effect::Whereabouts{named ? joined(spot.root->words, inside.empty() ? real : rest_of(real, inside)) : host, host};
}

Result<std::vector<std::string>> WorkFiles::below(const std::string& folder) {
  WRIT_TRY(const auto spot, find(folder));
  WRIT_TRY(auto paths, spot.root->shadow->below(spot.path));
  const auto base = std::string(without_slash(folder));
  const auto self = spot.path.size();
  for (auto& p : paths) p = base + (p.size() > self ? (self == 0 ? "/" + p : p.substr(self)) : "");
  return paths;
}

Result<effect::Metadata> WorkFiles::stat(const Authorized& key, effect::Follow follow) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  WRIT_TRY(const auto status, spot.root->shadow->look(spot.path, follow_of(follow)));
  return metadata_of(status);
}

Result<std::vector<effect::DirectoryEntry>> WorkFiles::list(const Authorized& key) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  WRIT_TRY(const auto entries, spot.root->shadow->list(spot.path));
  std::vector<effect::DirectoryEntry> out;
  for (const auto& e : entries) out.push_back({e.name, type_of(e.type), e.inode});
  return out;
}

Result<std::string> WorkFiles::read_link(const Authorized& key) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->read_link(spot.path);
}

Result<std::unique_ptr<effect::WorkFile>> WorkFiles::open(const Authorized& key, effect::Follow follow, effect::Access access,
                                                          effect::Making making, effect::Cut cut) {
  constexpr std::array uses{workspace::Use::read, workspace::Use::write, workspace::Use::read_write};
  constexpr std::array creates{workspace::Create::no, workspace::Create::if_absent, workspace::Create::always_new};
  WRIT_TRY(const auto spot, find(key.effect().resource));
  WRIT_TRY(auto file, spot.root->shadow->open_file(spot.path, follow_of(follow), uses[static_cast<std::size_t>(access)],
                                                   creates[static_cast<std::size_t>(making)],
                                                   cut == effect::Cut::yes ? workspace::Empty::yes : workspace::Empty::no));
  return std::unique_ptr<effect::WorkFile>(new OpenWorkFile(std::move(file)));
}

Result<void> WorkFiles::make_folder(const Authorized& key) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->make_folder(spot.path);
}

Result<void> WorkFiles::remove_folder(const Authorized& key) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->remove_folder(spot.path);
}

Result<void> WorkFiles::remove_file(const Authorized& key) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->remove_file(spot.path);
}

Result<void> WorkFiles::rename(const Authorized& from, const Authorized& to) {
  WRIT_TRY(const auto source, find(from.effect().resource));
  WRIT_TRY(const auto target, find(to.effect().resource));
  if (source.root->shadow != target.root->shadow) return system_error(EXDEV, "cannot move", escape_for_terminal(to.effect().resource));
  return source.root->shadow->rename(source.path, target.path);
}

Result<void> WorkFiles::make_link(const Authorized& key, const std::string& target) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->make_link(target, spot.path);
}

Result<void> WorkFiles::add_name(const Authorized& existing, const Authorized& name) {
  WRIT_TRY(const auto source, find(existing.effect().resource));
  WRIT_TRY(const auto target, find(name.effect().resource));
  if (source.root->shadow != target.root->shadow) return system_error(EXDEV, "cannot link", escape_for_terminal(name.effect().resource));
  return source.root->shadow->add_name(source.path, target.path);
}

Result<void> WorkFiles::set_times(const Authorized& key, effect::Follow follow, effect::FileTimes times) {
  WRIT_TRY(const auto spot, find(key.effect().resource));
  return spot.root->shadow->set_times(spot.path, follow_of(follow), {times.accessed, times.modified});
}

Result<workspace::Changes> WorkFiles::seal() {
  workspace::Changes changes;
  for (auto& shadow : shadows_) {
    WRIT_TRY(auto tree, shadow->seal());
    if (!tree.changes.empty()) changes.trees.push_back(std::move(tree));
  }
  std::ranges::sort(changes.trees, {}, &workspace::Tree::root);
  return changes;
}

}  // namespace writ::actor
