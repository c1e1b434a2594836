// The cache of images: one file an image, named by the digest of toolchain and module.
//
// It holds code that we are going to run, so it trusts nobody: the folder must be ours alone (mode 0700, no ancestor that
// others could rename it away from), each entry must be a regular file of ours with the digest that its first line says.
// Whatever is not so is removed and counts as missing. Writers make a new file and rename it, so any number of processes
// may use one cache; the last one wins with the same content. Nothing waits for the disk: what a power cut tore does not
// have its digest.
//
// It is bounded: when an image comes, those that were used longest ago go (a use in the last minute counts as one). Who has
// an image in hand keeps it; who comes too late makes it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::guest::wasm {

// Of all images together. An image takes some hundred KiB, so this is thousands of modules.
inline constexpr ByteCount cache_size_max = 2 * GiB;

class Cache {
 public:
  // Makes the folder if it is missing. `denied` if others own it or could change it, saying which folder and why.
  static Result<Cache> open(std::string folder, ByteCount most = cache_size_max);

  // The verified content of an entry; nothing if there is none, or none that can be trusted.
  Result<std::optional<Bytes>> find(const Sha256& key) const;
  Result<void> store(const Sha256& key, BytesView content) const;
  void forget(const Sha256& key) const;

  // Small texts beside the images (what a tool said of itself). Trusted as the folder is.
  std::optional<std::string> find_note(std::string_view name) const;
  Result<void> keep_note(std::string_view name, std::string_view text) const;

  const std::string& folder() const { return folder_; }
  std::string path(const Sha256& key) const { return folder_ + "/" + key.hex() + ".image"; }

 private:
  Cache(std::string folder, ByteCount most) : folder_(std::move(folder)), most_(most) {}
  void make_room(const std::string& kept) const;
  std::string folder_;
  ByteCount most_;
};

}  // namespace writ::guest::wasm
