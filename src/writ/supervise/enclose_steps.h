// What the first process of an enclosure does, step by step, prepared by its parent: between fork and exec there is nothing but
// system calls, since the parent has threads that may hold any lock.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "writ/base/result.h"
#include "writ/supervise/control_group.h"
#include "writ/supervise/enclosure.h"

namespace writ::supervise {

struct Step {
  enum class What : std::uint8_t { fetch, fetch_layers, fetch_processes, enter_tree, make_folder, make_file, make_link, show, fetch_file, mask };
  What what;
  const char* path = "";      // inside
  const char* source = "";
  std::vector<std::pair<const char*, const char*>> settings = {};  // of layers: the options; a flag has no value (null)
  std::size_t size = 0;       // of `source`, where it is a content
  std::uint64_t attributes = 0;
  std::uint32_t mode = 0;
  int from = -1;              // show: the step that fetched it
  bool may_fail = false;
  mutable int fd = -1;        // what it fetched; the child's alone
};

struct Rule {
  const char* path;
  enum class Access : std::uint8_t { list, read, write, device } access;
};

// Everything that the child needs. What the pointers point to lives in `texts`.
struct Steps {
  std::vector<Step> list;
  std::vector<Rule> rules;
  std::vector<char*> arguments, environment;
  std::vector<sock_filter> filter;
  std::string program, folder, identity_map, group_map, tree_size, tree_nodes;
  std::deque<std::string> texts;
};

Result<Steps> plan(const Enclosure&);

// What the child tells its parent.
struct Told {
  enum class What : std::uint8_t { started, listener, ended, failed } what = What::started;
  int number = 0;  // started: process id; ended: the status of wait4; failed: errno
  char step[60] = {};
};

// The child. Does not return.
struct ChildSide {
  const Enclosure& enclosure;
  const Steps& steps;
  int report, go;
  const ControlGroup* to_enter;  // may be null
};
[[noreturn]] void run_first_process(const ChildSide&);

}  // namespace writ::supervise
