// A folder of its own for one test of something durable, on the disk where the build lies; gone afterwards.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace writ::store {

class TestingFolder {
 public:
  TestingFolder() {
    std::string name = WRIT_BINARY_DIR "/store-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  TestingFolder(const TestingFolder&) = delete;
  TestingFolder& operator=(const TestingFolder&) = delete;
  ~TestingFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace writ::store
