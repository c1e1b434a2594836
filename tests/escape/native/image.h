// The hostile image, mapped as any image is: segments of a small ELF file without relocations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "writ/fence/fence.h"

namespace writ::escape {

struct Image {
  std::unique_ptr<fence::Code> code;
  std::uint64_t entry = 0;
};
// Loaded and sealed.
Result<Image> load_image(fence::Fence&, const std::string& path);

}  // namespace writ::escape
