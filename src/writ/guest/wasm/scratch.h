// A private folder (mode 0700) for the files of one translation, removed with everything in it on destruction. What a
// killed process left behind is removed a day later by the next one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "writ/base/result.h"
#include "writ/base/units.h"
#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

class Scratch {
 public:
  static Result<Scratch> make(const std::string& below);
  Scratch(Scratch&& o) noexcept : path_(std::exchange(o.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Takes the place of a file of that name.
  Result<void> write(std::string_view name, BytesView content) const;
  Result<std::string> read(std::string_view name, ByteCount limit) const;

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace writ::guest::wasm
