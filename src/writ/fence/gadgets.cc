#include "writ/fence/gadgets.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>

#include "writ/base/file.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {

constexpr std::uint64_t page = page_size.value();

struct Mapping {
  std::uint64_t begin = 0, end = 0;
  std::string name;
};

// Executable and readable mappings, those that touch joined into one.
Result<std::vector<Mapping>> executable_mappings() {
  WRIT_TRY(const std::string maps, read_file("/proc/self/maps", 64 * MiB));
  std::vector<Mapping> out;
  std::istringstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::uint64_t begin = 0, end = 0;
    char dash = 0;
    std::string access, offset, device, inode, name;
    fields >> std::hex >> begin >> dash >> end >> access >> offset >> device >> inode >> std::ws;
    if (!access.starts_with('r') || access.find('x') != 2) continue;
    std::getline(fields, name);
    if (name == "[vsyscall]") continue;  // emulated by the kernel, never executed
    if (!out.empty() && out.back().end == begin)
      out.back().end = end;
    else
      out.push_back({begin, end, name});
  }
  return out;
}

const std::uint8_t* bytes(std::uint64_t at) { return reinterpret_cast<const std::uint8_t*>(at); }

bool starts_with(std::uint64_t at, std::uint64_t end, std::initializer_list<int> pattern) {
  if (end - at < pattern.size()) return false;
  const auto* p = bytes(at);
  for (const int b : pattern)
    if (*p++ != b) return false;
  return true;
}

// As all of ours are: the value that was written is compared right behind the instruction, and a jump leads to UD2.
bool is_checked(const Hit& hit, std::uint64_t at, std::uint64_t end) {
  if (hit.what == Forbidden::wrpkru) {
    const std::uint64_t next = at + 3;
    const bool zero = starts_with(next, end, {0x85, 0xc0, 0x75}) || starts_with(next, end, {0x85, 0xc0, 0x0f, 0x85});
    const bool value =
        starts_with(next, end, {0x3d}) && end - next > 6 && (bytes(next)[5] == 0x75 || bytes(next)[5] == 0x0f);
    return zero || value;
  }
  return hit.what == Forbidden::xrstor &&
         starts_with(at, end, {0x0f, 0xae, 0x6c, 0x24, 0x48, 0xa9, 0x00, 0x02, 0x00, 0x00, 0x75});
}

// Puts a patched copy in the place of the pages, at once.
Result<void> replace_bytes(std::uint64_t at, std::span<const std::uint8_t> patch) {
  const std::uint64_t first = at / page * page;
  const std::size_t size = (at + patch.size() - first + page - 1) / page * page;
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return system_error(errno, "cannot copy a page of a library", "fence");
  auto* copy = static_cast<std::uint8_t*>(p);
  std::memcpy(copy, bytes(first), size);
  std::memcpy(copy + (at - first), patch.data(), patch.size());
  if (mprotect(p, size, PROT_READ | PROT_EXEC) ||
      mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, reinterpret_cast<void*>(first)) == MAP_FAILED) {
    const int e = errno;
    munmap(p, size);
    return system_error(e, "cannot replace a page of a library", "fence");
  }
  return {};
}

constexpr std::uint8_t call_opcode = 0xe8, jump_opcode = 0xe9;

bool in_reach(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int64_t>(to - from);
  return distance > -(1ll << 31) + 16 && distance < (1ll << 31) - 16;
}

// xrstor [rsp+0x48]; test eax, 0x200 (PKRU among the requested components?); jnz over the ret; ret; and, as the gate does
// before its UD2, xor eax,eax; xor ecx,ecx; xor edx,edx; wrpkru; test eax,eax; jne back to the first xor; ud2
constexpr std::array<std::uint8_t, 28> thunk_code{0x0f, 0xae, 0x6c, 0x24, 0x48, 0xa9, 0x00, 0x02, 0x00, 0x00, 0x75, 0x01, 0xc3, 0x31,
                                                  0xc0, 0x31, 0xc9, 0x31, 0xd2, 0x0f, 0x01, 0xef, 0x85, 0xc0, 0x75, 0xf3, 0x0f, 0x0b};

// A page of its own with this code, within reach of a 32-bit displacement.
Result<std::uint64_t> make_thunk(std::uint64_t near, std::span<const std::uint8_t> code) {
  for (const std::uint64_t hint :
       {std::uint64_t{0}, near + (64u << 20), near + (1u << 30), near - (64u << 20), near - (1u << 30)}) {
    void* p = mmap(reinterpret_cast<void*>(hint / page * page), page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) continue;
    const auto at = reinterpret_cast<std::uint64_t>(p);
    if (!in_reach(near, at)) {
      munmap(p, page);
      continue;
    }
    std::memset(p, 0xcc, page);
    std::memcpy(p, code.data(), code.size());
    if (mprotect(p, page, PROT_READ | PROT_EXEC))
      return system_error(errno, "cannot make a thunk executable", "fence");
    return at;
  }
  return Error{writ::Code::exhausted, "no memory near a library", "fence", {}};
}

