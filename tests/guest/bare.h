// The same image without a fence: mapped plainly, run on an ordinary thread's stack that lies where the image expects it.
// What a process would do that trusts the code. For comparison only.
#pragma once

#include <cstdint>
#include <string>

#include "writ/wire/bytes.h"

namespace writ::guest::testing {

class Bare {
 public:
  explicit Bare(BytesView object);
  ~Bare();
  Bare(const Bare&) = delete;

  // A fresh instance in fresh memory, then the exported function; as one run of the engine does it.
  void run(std::uint32_t function);

 private:
  std::uint64_t symbol(std::string_view name) const;
  Bytes object_;
  std::byte* code_ = nullptr;
  std::size_t code_size_ = 0;
  std::byte* arena_ = nullptr;
};

}  // namespace writ::guest::testing
