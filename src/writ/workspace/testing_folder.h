// For tests: a scratch folder with a tree of files in it, and what a whole tree looks like as one text.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace writ::workspace::testing {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "writ-workspace-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = fs::canonical(name);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string text() const { return path_.string(); }
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  fs::path path_;
};

// path -> content, "/" for folders, "-> TARGET" for links. Hides nothing.
inline std::map<std::string, std::string> picture(const std::string& root) {
  std::map<std::string, std::string> out;
  for (const auto& e : fs::recursive_directory_iterator(root)) {
    const auto path = e.path().string().substr(root.size() + 1);
    if (e.is_symlink()) out[path] = "-> " + fs::read_symlink(e.path()).string();
    else if (e.is_directory()) out[path] = "/";
    else if (e.is_regular_file()) {
      std::ifstream in(e.path(), std::ios::binary);
      out[path] = std::string(std::istreambuf_iterator<char>(in), {});
    } else out[path] = "special";
  }
  return out;
}

}  // namespace writ::workspace::testing
