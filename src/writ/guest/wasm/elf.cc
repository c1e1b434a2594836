#include "writ/guest/wasm/elf.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace writ::guest::wasm {
namespace {

constexpr std::uint64_t page = fence::page_size.value();
constexpr std::uint64_t image_size_max = 1ull << 30;

Error corrupt(std::string_view what) {
  return {Code::corrupt, fmt::format("the image is not as our linker makes it: {}", what), {}, {}};
}
constexpr std::uint64_t up(std::uint64_t n) { return (n + page - 1) / page * page; }

class File {
 public:
  explicit File(BytesView bytes) : bytes_(bytes) {}
  Result<BytesView> range(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return corrupt("something lies outside of the file");
    return bytes_.subspan(offset, size);
  }
  template <class T>
  Result<T> at(std::uint64_t offset) const {
    WRIT_TRY(const BytesView raw, range(offset, sizeof(T)));
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  template <class T>
  Result<std::vector<T>> table(std::uint64_t offset, std::uint64_t count) const {
    if (count > bytes_.size() / sizeof(T)) return corrupt("a table is longer than the file");
    WRIT_TRY(const BytesView raw, range(offset, count * sizeof(T)));
    std::vector<T> values(count);
    if (count != 0) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }

 private:
  BytesView bytes_;
};

struct Headers {
  std::vector<Elf64_Phdr> programs;
  std::vector<Elf64_Shdr> sections;
};

Result<Headers> read_headers(const File& file) {
  WRIT_TRY(const Elf64_Ehdr e, file.at<Elf64_Ehdr>(0));
  if (std::memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 || e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
      e.e_type != ET_DYN || e.e_machine != EM_X86_64 || e.e_phentsize != sizeof(Elf64_Phdr) || e.e_shentsize != sizeof(Elf64_Shdr))
    return corrupt("not a shared object for x86-64");
  Headers h;
  WRIT_TRY(h.programs, file.table<Elf64_Phdr>(e.e_phoff, e.e_phnum));
  WRIT_TRY(h.sections, file.table<Elf64_Shdr>(e.e_shoff, e.e_shnum));
  return h;
}

Result<void> read_parts(const File& file, const Headers& h, Elf& elf) {
  const auto relro = std::ranges::find(h.programs, static_cast<Elf64_Word>(PT_GNU_RELRO), &Elf64_Phdr::p_type);
  for (const Elf64_Phdr& p : h.programs) {
    if (p.p_type == PT_TLS || p.p_type == PT_INTERP) return corrupt("thread-local storage or an interpreter");
    if (p.p_type != PT_LOAD) continue;
    if (p.p_vaddr % page != 0 || p.p_vaddr < elf.size.value() || p.p_filesz > p.p_memsz || p.p_memsz > image_size_max ||
        p.p_vaddr > image_size_max)
      return corrupt("a segment's place");
    const bool executable = (p.p_flags & PF_X) != 0, writable = (p.p_flags & PF_W) != 0;
    if (executable && writable) return corrupt("a segment is writable and executable");
    const bool only_relocated = relro != h.programs.end() && relro->p_vaddr == p.p_vaddr && p.p_memsz <= up(relro->p_memsz);
    if (writable && !only_relocated) return corrupt("it has writable data");
    using Kind = fence::Segment::Kind;
    ElfPart part{executable ? Kind::text : Kind::constants, p.p_vaddr, ByteCount(up(p.p_memsz)), {}};
    WRIT_TRY(part.bytes, file.range(p.p_offset, p.p_filesz));
    elf.size = ByteCount(part.offset + part.size.value());
    elf.parts.push_back(part);
  }
  return elf.parts.empty() ? Result<void>(corrupt("no segment")) : Result<void>();
}

// The part of constants in whose file bytes the range lies.
const ElfPart* part_of(const Elf& elf, std::uint64_t offset, std::uint64_t size) {
  for (const ElfPart& p : elf.parts)
    if (p.kind == fence::Segment::Kind::constants && offset >= p.offset && size <= p.bytes.size() &&
        offset - p.offset <= p.bytes.size() - size)
      return &p;
  return nullptr;
}

template <class T>
Result<std::vector<T>> table_in_memory(const Elf& elf, std::uint64_t offset, std::uint64_t bytes) {
  const ElfPart* p = part_of(elf, offset, bytes);
  if (p == nullptr || bytes % sizeof(T) != 0) return corrupt("a table of the dynamic section");
  return File(p->bytes).table<T>(offset - p->offset, bytes / sizeof(T));
}

Result<void> read_relocations(const Headers& h, Elf& elf) {
  const auto dynamic = std::ranges::find(h.programs, static_cast<Elf64_Word>(PT_DYNAMIC), &Elf64_Phdr::p_type);
  if (dynamic == h.programs.end()) return {};
  WRIT_TRY(const auto entries, table_in_memory<Elf64_Dyn>(elf, dynamic->p_vaddr, dynamic->p_filesz));
  std::uint64_t at = 0, bytes = 0;
  for (const Elf64_Dyn& d : entries) {
    switch (d.d_tag) {
      case DT_RELA: at = d.d_un.d_ptr; break;
      case DT_RELASZ: bytes = d.d_un.d_val; break;
      case DT_NEEDED: case DT_TEXTREL: case DT_INIT: case DT_INIT_ARRAY: case DT_FINI: case DT_FINI_ARRAY: case DT_PREINIT_ARRAY:
      case DT_REL: case DT_JMPREL: case DT_RELR:
        return corrupt("it needs a library, a constructor, or relocations of another kind");
      default: break;
    }
  }
  if (bytes == 0) return {};
  WRIT_TRY(const auto table, table_in_memory<Elf64_Rela>(elf, at, bytes));
  for (const Elf64_Rela& r : table) {
    const auto addend = static_cast<std::uint64_t>(r.r_addend);
    if (ELF64_R_TYPE(r.r_info) != R_X86_64_RELATIVE) return corrupt("a relocation that is not relative: an undefined symbol");
    if (part_of(elf, r.r_offset, 8) == nullptr || addend >= elf.size.value())
      return corrupt("a relocation outside of the constants");
    elf.relocations.push_back({r.r_offset, addend});
  }
  return {};
}

bool in_text(const Elf& elf, std::uint64_t offset) {
  return std::ranges::any_of(elf.parts, [&](const ElfPart& p) {
    return p.kind == fence::Segment::Kind::text && offset >= p.offset && offset - p.offset < p.bytes.size();
  });
}

Result<void> read_symbols(const File& file, const Headers& h, Elf& elf) {
  const auto section = std::ranges::find(h.sections, static_cast<Elf64_Word>(SHT_SYMTAB), &Elf64_Shdr::sh_type);
  if (section == h.sections.end() || section->sh_link >= h.sections.size()) return corrupt("no symbols");
  const Elf64_Shdr& names_section = h.sections[section->sh_link];
  WRIT_TRY(const auto symbols, file.table<Elf64_Sym>(section->sh_offset, section->sh_size / sizeof(Elf64_Sym)));
  WRIT_TRY(const BytesView raw_names, file.range(names_section.sh_offset, names_section.sh_size));
  const std::string_view names = as_text(raw_names);
  for (const Elf64_Sym& s : symbols) {
    if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF) continue;
    const auto end = s.st_name < names.size() ? names.find('\0', s.st_name) : names.npos;
    if (end == names.npos) return corrupt("a symbol's name");
    if (!in_text(elf, s.st_value) || s.st_size > elf.size.value()) return corrupt("a symbol outside of the text");
    elf.functions.push_back({names.substr(s.st_name, end - s.st_name), s.st_value, s.st_size});
  }
  std::ranges::sort(elf.functions, {}, &ElfSymbol::offset);
  return {};
}

}  // namespace

Result<Elf> read_elf(BytesView bytes) {
  const File file(bytes);
  WRIT_TRY(const Headers headers, read_headers(file));
  Elf elf;
  WRIT_CHECK(read_parts(file, headers, elf));
  WRIT_CHECK(read_relocations(headers, elf));
  WRIT_CHECK(read_symbols(file, headers, elf));
  return elf;
}

}  // namespace writ::guest::wasm
