// Other people's test data lies outside the project: in $WRIT_CONFORMANCE, else in ../shared/conformance beside the
// checkout. Where it is absent a test says so in one line and skips; the project's own vectors run all the same.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "writ/base/file.h"
#include "writ/wire/json.h"

namespace writ::conformance {

inline std::filesystem::path folder(const std::string& name) {
  const char* const named = std::getenv("WRIT_CONFORMANCE");
  const std::filesystem::path root =
      named != nullptr ? named : std::filesystem::path(WRIT_SOURCE_DIR).parent_path() / "shared" / "conformance";
  return root / name;
}

inline std::string text_of(const std::filesystem::path& file) {
  auto text = read_file(file.string(), 256 * MiB);
  EXPECT_TRUE(text) << file;
  return text ? *text : std::string();
}

}  // namespace writ::conformance

#define WRIT_NEED_CONFORMANCE(name)                                                                      \
  if (!std::filesystem::is_directory(::writ::conformance::folder(name))) {                               \
    GTEST_SKIP() << "not covered: no conformance data \"" << name << "\" (set WRIT_CONFORMANCE)";        \
  }                                                                                                      \
  static_assert(true)
