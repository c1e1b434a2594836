// A manifest: the grants, limits and code of a task in a TOML file.
//
//   [task]    code = "index.wasm"   args = ["a", "b"]   entry = "_start"   lang = "wasm"
//   [grants]  "state.read" = ["orders/"]   "file.read" = ["/usr/share/zoneinfo/"]   "clock.real" = true
//   [deny]    the same
//   [effects] "payments.charge" = ["amount"]                       kinds of one's own with their fields
//   [limits]  memory = "64MiB"   time = "10s"   effects = 1000
//
// `code` is taken from the manifest's folder; resources from the working folder, like those of --grant. A key that does
// not exist is refused with its line and the nearest that does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "writ/runtime/runtime.h"

namespace writ::cli {

struct GrantText {
  std::string text;   // as --grant takes it
  std::string where;  // file and line
};

struct Manifest {
  std::optional<std::string> code, entry;
  std::vector<std::string> arguments;
  std::vector<GrantText> grants, denies;
  std::vector<effect::OwnKind> effects;
};

// Sets in `limits` what [limits] names.
Result<Manifest> parse_manifest(std::string_view text, const std::string& path, guest::Limits& limits);
Result<Manifest> read_manifest(const std::string& path, guest::Limits& limits);

}  // namespace writ::cli
