#include "image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "writ/base/file.h"

namespace writ::escape {

Result<Image> load_image(fence::Fence& fence, const std::string& path) {
  constexpr std::uint64_t page = fence::page_size.value();
  WRIT_TRY(const std::string file, read_file(path, MiB));
  Elf64_Ehdr header;
  if (file.size() < sizeof header) return invalid("not an ELF file", path);
  std::memcpy(&header, file.data(), sizeof header);
  std::vector<Elf64_Phdr> parts(header.e_phnum);
  std::memcpy(parts.data(), file.data() + header.e_phoff, parts.size() * sizeof parts[0]);

  std::vector<std::vector<std::byte>> bytes;
  std::vector<fence::Segment> segments;
  std::uint64_t end = 0;
  for (const Elf64_Phdr& p : parts) {
    if (p.p_type != PT_LOAD) continue;
    const std::uint64_t begin = p.p_vaddr / page * page;
    std::vector<std::byte> b(p.p_vaddr - begin + p.p_filesz);
    std::memcpy(b.data() + (p.p_vaddr - begin), file.data() + p.p_offset, p.p_filesz);
    bytes.push_back(std::move(b));
    const ByteCount size((p.p_vaddr + p.p_memsz - begin + page - 1) / page * page);
    using enum fence::Segment::Kind;
    segments.push_back({p.p_flags & PF_X ? text : p.p_flags & PF_W ? data : constants, begin, size, bytes.back()});
    end = std::max(end, begin + size.value());
  }
  WRIT_TRY(auto code, fence.reserve_code(ByteCount(end)));
  WRIT_CHECK(code->load(segments));
  WRIT_CHECK(code->seal(fence::Seal::until_unloaded));
  const std::uint64_t entry = code->base() + header.e_entry;
  return Image{std::move(code), entry};
}

}  // namespace writ::escape
