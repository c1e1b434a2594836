// The nodes of a shadow: what the task sees, as far as it has looked, over a base that is only read.
//
// A node is a file, folder or link with its own identity: names refer to it, moving it moves a name, and it lives as long as
// a name or an open file does. A folder's names are found in the base when they are first looked for. What of the base is no
// longer where it was stands in `gone`.   Threads: the shadow's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/fd.h"
#include "writ/workspace/redo.h"
#include "writ/workspace/shadow.h"

namespace writ::workspace {

struct Node {
  Status::Type type = Status::Type::other;
  std::optional<std::string> base_path;  // where it is in the base; none: made by the task
  std::uint64_t device = 0, inode = 0, links = 1, size = 0;
  std::uint32_t mode = 0;
  WallTime accessed, modified, changed;
  std::optional<WallTime> set_modified;  // by the task
  std::string target;                    // of a link
  std::uint64_t copy = 0;                // of a file: number of its copy in the private folder; 0: it has none
  std::string digest;                    // of the base's content, once it was read whole
  // of a folder
  std::map<std::string, std::shared_ptr<Node>, std::less<>> names;
  bool complete = false;  // every name is known
  bool keeps = false;     // it holds what is never visible (a store, what is hidden): so it cannot be moved or removed
};
using NodePtr = std::shared_ptr<Node>;

// A name in a folder, and what it is; no node: nothing is there.
struct Spot {
  NodePtr folder, node;  // folder: null for the root itself
  std::string name, path;
};

class Nodes {
 public:
  Nodes(Shadow::Setup setup, Fd root, std::string real_root);

  const std::string& real_root() const { return real_root_; }
  WallTime now() const { return setup_.now(); }

  // Links are followed as Shadow says. The last name need not be there.
  Result<Spot> find(std::string_view path, Follow);
  Result<Spot> need(std::string_view path, Follow);  // ENOENT unless it is there
  Result<NodePtr> child(Node& folder, const std::string& name);  // null: not there
  Result<void> complete(Node& folder);                           // every name of it
  // `denied` if a link with this target, in that place, leads out.
  Result<void> check_target(std::string_view target, std::string_view path) const;

  // Makes and unmakes names. Whoever calls has checked.
  void put(const Spot&, NodePtr);
  void take(const Spot&);
  NodePtr make(Status::Type, std::uint32_t mode);

  // The base's file, opened for reading, unless it is not what it was: `conflict`.
  Result<Fd> open_base(const Node&) const;
  // The copy that the task writes to: made on first use.
  Result<Fd> copy_up(Node&, Empty);
  Result<Fd> open_copy(const Node&) const;
  Result<void> charge(std::uint64_t more);  // `exhausted` beyond max_shadow
  bool hides(std::string_view path) const { return setup_.hides && setup_.hides(path); }
  void refund(std::uint64_t less) { used_ -= std::min(used_, less); }
  const std::string& contents() const { return setup_.contents; }
  std::string copy_path(std::uint64_t number) const { return setup_.contents + "/new-" + setup_.prefix + std::to_string(number); }

  // For the seal.
  const NodePtr& top() const { return top_; }
  const Fd& root() const { return root_; }
  const std::map<std::string, Base, std::less<>>& seen() const { return seen_; }
  const std::set<std::string, std::less<>>& gone() const { return gone_; }
  std::set<std::string, std::less<>>& read() { return read_; }

 private:
  Result<NodePtr> from_base(const std::string& path);  // null: not there, or hidden

  Shadow::Setup setup_;
  Fd root_;
  std::string real_root_;
  NodePtr top_;
  std::map<std::string, Base, std::less<>> seen_;  // of the base, by path
  std::set<std::string, std::less<>> gone_;        // paths of the base whose name was taken away
  std::set<std::string, std::less<>> read_;        // files of the base that were read
  std::uint64_t made_ = 0, copies_ = 0, used_ = 0;
  Fd held_;  // the private folder, once there is one
};

Error file_error(int number, Code, std::string_view what, std::string_view path);
bool is_below(std::string_view path, std::string_view folder);

}  // namespace writ::workspace
