// The programs that turn a module into an image, and the digest that names them all: versions, flags, and the runtime and
// headers carried in this library. Whatever changes the code of an image changes the digest, which is part of the key of
// the cache and of the receipt.
//
// Asking a compiler for its version takes longer than running a small cached task, so the answers are kept beside the
// cache, each with the size and time stamps of the program that gave it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/cache.h"
#include "writ/guest/wasm/tier.h"
#include "writ/supervise/command.h"

namespace writ::guest::wasm {

struct Program {
  std::string path;     // absolute
  std::string package;  // of Debian
  int stop = -1;        // supervise::Command::stop
};

struct Tools {
  Program validator{"/usr/bin/wasm-validate", "wabt"};
  Program translator{"/usr/bin/wasm2c", "wabt"};
  Program compiler{"/usr/bin/clang-14", "clang-14"};
  Program linker{"/usr/bin/ld.lld-14", "lld-14"};

  // All of them end when this descriptor becomes readable.
  void stop_on(int descriptor) {
    for (Program* p : {&validator, &translator, &compiler, &linker}) p->stop = descriptor;
  }
};

// Of the best tier. The fast one needs no program (baseline.h).
std::span<const std::string_view> compiler_flags();
std::span<const std::string_view> linker_flags();

struct Toolchain {
  Tools tools;
  Tier tier = Tier::best;
  std::vector<std::string> versions;  // of its programs
  Tool tool;                          // their names, and the digest of all that makes an image
};

// `unavailable` names the tool that is missing and its package.
Result<Toolchain> find_toolchain(const Tools&, Tier, const Cache&);

// A command for one of the tools, confined to the folder and the read-only system.
supervise::Command tool_command(const Program&, std::vector<std::string> arguments, const std::string& folder);

}  // namespace writ::guest::wasm
