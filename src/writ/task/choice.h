// Choice: which of a task's changes are meant, in the words of its operator.
//
// A word is an object's path, or "/state/" and that; or a file of the host, absolute or from the folder that the operator
// works in; or a folder of either, for all below it. A word that could be an object and a file is refused.   Pure, but that
// it looks where the links of a path lead.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "writ/authority/policy/program.h"
#include "writ/base/result.h"
#include "writ/gate/change_set.h"
#include "writ/workspace/changes.h"

namespace writ::task {

struct Paths {
  std::vector<std::string> words = {};  // none: all
  std::string folder = {};              // where files that are not absolute are taken from; empty: such words are objects
  bool all() const { return words.empty(); }
};

struct Chosen {
  gate::ChangeSet objects;
  workspace::Changes files;
};

// `invalid` for a word that means nothing of it, or two things. What is not meant was looked at all the same: the read set
// stays whole.
Result<Chosen> choose(const gate::ChangeSet&, const workspace::Changes&, const Paths&,
                      workspace::Purpose = workspace::Purpose::commit);

// Which of a task's changes are to be committed.
struct Choice {
  std::string digest;  // as `diff` showed it, or its first 16 digits or more; empty: whatever they are
  Paths only = {};     // the others are given up
  std::shared_ptr<const authority::policy::Program> policy = nullptr;  // asked once more about what is meant; may be null
  workspace::Manner commit_by = workspace::Manner::in_place;
};

}  // namespace writ::task
