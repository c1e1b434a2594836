// Changes: what a task wants to do to folders of the host, sealed. The one value that is diffed, staged, committed, recorded
// and undone. Plain data with one canonical text (docs/formats/workspace.md), so its digest names it.
//
// A Tree is one folder of the host with what changes in it, by path, at most one change a path. New contents are not in
// here: they lie in a folder of their own, each under the SHA-256 of its bytes (contents.h). What the task saw of the base is
// in here: a commit finds it as it was, or answers `conflict` and writes nothing.
//
// Paths are bytes below the tree's root, without a leading '/': they are what the host has, UTF-8 or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::workspace {

inline constexpr std::string_view changes_schema = "writ.changes/1";
// What one task may change: every path is in its receipt, which is one record of the store (store/object.h).
inline constexpr std::size_t max_changes = 20'000;
inline constexpr ByteCount max_changes_text = 6 * MiB;

enum class Kind : std::uint8_t { file, folder, link };  // link: a symbolic one
enum class Happened : std::uint8_t { created, changed, removed };
std::string_view name(Kind);
std::string_view name(Happened);

// Whether something of the base is still what it was. A change that keeps all of these (within one tick of the kernel's
// clock, of the same size) goes unseen.
struct Identity {
  WallTime changed;  // ctime
  std::uint64_t inode = 0;  // the device is left out: its number may be another after the next start of the machine
  WallTime modified;
  std::uint64_t size = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// What lay at a path of the base when the task first looked.
struct Base {
  std::optional<DigestPair> digest;  // of the content of a file, where it was read whole; always in a Change
  Identity identity;
  Kind kind = Kind::file;
  std::uint32_t mode = 0;            // permission bits
  std::string target;                // of a link
  friend bool operator==(const Base&, const Base&) = default;
};

// How many lines of text came and went; both 0 for what is not text.
struct Lines {
  std::uint64_t added = 0, removed = 0;
  friend bool operator==(const Lines&, const Lines&) = default;
};

struct Change {
  std::optional<Base> base;            // none: nothing was there
  std::optional<DigestPair> digest;    // of the new content of a file
  Happened happened = Happened::created;
  Kind kind = Kind::file;              // of what is there afterwards; of what was there, if removed
  Lines lines;
  std::uint32_t mode = 0;              // permission bits afterwards
  std::optional<WallTime> modified;    // if the task set it; else the time of the commit
  std::string path;
  std::string same_as;                 // an earlier path of this tree that is the same file (a hard link); empty: none
  std::uint64_t size = 0;              // of the new content
  std::string target;                  // of a link
  friend bool operator==(const Change&, const Change&) = default;
};

// What the task saw and did not change: files that it read, and the folders that changes lie in, the root always (of folders
// only the inode is compared). Commits check it with the rest.
struct Seen {
  Base base;
  std::string path;  // "" is the root itself
  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Tree {
  std::vector<Change> changes;  // by path: folders before what is in them
  std::string root;             // the folder, absolute, links resolved
  std::vector<Seen> seen;       // by path
  std::vector<std::uint64_t> exchanged = {};  // empty, but in a commit that exchanges the folder (twin.h): inodes of the old, of the new
  friend bool operator==(const Tree&, const Tree&) = default;
};

struct Changes {
  std::vector<Tree> trees;  // by root; none lies in another; none is without changes
  bool empty() const { return trees.empty(); }
  friend bool operator==(const Changes&, const Changes&) = default;
};

// How changes get to the disk. in_place: file by file, so that who looks meanwhile may see some old and some new. swap: the whole folder at
// once, with the limits that twin.h tells.
enum class Manner : std::uint8_t { in_place, swap };

struct Totals {
  std::uint64_t files = 0;  // changes of files and links, not of folders
  Lines lines;
};
Totals totals(const Changes&);

// The canonical text, and its strict inverse: `invalid` for what is not exactly what text_of writes, or could not have been
// sealed (order, paths that leave the root, members that contradict each other).
std::string text_of(const Changes&);
Result<Changes> parse_changes(std::string_view);

// Those changes whose absolute path is one of these or lies below one, with the folders that they need: for `commit --only` and
// `undo -- PATH`. What the others had found there stays something that was seen. `invalid` for a path that covers nothing.
enum class Purpose : std::uint8_t { commit, undo };
Result<Changes> only(const Changes&, const std::vector<std::string>& absolute_paths, Purpose = Purpose::commit);
// Whether anything changes there or below.
bool covers(const Changes&, std::string_view absolute_path);
// What lies at a path below a root, as the host names it.
std::string absolute(const Tree&, std::string_view path);

// Whether a path below a root is one that a Change may have: not empty, no empty, "." or ".." segments, no NUL, none of the
// names that are Writ's own.
bool is_plain_path(std::string_view);
// `.writ`, and what a commit keeps beside its targets: never visible in a shadow, never made by one.
bool is_own_name(std::string_view segment);
inline constexpr std::string_view prepared_prefix = ".writ-commit-";  // then the task's id, '-', and a number

}  // namespace writ::workspace
