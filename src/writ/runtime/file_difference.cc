#include "writ/runtime/file_difference.h"

#include <fcntl.h>

#include <array>
#include <filesystem>

#include "writ/base/quote.h"
#include "writ/runtime/patch.h"
#include "writ/workspace/line_diff.h"

namespace writ::runtime {
namespace {

using workspace::Happened;
using workspace::Kind;

constexpr std::size_t piece = 256 * 1024;

constexpr std::array<std::string_view, 3> what_names{"created", "changed", "removed"};
std::string change_name(Change::What w) { return std::string(what_names[static_cast<std::size_t>(w)]); }

Error other_content() { return {Code::conflict, "it is no longer what the task saw or left", {}, {}}; }
Error too_large() { return {Code::exhausted, "it is too large for a patch", {}, {}}; }

Result<std::string> read_whole(const Fd& fd, const DigestPair& expected) {
  std::string text;
  std::vector<std::byte> buffer(piece);
  for (;;) {
    WRIT_TRY(const auto n, workspace::host_files().read(fd, text.size(), buffer));
    if (n == 0) break;
    text += as_text(std::span(buffer).first(n));
    if (text.size() > max_patched.value()) return too_large();
  }
  if (digest(as_bytes(text)) != expected) return other_content();
  return text;
}

class FileDifference {
 public:
  FileDifference(Difference& out, const workspace::Places& places, const TaskId& id, const workspace::Tree& tree, Detail detail)
      : out_(out), places_(places), id_(id), tree_(tree), detail_(detail) {}

  Result<void> add(const workspace::Change& c) {
    Change& made = out_.files.emplace_back();
    made.path = workspace::absolute(tree_, c.path);
    made.of = kind_of(c);
    made.what = c.happened == Happened::created   ? Change::What::created
                : c.happened == Happened::changed ? Change::What::changed
                                                  : Change::What::removed;
    made.mode_before = c.base ? c.base->mode : 0;
    made.mode_after = c.mode;
    made.target = c.target;
    made.added = c.lines.added;
    made.removed = c.lines.removed;
    if (c.base && c.base->digest) made.sha256_before = c.base->digest->sha256.hex();
    if (c.digest) made.sha256_after = c.digest->sha256.hex();
    made.text = c.lines != workspace::Lines{} || made.sha256_before == made.sha256_after;
    return detail_ == Detail::patches ? write_patch(made, c) : Result<void>();
  }

 private:
  // As the patch names it: a line of ours, which git passes by.
  static std::string remark(const std::string& path, const std::string& what) { return "# " + quote_as_git(path) + ": " + what + "\n"; }

  std::string patch_path(const workspace::Change& c) const {
    const auto whole = workspace::absolute(tree_, c.path);
    return whole.substr(out_.folder == "/" ? 1 : out_.folder.size() + 1);
  }

  Result<Fd> open_base(const std::string& path) const {
    auto& files = workspace::host_files();
    WRIT_TRY(const auto root, workspace::open_root(tree_.root));
    auto fd = files.open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (!fd) return other_content();
    return fd;
  }
  Result<Fd> open_kept(const std::string& folder, const DigestPair& content, std::uint64_t size) const {
    auto fd = workspace::open_content(folder, content.sha256, size);
    if (!fd) return Error{Code::unavailable, "its content is no longer kept", {}, {}};
    return fd;
  }

  Result<std::optional<Blob>> before(const workspace::Change& c) const {
    if (!c.base || c.base->kind == Kind::folder) return std::optional<Blob>();
    if (c.base->kind == Kind::link) return std::optional(Blob{Blob::Kind::link, c.base->mode, c.base->target});
    if (c.base->identity.size > max_patched.value()) return too_large();
    const bool settled = out_.state == task::State::committed;
    WRIT_TRY(const auto fd, settled ? open_kept(places_.undo(id_), *c.base->digest, c.base->identity.size) : open_base(c.path));
    WRIT_TRY(auto content, read_whole(fd, *c.base->digest));
    return std::optional(Blob{Blob::Kind::file, c.base->mode, std::move(content)});
  }

  Result<std::optional<Blob>> after(const workspace::Change& c) const {
    if (c.happened == Happened::removed || c.kind == Kind::folder) return std::optional<Blob>();
    if (c.kind == Kind::link) return std::optional(Blob{Blob::Kind::link, c.mode, c.target});
    if (c.size > max_patched.value()) return too_large();
    const bool settled = out_.state == task::State::committed;
    WRIT_TRY(const auto fd, settled ? open_base(c.path) : open_kept(places_.shadow(id_), *c.digest, c.size));
    WRIT_TRY(auto content, read_whole(fd, *c.digest));
    return std::optional(Blob{Blob::Kind::file, c.mode, std::move(content)});
  }

