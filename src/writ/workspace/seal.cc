#include "writ/workspace/seal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "writ/workspace/contents.h"
#include "writ/workspace/line_diff.h"

namespace writ::workspace {
namespace {

constexpr std::size_t piece = 256 * 1024;

struct Content {
  DigestPair digest;
  std::uint64_t size = 0;
  std::string text;  // as far as max_text
};

Result<Content> read_whole(const Fd& fd) {
  Content c;
  DigestStream digest;
  std::vector<std::byte> buffer(piece);
  for (;;) {
    WRIT_TRY(const auto n, host_files().read(fd, c.size, buffer));
    if (n == 0) break;
    const auto part = std::span(buffer).first(n);
    digest.update(part);
    if (c.size <= max_text.value()) c.text += as_text(part);
    c.size += n;
  }
  c.digest = digest.finish();
  return c;
}

class Seal {
 public:
  explicit Seal(Nodes& nodes) : nodes_(nodes) {}

  Result<Tree> run() {
    tree_.root = nodes_.real_root();
    WRIT_CHECK(visit(nodes_.top(), "", true));
    for (const auto& [path, node] : now_) WRIT_CHECK(add_present(path, *node));
    WRIT_CHECK(add_removed());
    std::ranges::sort(tree_.changes, {}, &Change::path);
    if (tree_.changes.size() > max_changes)
      return file_error(ENOSPC, Code::exhausted, "a task changes at most " + std::to_string(max_changes) + " files", tree_.root);
    WRIT_CHECK(add_seen());
    return std::move(tree_);
  }

 private:
  // `same`: every folder above is where the base has it, so what was not looked at is as it was.
  Result<void> visit(const NodePtr& node, const std::string& path, bool same) {
    same = same && node->base_path == path;
    const bool folder = node->type == Status::Type::folder;
    if (!same || node->copy != 0 || node->set_modified) now_.emplace(path, node);
    else here_.insert(path);
    if (!folder) return {};
    if (!same) WRIT_CHECK(nodes_.complete(*node));
    const auto names = node->names;  // complete() may have added to it, nothing below does
    for (const auto& [name, child] : names) {
      if (!child) continue;
      if (!same && child->type == Status::Type::other)
        return file_error(EPERM, Code::denied, "sockets, devices and named pipes are not moved", join(path, name));
      WRIT_CHECK(visit(child, join(path, name), same));
    }
    return {};
  }

  const Base* base_at(const std::string& path) const {
    const auto i = nodes_.seen().find(path);
    return i == nodes_.seen().end() ? nullptr : &i->second;
  }

  // A base that goes into a change has its digest, and is what it was.
  Result<Content> with_digest(Base& base, const std::string& path) {
    Node as_it_was;
    as_it_was.base_path = path;
    as_it_was.type = Status::Type::file;
    WRIT_TRY(const auto fd, nodes_.open_base(as_it_was));
    WRIT_TRY(auto content, read_whole(fd));
    WRIT_CHECK(nodes_.open_base(as_it_was));  // nor did it change meanwhile
    base.digest = content.digest;
    return content;
  }

