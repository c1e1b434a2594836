#include "writ/task/mounted_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "writ/base/escape.h"

namespace writ::task {
namespace {

using effect::Kind;
using workspace::Change;
using workspace::Happened;
using workspace::MountedShadow;

bool lies_below(std::string_view path, std::string_view folder) {
  return folder == "/" || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

std::string joined(const std::string& folder, std::string_view path) { return (folder == "/" ? "" : folder) + "/" + std::string(path); }

// The folders of the host that may be changed or were mounted, and where each is seen. None lies in another.
Result<std::vector<gate::Mount>> folders_of(const MountedFiles::Setup& s) {
  std::vector<gate::Mount> all = s.mounts;
  const auto& grants = s.capabilities.grants();
  for (std::uint32_t i = 0; i < grants.size(); ++i) {
    const auto& g = grants[i];
    if (g.kind != Kind::file_write || !g.resource || s.capabilities.is_learned(i)) continue;
    const auto root = g.resource->root();
    if (!std::filesystem::is_directory(root)) continue;  // the engine says why that cannot be
    gate::Mount folder{root, root};
    for (const auto& m : s.mounts)
      if (lies_below(root, m.host)) folder = m;
    if (std::ranges::find(all, folder.host, &gate::Mount::host) == all.end()) all.push_back(std::move(folder));
  }
  std::ranges::sort(all, {}, &gate::Mount::host);
  std::vector<gate::Mount> outer;
  for (auto& f : all) {
    const auto around = std::ranges::find_if(outer, [&](const gate::Mount& o) { return lies_below(f.host, o.host); });
    if (around == outer.end()) outer.push_back(std::move(f));
    else if (f.at != around->at + f.host.substr(around->host.size()))
      return Error{Code::unsupported, "a process can see a folder that it may change in one place only", escape_for_terminal(f.host),
                   "mount the outer folder alone"};
  }
  return outer;
}

MountedShadow::Setup shadow_of(const MountedFiles::Setup& s, const std::string& host) {
  MountedShadow::Setup setup;
  setup.root = host;
  setup.contents = s.contents;
  setup.hidden = [&capabilities = s.capabilities, host](std::string_view path) {
    return capabilities.deny_of(Kind::file_read, joined(host, path)) != nullptr;
  };
  struct stat store {};
  if (::stat(s.store.c_str(), &store) == 0) setup.hidden_nodes.emplace_back(store.st_dev, store.st_ino);
  setup.elsewhere = {"/var/tmp", "/tmp", "/dev/shm"};
  return setup;
}

Result<std::unique_ptr<MountedShadow>> open_shadow(const MountedFiles::Setup& s, const std::string& host) {
  if (s.layers == guest::Layers::trusted_overlays || s.layers == guest::Layers::user_overlays) {
    const auto form = s.layers == guest::Layers::trusted_overlays ? workspace::Overlay::trusted : workspace::Overlay::user;
    auto overlay = workspace::open_overlay(shadow_of(s, host), form);
    if (overlay || overlay.error().code != Code::unsupported) return overlay;
  }
  return workspace::open_copy(shadow_of(s, host));
}

bool may_change(const MountedFiles::Setup& s, const std::string& host) {
  const auto& grants = s.capabilities.grants();
  for (std::uint32_t i = 0; i < grants.size(); ++i) {
    const auto& g = grants[i];
    if (g.kind != Kind::file_write || !g.resource || s.capabilities.is_learned(i)) continue;
    if (lies_below(g.resource->root(), host) || g.resource->covers_below(host)) return true;
  }
  return false;
}

// What is not refused. What lies in a refused new folder falls with it, and a folder whose content stays is not removed.
std::vector<Change> allowed(gate::Session& session, const std::string& host, std::vector<Change> changes) {
  std::set<std::string> refused;
  std::vector<Change> kept;
  for (auto& c : changes) {
    const bool folder = c.kind == workspace::Kind::folder;
    const auto stands = [&](const std::string& r) { return lies_below(c.path, r) || c.same_as == r; };
    const bool orphan = std::ranges::any_of(refused, stands);
    const auto resource = joined(host, c.path) + (folder ? "/" : "");
    if (!orphan && session.monitor().perform({Kind::file_write, resource, c.size, c.size})) kept.push_back(std::move(c));
    else refused.insert(c.path);
  }
  std::erase_if(kept, [&](const Change& c) {
    return c.happened == Happened::removed && std::ranges::any_of(refused, [&](const std::string& r) { return lies_below(r, c.path); });
  });
  return kept;
}

}  // namespace

Result<MountedFiles> MountedFiles::open(const Setup& setup) {
  MountedFiles files;
  WRIT_TRY(const auto folders, folders_of(setup));
  for (const auto& f : folders) {
    WRIT_TRY(auto shadow, open_shadow(setup, f.host));
    using Use = guest::Layer::Use;
    files.folders_.push_back({f.host, f.at, may_change(setup, f.host) ? Use::change : Use::look, std::move(shadow)});
  }
  return files;
}

std::vector<guest::Layer> MountedFiles::layers() const {
  std::vector<guest::Layer> list;
  for (const auto& f : folders_) {
    guest::Layer layer{f.host, f.at, f.use, {}, f.shadow->folder()};
    for (const auto& m : f.shadow->mounts()) {
      layer.mounts.push_back({m.at, m.options});
      layer.written.push_back(m.upper);
    }
    if (layer.mounts.empty()) layer.written.push_back(layer.folder);
    list.push_back(std::move(layer));
  }
  return list;
}

Result<workspace::Changes> MountedFiles::seal(gate::Session& session) {
  workspace::Changes all;
  for (auto& f : folders_) {
    if (f.use == guest::Layer::Use::look) continue;
    WRIT_TRY(auto tree, f.shadow->seal());
    tree.changes = allowed(session, f.host, std::move(tree.changes));
    if (!tree.changes.empty()) all.trees.push_back(std::move(tree));
  }
  std::ranges::sort(all.trees, {}, &workspace::Tree::root);
  return all;
}

std::vector<std::string> MountedFiles::left_out() const {
  std::vector<std::string> all;
  for (const auto& f : folders_) all.insert(all.end(), f.shadow->left_out().begin(), f.shadow->left_out().end());
  return all;
}

}  // namespace writ::task
