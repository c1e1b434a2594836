#include "state_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "surroundings.h"
#include "writ/base/escape.h"
#include "writ/base/fd.h"
#include "writ/base/file.h"

namespace writ::cli {
namespace {

constexpr ByteCount largest_body = 64 * MiB;
constexpr int deepest = 256;

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

Result<void> must_be_empty(const std::string& folder) {
  const Folder open(::opendir(folder.c_str()), &::closedir);
  if (!open) return errno == ENOENT ? Result<void>() : system_error(errno, "cannot look at the folder", folder);
  while (const dirent* e = ::readdir(open.get()))
    if (std::string_view(e->d_name) != "." && std::string_view(e->d_name) != "..")
      return invalid("this folder is not empty", folder, "name a new one");
  return {};
}

// Files and folders must not meet: `a` and `a/b` can both be objects, but not both be files.
Result<void> no_file_is_a_folder(const std::vector<runtime::ObjectInfo>& objects) {
  std::set<std::string, std::less<>> names;
  for (const auto& o : objects) names.insert(o.path);
  for (const auto& o : objects)
    for (auto slash = o.path.find('/'); slash != std::string::npos; slash = o.path.find('/', slash + 1))
      if (names.contains(o.path.substr(0, slash)))
        return Error{Code::unsupported, "this object has others below it and cannot become a file",
                     o.path.substr(0, slash), "state get reads it alone"};
  return {};
}

Result<void> write_new(const std::string& path, std::string_view body) {
  WRIT_CHECK(make_folders(path.substr(0, path.rfind('/'))));
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  const int number = file ? write_all(file.get(), body) : errno;
  return number ? Result<void>(system_error(number, "cannot write the object", path)) : Result<void>();
}

Result<void> collect(const std::string& folder, const std::string& prefix, int depth, std::vector<std::string>& out) {
  const Folder open(::opendir(folder.c_str()), &::closedir);
  if (!open) return system_error(errno, "cannot look at the folder", folder);
  if (depth > deepest) return Error{Code::exhausted, "folders are too deep", folder, {}};
  while (const dirent* e = ::readdir(open.get())) {
    const std::string name = e->d_name;
    if (name == "." || name == "..") continue;
    struct stat found {};
    if (::lstat((folder + "/" + name).c_str(), &found) != 0)
      return system_error(errno, "cannot look at", folder + "/" + name);
    if (S_ISDIR(found.st_mode)) {
      WRIT_CHECK(collect(folder + "/" + name, prefix + name + "/", depth + 1, out));
    } else if (S_ISREG(found.st_mode)) {
      out.push_back(prefix + name);
    } else {
      return invalid("neither a file nor a folder", folder + "/" + name, "remove it or import another folder");
    }
  }
  return {};
}

}  // namespace

Status export_objects(Output& output, runtime::Runtime& runtime, const std::string& folder) {
  WRIT_CHECK(must_be_empty(folder));
  WRIT_TRY(const auto objects, runtime.list_objects(""));
  WRIT_CHECK(no_file_is_a_folder(objects));
  WRIT_CHECK(make_folders(folder));
  for (const auto& o : objects) {
    WRIT_TRY(const std::string body, runtime.get_object(o.path));
    WRIT_CHECK(write_new(folder + "/" + o.path, body));
  }
  output.note(std::to_string(objects.size()) + " objects written below " + escape_for_terminal(folder));
  if (!output.text_wanted())
    output.document({{"schema", "writ.state-export/1"}, {"folder", json_text(folder)}, {"objects", objects.size()}});
  return exit_holds;
}

Status import_objects(Output& output, runtime::Runtime& runtime, const std::string& folder,
                      const std::shared_ptr<const authority::policy::Program>& policy) {
  std::vector<std::string> paths;
  WRIT_CHECK(collect(folder, "", 0, paths));
  std::ranges::sort(paths);
  Document tasks = Document::array();
  for (const std::string& path : paths) {
    WRIT_TRY(const std::string body, read_file(folder + "/" + path, largest_body));
    WRIT_TRY(const auto report, runtime.put_object(path, body, policy));
    if (!report.outcome.success())
      return Error{Code::denied, report.outcome.reason, path, "writ why " + report.id.brief() + "; what came before it was imported"};
    if (!report.conflict.empty()) return Error{Code::conflict, report.conflict, path, "run the import again"};
    tasks.push_back(report.id.hex());
  }
  output.note(std::to_string(paths.size()) + " objects imported");
  if (!output.text_wanted())
    output.document({{"schema", "writ.state-import/1"}, {"objects", paths.size()}, {"tasks", std::move(tasks)}});
  return exit_holds;
}

}  // namespace writ::cli
