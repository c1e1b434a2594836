// Protected names: files that tools run or obey by themselves, so that writing one is running a command later, as the user
// and without a fence. A grant that covers one by the way (a folder, a wildcard) does not cover it: it has to be named, at
// whatever depth it lies. docs/effects.md holds the table.   Pure.
#pragma once

#include <span>
#include <string_view>

#include "writ/authority/grant.h"

namespace writ::authority {

struct ProtectedName {
  std::string_view levels;  // consecutive levels of a path, in lower case; a '/' at the end: everything below too
  std::string_view meaning;
};
std::span<const ProtectedName> protected_names();

// The entry that covers this host path, by whatever case it is spelled in; null: none.
const ProtectedName* protected_name_of(std::string_view path);

// False if `resource` is protected and the grant, which covers it, does not name what protects it. Only file.write is asked.
bool names_what_is_protected(const Grant&, std::string_view resource);

}  // namespace writ::authority
