// Where a path leads in the guest's one virtual root.
//
//   /                the root: holds `state` and the first names on the way to what was granted
//   /state/a/b       the state object a/b; folders are implied by paths
//   /anything/else   the host's /anything/else
//
// Resolution is lexical, so that what the gate is asked for is what is in the journal: `.` and empty segments go, `..`
// takes the last segment away. A path taken from the root may be absolute, and `..` stops there; one taken from an open folder
// stays below it, as WASI has it: `leaves` says that it does not. Links below a folder of the host are the actor's matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "writ/guest/wasm/wasi_abi.h"

namespace writ::guest::wasm::wasi {

enum class Realm : std::uint8_t { root, state, host };

struct Place {
  Realm realm = Realm::root;
  std::string path = "/";         // root: "/"; state: without leading '/', "" is the top; host: absolute and canonical
  bool must_be_folder = false;    // the path ended in '/', '.' or '..'
  bool leaves = false;            // it is absolute, or climbs out of the folder that it was taken from
  std::string full() const;       // in the virtual root, absolute
  Place child(std::string_view name) const;
  friend bool operator==(const Place&, const Place&) = default;
};

inline constexpr std::size_t longest_path = 4096;    // PATH_MAX
inline constexpr std::size_t longest_segment = 255;  // NAME_MAX

// noent for an empty path, nametoolong, inval for a NUL, ilseq for what is not UTF-8.
std::expected<Place, Errno> resolve(const Place& folder, std::string_view path);

}  // namespace writ::guest::wasm::wasi
