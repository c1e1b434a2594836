// An inverted index with statistics over a folder of texts, as a WebAssembly task: plain C++ and the C library, no Writ.
//
//   index FOLDER STATE-FOLDER          index /usr/share/common-licenses /state/index
//
// It lists the folder, reads every text, and writes below STATE-FOLDER:
//   documents.json     each text: name, bytes, words, distinct words, longest word; a link only names what it leads to
//   terms/a.json ...   word -> [[document, how often, first word position], ...], by first letter
//   stats.json         totals, the most frequent words, the longest ones
// Any failure ends it with 1, and then nothing of this is kept: the commit is all or nothing.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Posting {
  unsigned document = 0, count = 0, first = 0;
};

struct Document {
  std::string name, leads_to, longest;
  unsigned long bytes = 0, words = 0, distinct = 0;
};

struct Index {
  std::vector<Document> documents;
  std::map<std::string, std::vector<Posting>> terms;  // ordered: the objects are the same in every run
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "index: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::vector<std::string> names_in(const std::string& folder) {
  DIR* dir = opendir(folder.c_str());
  if (!dir) fail(folder);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (!file) fail(path);
  std::string text;
  char buffer[16384];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, n);
  if (std::ferror(file)) fail(path);
  std::fclose(file);
  return text;
}

std::string link_target(const std::string& path) {
  char target[256];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Calls `each` with every word in lower case: letters, and apostrophes between letters.
template <class Each>
void for_words(std::string_view text, Each each) {
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool joins = c == '\'' && !word.empty() && i + 1 < text.size() && is_letter(text[i + 1]);
    if (is_letter(c) || joins) {
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!word.empty()) {
      each(word);
      word.clear();
    }
  }
}

void add(Index& index, const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) fail(path);
  const auto number = static_cast<unsigned>(index.documents.size());
  Document document;
  document.name = name;
  if (S_ISLNK(status.st_mode)) {  // its text is in the folder under its own name: counted once
    document.leads_to = link_target(path);
    index.documents.push_back(std::move(document));
    return;
  }
  const std::string text = content_of(path);
  document.bytes = text.size();
  for_words(text, [&](const std::string& word) {
    auto& postings = index.terms[word];
    if (postings.empty() || postings.back().document != number) {
      postings.push_back({number, 0, static_cast<unsigned>(document.words)});
      ++document.distinct;
    }
    ++postings.back().count;
    ++document.words;
    if (word.size() > document.longest.size()) document.longest = word;
  });
  index.documents.push_back(std::move(document));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) std::snprintf(escaped, sizeof escaped, "\\u%04x", c), out += escaped;
    else out += c;
  }
  return out + "\"";
}

void write_object(const std::string& path, const std::string& body) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (!file || std::fwrite(body.data(), 1, body.size(), file) != body.size()) fail(path);
  if (std::fclose(file) != 0) fail(path);
}

void write_documents(const Index& index, const std::string& to) {
  std::string body = "[\n";
  for (const auto& d : index.documents) {
    if (body.size() > 2) body += ",\n";
    body += "{\"name\":" + quoted(d.name);
    if (d.leads_to.empty())
      body += ",\"bytes\":" + std::to_string(d.bytes) + ",\"words\":" + std::to_string(d.words) +
              ",\"distinct\":" + std::to_string(d.distinct) + ",\"longest\":" + quoted(d.longest) + "}";
    else
      body += ",\"leads_to\":" + quoted(d.leads_to) + "}";
  }
  write_object(to + "/documents.json", body + "\n]\n");
}

void write_terms(const Index& index, const std::string& to) {
  std::map<char, std::string> by_letter;
  for (const auto& [word, postings] : index.terms) {
    std::string& body = by_letter[word[0]];
    body += body.empty() ? "{\n" : ",\n";
    body += quoted(word) + ":[";
    for (std::size_t i = 0; i < postings.size(); ++i) {
      const Posting& p = postings[i];
      body += (i > 0 ? ",[" : "[") + std::to_string(p.document) + "," + std::to_string(p.count) + "," + std::to_string(p.first) + "]";
    }
    body += "]";
  }
  for (const auto& [letter, body] : by_letter) write_object(to + "/terms/" + letter + ".json", body + "\n}\n");
}

struct Frequency {
  std::string word;
  unsigned long count;
};

std::vector<Frequency> by_frequency(const Index& index) {
  std::vector<Frequency> words;
  for (const auto& [word, postings] : index.terms) {
    words.push_back({word, 0});
    for (const auto& p : postings) words.back().count += p.count;
  }
  std::stable_sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return words;
}

void write_stats(const Index& index, const std::vector<Frequency>& words, const std::string& to) {
  constexpr std::size_t shown = 50;
  unsigned long bytes = 0, count = 0, texts = 0;
  for (const auto& d : index.documents) bytes += d.bytes, count += d.words, texts += d.leads_to.empty();
  std::string top, longest;
  for (std::size_t i = 0; i < std::min(shown, words.size()); ++i)
    top += (i > 0 ? ",[" : "[") + quoted(words[i].word) + "," + std::to_string(words[i].count) + "]";
  auto by_length = words;
  std::stable_sort(by_length.begin(), by_length.end(), [](const auto& a, const auto& b) { return a.word.size() > b.word.size(); });
  for (std::size_t i = 0; i < std::min(shown, by_length.size()); ++i) longest += (i > 0 ? "," : "") + quoted(by_length[i].word);
  write_object(to + "/stats.json", "{\"documents\":" + std::to_string(texts) + ",\"bytes\":" + std::to_string(bytes) +
                                       ",\"words\":" + std::to_string(count) + ",\"distinct\":" + std::to_string(words.size()) +
                                       ",\n\"top\":[" + top + "],\n\"longest\":[" + longest + "]}\n");
}

void print_table(const Index& index, const std::vector<Frequency>& words) {
  constexpr std::size_t shown = 10;
  std::printf("%-12s %8s %8s %9s  %s\n", "document", "bytes", "words", "distinct", "longest word");
  unsigned long bytes = 0, count = 0;
  for (const auto& d : index.documents) {
    if (d.leads_to.empty())
      std::printf("%-12s %8lu %8lu %9lu  %s\n", d.name.c_str(), d.bytes, d.words, d.distinct, d.longest.c_str());
    else
      std::printf("%-12s -> %s\n", d.name.c_str(), d.leads_to.c_str());
    bytes += d.bytes;
    count += d.words;
  }
  std::printf("%-12s %8lu %8lu %9zu\nmost frequent:", "together", bytes, count, words.size());
  for (std::size_t i = 0; i < std::min(shown, words.size()); ++i) std::printf(" %s %lu", words[i].word.c_str(), words[i].count);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: index FOLDER STATE-FOLDER\n");
    return 64;
  }
  const std::string from = argv[1], to = argv[2];
  Index index;
  for (const auto& name : names_in(from)) add(index, from, name);
  const auto words = by_frequency(index);
  write_documents(index, to);
  write_terms(index, to);
  write_stats(index, words, to);
  print_table(index, words);
  return 0;
}
