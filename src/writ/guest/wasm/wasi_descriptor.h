// The guest's file descriptors: what each number stands for, and a table of them with a limit.
//
// 0, 1 and 2 are the console, 3 is the virtual root, later ones are what the guest opened. Numbers are given out lowest
// first, as POSIX has it. A descriptor owns the session's open object or file.
// Threads: the guest's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "writ/gate/session.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/wasi_abi.h"
#include "writ/guest/wasm/wasi_path.h"

namespace writ::guest::wasm::wasi {

struct Console {
  std::optional<Stream> stream;  // none: standard input
};

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::unknown;
  std::uint64_t inode = 0;
};

// What all open folders of a guest hold of listings together: some 100 MB. As many as the largest listing has.
inline constexpr std::size_t most_listed = 1'000'000;

// An open folder. Its listing is taken when the guest starts to read it, so that its cookies stay true while it reads.
struct Folder {
  Place place;
  std::vector<FolderEntry> entries;
  bool listed = false;
};

using OpenState = std::unique_ptr<gate::OpenObject>;
using OpenHost = std::unique_ptr<gate::OpenFile>;

struct Descriptor {
  std::variant<Console, Folder, OpenState, OpenHost> what;
  Rights rights = 0, inheriting = 0;
  std::uint16_t flags = 0;
  std::uint64_t offset = 0;

  Folder* folder() { return std::get_if<Folder>(&what); }
  Console* console() { return std::get_if<Console>(&what); }
  gate::OpenObject* object() {
    const auto* o = std::get_if<OpenState>(&what);
    return o ? o->get() : nullptr;
  }
  gate::OpenFile* file() {
    const auto* f = std::get_if<OpenHost>(&what);
    return f ? f->get() : nullptr;
  }
  bool may(Rights wanted) const { return (rights & wanted) == wanted; }
};

class Descriptors {
 public:
  explicit Descriptors(std::uint64_t limit) : limit_(limit) {}

  Descriptor* find(std::uint32_t number);
  bool full() const { return open_.size() >= limit_; }
  std::optional<std::uint32_t> add(Descriptor);  // none if full: mfile
  bool close(std::uint32_t number);              // false: not open
  bool renumber(std::uint32_t from, std::uint32_t to);  // `to` is closed and becomes `from`; both must be open
  std::size_t size() const { return open_.size(); }
  std::size_t listed() const;                    // entries of listings in all open folders

 private:
  std::map<std::uint32_t, Descriptor> open_;
  std::uint64_t limit_;
  std::uint32_t lowest_ = 0;  // every number below is open
};

}  // namespace writ::guest::wasm::wasi
