#include "writ/guest/wasm/embedded.h"

#include <array>

// From embedded_data.S.
extern "C" {
extern const std::byte writ_image_wasm_rt[], writ_image_wasm_rt_end[];
extern const std::byte writ_image_runtime_h[], writ_image_runtime_h_end[];
extern const std::byte writ_image_layout[], writ_image_layout_end[];
extern const std::byte writ_image_runtime_o[], writ_image_runtime_o_end[];
extern const std::byte writ_image_baseline[], writ_image_baseline_end[];
}

namespace writ::guest::wasm {

std::span<const EmbeddedFile> embedded_files() {
  // What generated code includes of the C library is all in wasm-rt.h.
  static constexpr std::string_view forward = "#include \x22writ/guest/wasm/image/wasm-rt.h\x22\n", nothing = "/* see wasm-rt.h */\n";
  static const std::array<EmbeddedFile, 9> files{{
      {"writ/guest/wasm/image/wasm-rt.h", {writ_image_wasm_rt, writ_image_wasm_rt_end}},
      {"runtime.h", {writ_image_runtime_h, writ_image_runtime_h_end}},
      {"writ/memory/layout.h", {writ_image_layout, writ_image_layout_end}},
      {"wasm-rt.h", as_bytes(forward)},
      {"runtime.o", {writ_image_runtime_o, writ_image_runtime_o_end}},
      {"assert.h", as_bytes(nothing)},
      {"math.h", as_bytes(nothing)},
      {"string.h", as_bytes(nothing)},
      {"alloca.h", as_bytes(nothing)},
  }};
  return files;
}

BytesView baseline_runtime() { return {writ_image_baseline, writ_image_baseline_end}; }

}  // namespace writ::guest::wasm