// CALL or JMP with the displacement from the end of the instruction at `at` to `target`.
std::array<std::uint8_t, 5> branch(std::uint8_t opcode, std::uint64_t at, std::uint64_t target) {
  const auto distance = static_cast<std::int32_t>(static_cast<std::int64_t>(target - (at + 5)));
  std::array<std::uint8_t, 5> code{opcode};
  std::memcpy(&code[1], &distance, sizeof distance);
  return code;
}

bool in_pkey_set(std::uint64_t at) {
  const auto f = reinterpret_cast<std::uint64_t>(dlsym(RTLD_DEFAULT, "pkey_set"));
  return f && at >= f && at < f + 128;
}

// mov eax, imm32; xor edx, edx; xrstor [rsp+0x40], with imm32 not naming PKRU.
bool is_lazy_resolver(std::uint64_t at, const Mapping& m) {
  if (m.name.find("/ld-linux") == std::string::npos || at < m.begin + 7) return false;
  return starts_with(at, m.end, {0x0f, 0xae, 0x6c, 0x24, 0x40}) && starts_with(at - 2, m.end, {0x31, 0xd2}) &&
         bytes(at - 7)[0] == 0xb8;
}

// The three bytes lie in the displacement of a call or jump. That it is one is certain enough if it leads into the same
// mapping: of chance displacements one in a thousand does.
Result<bool> detour(std::uint64_t at, const Mapping& m) {
  for (const std::uint64_t back : {1u, 2u}) {
    const std::uint64_t start = at - back;
    if (start < m.begin || start + 5 > m.end) continue;
    const std::uint8_t opcode = *bytes(start);
    if (opcode != call_opcode && opcode != jump_opcode) continue;
    std::int32_t distance = 0;
    std::memcpy(&distance, bytes(start + 1), sizeof distance);
    const std::uint64_t target = start + 5 + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
    if (target < m.begin || target >= m.end) continue;
    std::array<std::uint8_t, 5> jump{};
    WRIT_TRY(const std::uint64_t thunk, make_thunk(start, jump));
    jump = branch(jump_opcode, thunk, target);
    WRIT_CHECK(replace_bytes(thunk, jump));
    WRIT_CHECK(replace_bytes(start, branch(opcode, start, thunk)));
    return !first_forbidden({reinterpret_cast<const std::byte*>(start - 2), 9}) &&
           !first_forbidden({reinterpret_cast<const std::byte*>(thunk), 7});
  }
  return false;
}

Result<bool> remove_one(const Hit& hit, std::uint64_t at, const Mapping& m, std::uint64_t& thunk) {
  if (hit.what == Forbidden::wrpkru && in_pkey_set(at)) {
    constexpr std::array<std::uint8_t, 3> ud2{0x0f, 0x0b, 0x90};
    WRIT_CHECK(replace_bytes(at, ud2));
    return true;
  }
  if (hit.what == Forbidden::xrstor && is_lazy_resolver(at, m)) {
    if (!thunk) {
      WRIT_TRY(thunk, make_thunk(at, thunk_code));
    }
    WRIT_CHECK(replace_bytes(at, branch(call_opcode, at, thunk)));
    return true;
  }
  return detour(at, m);
}

}  // namespace

Result<std::vector<Gadget>> remove_gadgets() {
  WRIT_TRY(const auto mappings, executable_mappings());
  std::vector<Gadget> out;
  std::uint64_t thunk = 0;
  for (const Mapping& m : mappings) {
    const std::span code(reinterpret_cast<const std::byte*>(m.begin), m.end - m.begin);
    for (const Hit& hit : scan(code)) {
      const std::uint64_t at = m.begin + hit.offset;
      Gadget g{fmt::format("{}+{:#x}", m.name.empty() ? "anonymous" : m.name, hit.offset),
               std::string(name(hit.what)), Gadget::State::open};
      if (is_checked(hit, at, m.end)) {
        g.state = Gadget::State::ours_checked;
      } else {
        WRIT_TRY(const bool removed, remove_one(hit, at, m, thunk));
        if (removed) g.state = Gadget::State::removed;
      }
      out.push_back(std::move(g));
    }
  }
  return out;
}

}  // namespace writ::fence
