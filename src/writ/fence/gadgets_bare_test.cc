// Taking the gadgets out of the libraries, which needs no protection keys. In children, because it changes the process.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>

#include "writ/fence/gadgets.h"
#include "writ/fence/native_state.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {

std::span<const std::byte> pkey_set_code() {
  return {static_cast<const std::byte*>(dlsym(RTLD_DEFAULT, "pkey_set")), 128};
}

int removed_once() {
  if (scan(pkey_set_code()).size() != 1) return 2;
  const auto first = remove_gadgets();
  if (!first) return 3;
  std::size_t ours = 0, removed = 0;
  for (const auto& g : *first) {
    if (g.state == Gadget::State::open) return 4;
    ours += g.state == Gadget::State::ours_checked;
    removed += g.state == Gadget::State::removed;
  }
  if (ours < 2 || removed < 3) return 5;  // our two; pkey_set and the two resolvers
  if (!scan(pkey_set_code()).empty()) return 6;
  const auto second = remove_gadgets();
  if (!second) return 7;
  for (const auto& g : *second)
    if (g.state != Gadget::State::ours_checked) return 8;
  return 0;
}

TEST(Gadgets, NoneIsLeftAndASecondTimeFindsOnlyOurs) {
  EXPECT_EXIT(_exit(removed_once()), testing::ExitedWithCode(0), "");
}

// A library whose functions are bound at their first call, through the resolver that was patched.
int binds_lazily() {
  if (!remove_gadgets()) return 2;
  void* zlib = dlopen("libz.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!zlib) return 3;
  const auto compress =
      reinterpret_cast<int (*)(unsigned char*, unsigned long*, const unsigned char*, unsigned long)>(
          dlsym(zlib, "compress"));
  const auto uncompress =
      reinterpret_cast<int (*)(unsigned char*, unsigned long*, const unsigned char*, unsigned long)>(
          dlsym(zlib, "uncompress"));
  unsigned char text[4096], packed[8192], back[4096];
  std::memset(text, 'w', sizeof text);
  unsigned long packed_size = sizeof packed, size = sizeof back;
  if (compress(packed, &packed_size, text, sizeof text) || uncompress(back, &size, packed, packed_size)) return 4;
  return size == sizeof text && std::memcmp(text, back, size) == 0 ? 0 : 5;
}

TEST(Gadgets, LazyBindingGoesOn) { EXPECT_EXIT(_exit(binds_lazily()), testing::ExitedWithCode(0), ""); }

// libcrypto of Debian 12 has a WRPKRU in the displacement of a call. Whatever a version has, none may be left, and the
// library must go on working.
int libcrypto_is_clean() {
  void* crypto = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
  if (!crypto) return 2;
  const auto removed = remove_gadgets();
  if (!removed) return 3;
  for (const auto& g : *removed)
    if (g.state == Gadget::State::open) {
      std::fprintf(stderr, "%s in %s\n", g.instruction.c_str(), g.where.c_str());
      return 4;
    }
  using Digest = unsigned char* (*)(const unsigned char*, std::size_t, unsigned char*);
  unsigned char out[32];
  if (!reinterpret_cast<Digest>(dlsym(crypto, "SHA256"))(reinterpret_cast<const unsigned char*>("abc"), 3, out))
    return 5;
  return out[0] == 0xba && out[31] == 0xad ? 0 : 6;
}

TEST(Gadgets, LibcryptoIsCleanAndWorks) { EXPECT_EXIT(_exit(libcrypto_is_clean()), testing::ExitedWithCode(0), ""); }

// A page of code with a CALL whose displacement is a WRPKRU: it still arrives.
int a_call_is_detoured() {
  constexpr std::size_t size = 4 << 20;
  auto* code =
      static_cast<unsigned char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::memset(code, 0xcc, size);
  unsigned char* from = code + (2 << 20);
  volatile unsigned char escape =
      0x0f;  // or the compiler would make it an immediate, and this program had a gadget itself
  const unsigned char call[] = {0xe8, escape, 0x01, 0xef, 0xff, 0xc3};  // call -0x10fef1; ret
  std::memcpy(from, call, sizeof call);
  const unsigned char target[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  std::memcpy(from + 5 - 0x10fef1, target, sizeof target);
  if (mprotect(code, size, PROT_READ | PROT_EXEC)) return 2;
  const auto removed = remove_gadgets();
  if (!removed) return 3;
  for (const auto& g : *removed)
    if (g.state == Gadget::State::open) return 4;
  if (first_forbidden({reinterpret_cast<std::byte*>(code), size})) return 5;
  return reinterpret_cast<int (*)()>(from)() == 42 ? 0 : 6;
}

TEST(Gadgets, ACallWithOneInItsDisplacementIsDetoured) {
  EXPECT_EXIT(_exit(a_call_is_detoured()), testing::ExitedWithCode(0), "");
}

int nothing_writable_and_executable() {
  if (!remove_gadgets()) return 2;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(" rwx") != line.npos || line.find(" -wx") != line.npos) return 3;
  return 0;
}

TEST(Gadgets, NothingIsWritableAndExecutable) {
  EXPECT_EXIT(_exit(nothing_writable_and_executable()), testing::ExitedWithCode(0), "");
}

TEST(GadgetsDeathTest, PkeySetIsAnIllegalInstruction) {
  EXPECT_EXIT(
      {
        (void)remove_gadgets();
        const auto set = reinterpret_cast<int (*)(int, unsigned)>(dlsym(RTLD_DEFAULT, "pkey_set"));
        set(1, 0);
        _exit(0);
      },
      testing::KilledBySignal(SIGILL), "");
}

}  // namespace
}  // namespace writ::fence
