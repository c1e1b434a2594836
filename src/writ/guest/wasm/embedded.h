// The files that images of the best tier are made with, carried inside this library: headers and the compiled runtime. So they are
// found wherever Writ was installed and from whatever folder it runs, and they are what was tested.
#pragma once

#include <span>
#include <string_view>

#include "writ/wire/bytes.h"

namespace writ::guest::wasm {

struct EmbeddedFile {
  std::string_view name;  // in the folder in which an image is made
  BytesView bytes;
};
std::span<const EmbeddedFile> embedded_files();

// The linked runtime (runtime.c, baseline.c) that images of the baseline translator begin with.
BytesView baseline_runtime();

}  // namespace writ::guest::wasm