  Result<void> add_present(const std::string& path, Node& node) {
    if (path.empty()) {
      if (node.set_modified) return file_error(EBUSY, Code::invalid, "the folder itself cannot be changed", tree_.root);
      return {};
    }
    // A folder may have been moved so that what is in it has such a name now.
    if (nodes_.hides(path)) return file_error(EPERM, Code::denied, "the name is hidden from the task", path);
    Change c;
    c.path = path;
    c.mode = node.mode & 0777;
    c.modified = node.set_modified;
    Content before;
    if (const Base* base = base_at(path)) {
      c.base = *base;
      c.happened = Happened::changed;
    }
    switch (node.type) {
      case Status::Type::folder:
        c.kind = Kind::folder;
        if (c.base && c.base->kind == Kind::folder && !c.modified) {
          here_.insert(path);
          return {};
        }
        break;
      case Status::Type::link:
        c.kind = Kind::link;
        c.target = node.target;
        if (c.base && c.base->kind == Kind::link && c.base->target == c.target && !c.modified) {
          here_.insert(path);
          return {};
        }
        WRIT_CHECK(nodes_.check_target(node.target, path));
        break;
      case Status::Type::file:
        c.kind = Kind::file;
        if (node.copy == 0 && node.base_path == path && !c.modified) {  // it went away and came back
          here_.insert(path);
          return {};
        }
        break;
      case Status::Type::other: return file_error(EPERM, Code::denied, "sockets, devices and named pipes are not moved", path);
    }
    if (c.base && c.base->kind == Kind::file) {
      WRIT_TRY(before, with_digest(*c.base, path));
    }
    if (c.kind == Kind::file) {
      WRIT_TRY(const auto after, keep_content(node));
      c.digest = after.digest;
      c.size = after.size;
      if (c.base && c.base->digest == c.digest && c.base->mode == c.mode && !c.modified) {  // written, but the same
        here_.insert(path);
        return {};
      }
      c.lines = count_lines(before.text, after.text);
    } else if (c.base && c.base->kind == Kind::file) {
      c.lines = count_lines(before.text, "");
    }
    if (c.kind != Kind::folder) {
      const auto [first, fresh] = first_name_.try_emplace(&node, path);
      if (!fresh) c.same_as = first->second;
    }
    tree_.changes.push_back(std::move(c));
    return {};
  }

  // The content of a file lies in the private folder under its digest: copied from the base if it was only moved.
  Result<Content> keep_content(Node& node) {
    if (const auto i = contents_.find(&node); i != contents_.end()) return i->second;
    WRIT_TRY(const auto fd, nodes_.copy_up(node, Empty::no));
    WRIT_TRY(auto content, read_whole(fd));
    // A copy and not a second name, since the task may go on writing to its own.
    WRIT_CHECK(copy_file(fd, content_path(nodes_.contents(), content.digest.sha256)));
    contents_.emplace(&node, content);
    return content;
  }

  Result<void> copy_file(const Fd& from, const std::string& to) {
    ::unlink(to.c_str());
    const Fd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return system_error(errno, "cannot keep a content", to);
    std::vector<std::byte> buffer(piece);
    for (std::uint64_t at = 0;;) {
      WRIT_TRY(const auto n, host_files().read(from, at, buffer));
      if (n == 0) return {};
      WRIT_CHECK(host_files().write(fd, at, std::span(buffer).first(n)));
      at += n;
    }
  }

  Result<void> add_removed() {
    for (const auto& gone : nodes_.gone()) {
      for (auto i = nodes_.seen().lower_bound(gone); i != nodes_.seen().end(); ++i) {
        const auto& [path, base] = *i;
        if (!path.starts_with(gone)) break;
        if ((path != gone && !is_below(path, gone)) || here_.contains(path) || now_.contains(path)) continue;
        if (!removed_.insert(path).second) continue;
        Change c;
        c.path = path;
        c.happened = Happened::removed;
        c.kind = base.kind;
        c.base = base;
        if (base.kind == Kind::file) {
          WRIT_TRY(const auto before, with_digest(*c.base, path));
          c.lines = count_lines(before.text, "");
        }
        tree_.changes.push_back(std::move(c));
      }
    }
    return {};
  }

  // What was read, and the folders that changes lie in.
  Result<void> add_seen() {
    if (tree_.changes.empty()) return {};
    std::set<std::string> paths{""};
    for (const auto& path : nodes_.read()) paths.insert(path);
    for (const auto& c : tree_.changes) {
      const auto end = c.path.rfind('/');
      paths.insert(end == c.path.npos ? "" : c.path.substr(0, end));
    }
    for (const auto& c : tree_.changes) paths.erase(c.path);  // their own base says it
    for (const auto& path : paths)
      if (const Base* base = base_at(path)) tree_.seen.push_back({*base, path});
    return {};
  }

  Nodes& nodes_;
  Tree tree_;
  std::map<std::string, NodePtr> now_;  // what is not where the base has it, or not what it has
  std::set<std::string> here_;          // what is
  std::set<std::string> removed_;
  std::unordered_map<const Node*, std::string> first_name_;
  std::unordered_map<const Node*, Content> contents_;
};

}  // namespace

Result<Tree> seal(Nodes& nodes) { return Seal(nodes).run(); }

}  // namespace writ::workspace
