#include "writ/guest/wasm/elf_writer.h"

#include <elf.h>

#include <cstring>

namespace writ::guest::wasm {
namespace {

constexpr std::uint64_t page = fence::page_size.value();

template <class T>
void append(Bytes& out, const T& value) {
  const auto* raw = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), raw, raw + sizeof value);
}

void align(Bytes& out, std::uint64_t to) { out.resize((out.size() + to - 1) / to * to); }

Elf64_Ehdr header(std::size_t programs, std::uint64_t sections_at) {
  Elf64_Ehdr e{};
  std::memcpy(e.e_ident, ELFMAG, SELFMAG);
  e.e_ident[EI_CLASS] = ELFCLASS64;
  e.e_ident[EI_DATA] = ELFDATA2LSB;
  e.e_ident[EI_VERSION] = EV_CURRENT;
  e.e_type = ET_DYN;
  e.e_machine = EM_X86_64;
  e.e_version = EV_CURRENT;
  e.e_phoff = sizeof e;
  e.e_shoff = sections_at;
  e.e_ehsize = sizeof e;
  e.e_phentsize = sizeof(Elf64_Phdr);
  e.e_phnum = static_cast<Elf64_Half>(programs);
  e.e_shentsize = sizeof(Elf64_Shdr);
  e.e_shnum = 3;
  return e;
}

}  // namespace

Bytes write_elf(const std::vector<ElfPart>& parts, const std::vector<NamedFunction>& functions) {
  Bytes out(sizeof(Elf64_Ehdr) + parts.size() * sizeof(Elf64_Phdr));
  std::vector<Elf64_Phdr> programs;
  for (const ElfPart& p : parts) {
    align(out, page);
    const Elf64_Word flags = p.kind == fence::Segment::Kind::text ? PF_R | PF_X : PF_R;
    programs.push_back({PT_LOAD, flags, out.size(), p.offset, p.offset, p.bytes.size(), p.size.value(), page});
    out.insert(out.end(), p.bytes.begin(), p.bytes.end());
  }
  std::string names(1, '\0');
  align(out, alignof(Elf64_Sym));
  const std::uint64_t symbols_at = out.size();
  append(out, Elf64_Sym{});
  for (const NamedFunction& f : functions) {
    append(out, Elf64_Sym{static_cast<Elf64_Word>(names.size()), ELF64_ST_INFO(STB_LOCAL, STT_FUNC), STV_HIDDEN, 1, f.offset, f.size});
    names.append(f.name).push_back('\0');
  }
  const std::uint64_t names_at = out.size();
  const BytesView raw = as_bytes(names);
  out.insert(out.end(), raw.begin(), raw.end());
  align(out, alignof(Elf64_Shdr));
  const std::uint64_t sections_at = out.size();
  append(out, Elf64_Shdr{});
  append(out, Elf64_Shdr{0, SHT_SYMTAB, 0, 0, symbols_at, names_at - symbols_at, 2, static_cast<Elf64_Word>(functions.size() + 1),
                         alignof(Elf64_Sym), sizeof(Elf64_Sym)});
  append(out, Elf64_Shdr{0, SHT_STRTAB, 0, 0, names_at, names.size(), 0, 0, 1, 0});
  const Elf64_Ehdr e = header(parts.size(), sections_at);
  std::memcpy(out.data(), &e, sizeof e);
  if (!programs.empty()) std::memcpy(out.data() + sizeof e, programs.data(), programs.size() * sizeof(Elf64_Phdr));
  return out;
}

}  // namespace writ::guest::wasm
