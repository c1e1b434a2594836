#include "law.h"

#include <regex>
#include <sstream>

namespace writ::rooms {
namespace {

std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/'))); }

std::string without_dots(const std::string& path) {
  std::vector<std::string> parts;
  std::stringstream in(path);
  for (std::string part; std::getline(in, part, '/');) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    else if (part != ".") parts.push_back(part);
  }
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : "/") + part;
  return out;
}

}  // namespace

std::string Law::room_of(std::string_view path) const {
  std::string folder = folder_of(path);
  if (folder.starts_with("src/writ/")) folder.erase(0, 9);
  else if (!folder.starts_with("apps/")) return {};
  for (;; folder = folder_of(folder)) {
    if (allowed.contains(folder)) return folder;
    if (folder.find('/') == folder.npos) return {};
  }
}

Law parse_law(const Source& rooms_txt, std::vector<Finding>& findings) {
  static const std::regex line_form(R"(^([a-z]+(?:[/-][a-z]+)*):((?:\s+[a-z]+(?:[/-][a-z]+)*)*)\s*$)");
  Law law;
  std::size_t number = 0;
  for (const auto line : lines_of(rooms_txt.text)) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    std::cmatch match;
    if (!std::regex_match(line.data(), line.data() + line.size(), match, line_form)) {
      findings.push_back({rooms_txt.path, number, "not a line of the law: a room, a colon, the rooms it may include"});
      continue;
    }
    const std::string room = match[1];
    if (law.allowed.contains(room)) findings.push_back({rooms_txt.path, number, "room " + room + " is declared twice"});
    std::set<std::string> allowed;
    std::istringstream words(match[2]);
    for (std::string word; words >> word;) {
      if (!law.allowed.contains(word))
        findings.push_back({rooms_txt.path, number,
                            room + " names " + word + ", which is not declared above it: the law is one-way"});
      if (!allowed.insert(word).second)
        findings.push_back({rooms_txt.path, number, room + " names " + word + " twice"});
    }
    law.allowed[room] = std::move(allowed);
  }
  return law;
}

std::vector<Finding> check_includes(const Law& law, const Source& source, const std::set<std::string>& files) {
  static const std::regex include_form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Finding> findings;
  const bool in_app = source.path.starts_with("apps/");
  if (!source.path.starts_with("src/") && !in_app) return findings;
  const std::string room = law.room_of(source.path);
  if (room.empty()) {
    findings.push_back({source.path, 0, "lies in no room of rooms.txt"});
    return findings;
  }
  std::size_t number = 0;
  const std::string text = without_comments(source.text);
  for (const auto line : lines_of(text)) {
    ++number;
    std::cmatch match;
    if (!std::regex_search(line.data(), line.data() + line.size(), match, include_form)) continue;
    const std::string path = match[2];
    if (match[1] == "<") {
      if (path.starts_with("writ/")) findings.push_back({source.path, number, "Writ's own headers are included with quotes"});
      continue;
    }
    const std::string target = path.starts_with("writ/") ? "src/" + path : without_dots(folder_of(source.path) + "/" + path);
    if (!files.contains(target)) {
      findings.push_back({source.path, number, "includes \"" + path + "\", which is not a file of the project"});
      continue;
    }
    const std::string other = law.room_of(target);
    if (other.empty()) findings.push_back({source.path, number, "includes \"" + path + "\", which lies in no room"});
    else if (other != room && !law.allowed.at(room).contains(other))
      findings.push_back({source.path, number, room + " may not include " + other + " (\"" + path + "\"): rooms.txt"});
  }
  return findings;
}

}  // namespace writ::rooms