  Result<void> write_patch(Change& made, const workspace::Change& c) {
    const auto path = patch_path(c);
    const auto was = before(c), is = after(c);
    if (!was || !is) {
      const Error& why = !was ? was.error() : is.error();
      made.patch = remark(path, change_name(made.what) + ", and not shown: " + why.what);
      return {};
    }
    if (made.of == Change::Of::folder) made.patch += remark(path + "/", "folder " + change_name(made.what));
    if (c.base && c.base->kind == Kind::folder && c.kind != Kind::folder) made.patch += remark(path + "/", "folder removed");
    made.patch += git_patch(path, *was, *is);
    if (c.base && c.happened == Happened::changed && c.base->kind == c.kind && c.base->mode != c.mode && c.kind != Kind::link)
      made.patch += remark(path, "permissions " + octal(c.base->mode) + " to " + octal(c.mode));
    if (made.patch.empty()) made.patch = remark(path, "its time was set");
    const auto is_text = [](const std::optional<Blob>& b) { return !b || workspace::is_text(b->content); };
    made.text = is_text(*was) && is_text(*is);
    size_ += made.patch.size();
    return {};
  }

  static std::string octal(std::uint32_t mode) {
    std::string text = "0";
    for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + ((mode >> shift) & 7));
    return text;
  }

 public:
  std::uint64_t size() const { return size_; }

 private:
  Difference& out_;
  const workspace::Places& places_;
  const TaskId& id_;
  const workspace::Tree& tree_;
  Detail detail_;
  std::uint64_t size_ = 0;
};

}  // namespace

Change::Of kind_of(const workspace::Change& c) {
  constexpr std::array kinds{Change::Of::file, Change::Of::folder, Change::Of::link};
  return kinds[static_cast<std::size_t>(c.kind)];
}

std::string patch_folder(const workspace::Changes& changes) {
  if (changes.empty()) return {};
  std::filesystem::path common = changes.trees[0].root;
  for (const auto& tree : changes.trees) {
    const std::filesystem::path root = tree.root;
    std::filesystem::path both;
    for (auto a = common.begin(), b = root.begin(); a != common.end() && b != root.end() && *a == *b; ++a, ++b) both /= *a;
    common = std::move(both);
  }
  return common.string();
}

Result<void> add_file_changes(Difference& out, const workspace::Places& places, const TaskId& id, const workspace::Changes& chosen,
                              Detail detail) {
  std::uint64_t size = 0;
  for (const auto& tree : chosen.trees) {
    FileDifference difference(out, places, id, tree, detail);
    for (const auto& c : tree.changes) {
      WRIT_CHECK(difference.add(c));
      if (size + difference.size() > max_patches.value())
        return Error{Code::exhausted, "the patches are larger than 256 MiB", id.hex(), "name some of the paths, or ask for --stat"};
    }
    size += difference.size();
  }
  return {};
}

Result<std::optional<workspace::Changes>> kept_changes(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto text, view.record(workspace::changes_table, id.bytes));
  if (!text) return std::optional<workspace::Changes>();
  auto changes = workspace::parse_changes(as_text(*text));
  if (!changes) return Error{Code::corrupt, "the record of a task's files is malformed: " + changes.error().what, id.hex(), "run writ fsck"};
  return std::optional(std::move(*changes));
}

namespace {

workspace::Changes told_changes(const std::vector<proof::FileWrite>& files) {
  workspace::Tree tree{{}, "/", {}};
  for (const auto& f : files) {
    workspace::Change c;
    if (f.happened != proof::FileChange::created) {
      c.base.emplace();
      c.base->digest = f.before;
      c.base->kind = f.before ? Kind::file : Kind::folder;
    }
    c.digest = f.after;
    c.happened = static_cast<Happened>(f.happened);
    c.kind = static_cast<Kind>(f.kind);
    c.mode = static_cast<std::uint32_t>(f.mode);
    c.path = f.path.substr(1);
    c.target = f.target;
    tree.changes.push_back(std::move(c));
  }
  workspace::Changes changes;
  if (!tree.changes.empty()) changes.trees.push_back(std::move(tree));
  return changes;
}

}  // namespace

Result<workspace::Changes> files_of(const store::View& view, const TaskId& id, const proof::OutputManifest& output) {
  if (output.files.empty()) return workspace::Changes();
  WRIT_TRY(auto kept, kept_changes(view, id));
  return kept ? std::move(*kept) : told_changes(output.files);
}

}  // namespace writ::runtime
