// Taking the gadgets out of the libraries, which needs no protection keys. In children, because it changes the process.
#include "writ/fence/gadgets.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

#include "writ/fence/native_state.h"
#include "writ/fence/scan.h"

namespace writ::fence {
namespace {

std::span<const std::byte> pkey_set_code() { return {static_cast<const std::byte*>(dlsym(RTLD_DEFAULT, "pkey_set")), 128}; }

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

TEST(Gadgets, NoneIsLeftAndASecondTimeFindsOnlyOurs) { EXPECT_EXIT(_exit(removed_once()), testing::ExitedWithCode(0), ""); }

// A library whose functions are bound at their first call, through the resolver that was patched.
int binds_lazily() {
  if (!remove_gadgets()) return 2;
  void* zlib = dlopen("libz.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!zlib) return 3;
  const auto compress = reinterpret_cast<int (*)(unsigned char*, unsigned long*, const unsigned char*, unsigned long)>(dlsym(zlib, "compress"));
  const auto uncompress =
      reinterpret_cast<int (*)(unsigned char*, unsigned long*, const unsigned char*, unsigned long)>(dlsym(zlib, "uncompress"));
  unsigned char text[4096], packed[8192], back[4096];
  std::memset(text, 'w', sizeof text);
  unsigned long packed_size = sizeof packed, size = sizeof back;
  if (compress(packed, &packed_size, text, sizeof text) || uncompress(back, &size, packed, packed_size)) return 4;
  return size == sizeof text && std::memcmp(text, back, size) == 0 ? 0 : 5;
}

TEST(Gadgets, LazyBindingGoesOn) { EXPECT_EXIT(_exit(binds_lazily()), testing::ExitedWithCode(0), ""); }

int nothing_writable_and_executable() {
  if (!remove_gadgets()) return 2;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(" rwx") != line.npos || line.find(" -wx") != line.npos) return 3;
  return 0;
}

TEST(Gadgets, NothingIsWritableAndExecutable) { EXPECT_EXIT(_exit(nothing_writable_and_executable()), testing::ExitedWithCode(0), ""); }

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
