#include "writ/guest/wasm/embedded.h"

#include <array>

// From embedded_data.S.
extern "C" {
extern const std::byte writ_image_wasm_rt[], writ_image_wasm_rt_end[];
extern const std::byte writ_image_runtime_h[], writ_image_runtime_h_end[];
extern const std::byte writ_image_layout[], writ_image_layout_end[];
extern const std::byte writ_image_runtime_o[], writ_image_runtime_o_end[];
extern const std::byte writ_image_fast_h[], writ_image_fast_h_end[];
extern const std::byte writ_image_fast_memory[], writ_image_fast_memory_end[];
extern const std::byte writ_image_fast_o[], writ_image_fast_o_end[];
extern const std::byte writ_image_fast_ld[], writ_image_fast_ld_end[];
}

namespace writ::guest::wasm {

std::span<const EmbeddedFile> embedded_files() {
  // What generated code includes of the C library is all in wasm-rt.h.
  static constexpr std::string_view forward = "#include \x22writ/guest/wasm/image/wasm-rt.h\x22\n", nothing = "/* see wasm-rt.h */\n";
  static constexpr std::string_view hidden = "{ local: *; };\n";
  static const std::array<EmbeddedFile, 17> files{{
      {"writ/guest/wasm/image/wasm-rt.h", {writ_image_wasm_rt, writ_image_wasm_rt_end}},
      {"runtime.h", {writ_image_runtime_h, writ_image_runtime_h_end}},
      {"writ/memory/layout.h", {writ_image_layout, writ_image_layout_end}},
      {"wasm-rt.h", as_bytes(forward)},
      {"runtime.o", {writ_image_runtime_o, writ_image_runtime_o_end}},
      {"assert.h", as_bytes(nothing)},
      {"math.h", as_bytes(nothing)},
      {"string.h", as_bytes(nothing)},
      {"alloca.h", as_bytes(nothing)},
      {"writ/guest/wasm/image/fast.h", {writ_image_fast_h, writ_image_fast_h_end}},
      {"fast_memory.h", {writ_image_fast_memory, writ_image_fast_memory_end}},
      {"fast.o", {writ_image_fast_o, writ_image_fast_o_end}},
      {"fast.ld", {writ_image_fast_ld, writ_image_fast_ld_end}},
      {"fast.version", as_bytes(hidden)},
      {"fast/stdint.h", as_bytes(nothing)},
      {"fast/stddef.h", as_bytes(nothing)},
      {"fast/stdbool.h", as_bytes(nothing)},
  }};
  return files;
}

}  // namespace writ::guest::wasm
