#include "writ/task/choice.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "writ/base/escape.h"

namespace writ::task {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view state_folder = "/state/";

bool means(std::string_view wanted, std::string_view object) {
  if (wanted.starts_with(state_folder)) wanted.remove_prefix(state_folder.size());
  if (object == wanted) return true;
  const std::string folder = wanted.ends_with('/') ? std::string(wanted) : std::string(wanted) + "/";
  return object.starts_with(folder);
}

// The file that a word names, and the same by the host's name where a folder on the way is a link.
std::vector<std::string> spellings_of(const std::string& word, const std::string& folder) {
  if (word.empty() || (word[0] != '/' && folder.empty())) return {};
  auto text = (fs::path(folder) / word).lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  std::vector<std::string> spellings{text};
  std::error_code failed;
  const fs::path path(text);
  if (const auto above = fs::weakly_canonical(path.parent_path(), failed); !failed)
    if (auto real = (above / path.filename()).string(); real != text) spellings.push_back(std::move(real));
  if (const auto whole = fs::canonical(path, failed); !failed && fs::is_directory(whole, failed)) spellings.push_back(whole.string());
  return spellings;
}

}  // namespace

Result<Chosen> choose(const gate::ChangeSet& objects, const workspace::Changes& files, const Paths& paths, workspace::Purpose purpose) {
  if (paths.all()) return Chosen{objects, files};
  std::vector<std::string> objects_meant, files_meant;
  for (const auto& word : paths.words) {
    const bool object = std::ranges::any_of(objects.writes, [&](const auto& w) { return means(word, w.path); });
    const auto spellings = spellings_of(word, paths.folder);
    const auto file = std::ranges::find_if(spellings, [&](const auto& p) { return workspace::covers(files, p); });
    if (object && file != spellings.end())
      return invalid("it is an object and a file of the host", escape_for_terminal(word),
                     "write " + escape_for_terminal(*file) + " for the file, /state/" + escape_for_terminal(word) + " for the object");
    if (object) objects_meant.push_back(word);
    else if (file != spellings.end()) files_meant.push_back(*file);
    else return invalid("the task changes nothing there", escape_for_terminal(word), "writ diff --name-only lists what it changes");
  }
  Chosen chosen{{{}, objects.read_set, objects.listed}, {}};
  for (const auto& w : objects.writes)
    if (std::ranges::any_of(objects_meant, [&](const auto& word) { return means(word, w.path); })) chosen.objects.writes.push_back(w);
  if (!files_meant.empty()) {
    WRIT_TRY(chosen.files, workspace::only(files, files_meant, purpose));
  }
  return chosen;
}

}  // namespace writ::task
