#include "writ/runtime/patch.h"

#include <algorithm>
#include <vector>

#include "writ/base/quote.h"
#include "writ/runtime/git_form.h"
#include "writ/workspace/line_diff.h"

namespace writ::runtime {
namespace {

constexpr std::size_t context_lines = 3;  // as diff and git have it

using Lines = std::vector<std::string_view>;

void append_lines(std::string& out, char mark, const Lines& lines, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    out += mark;
    out += lines[i];
    if (!lines[i].ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

std::string range(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  const std::size_t first = count == 0 ? begin : begin + 1;
  return count == 1 ? std::to_string(first) : std::to_string(first) + "," + std::to_string(count);
}

// Edits that are close enough to share their context.
struct Hunk {
  std::size_t first = 0, last = 0;  // [first, last) of the edits
};
std::vector<Hunk> hunks_of(const std::vector<workspace::Edit>& edits) {
  std::vector<Hunk> made;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!made.empty() && edits[i].old_begin - edits[i - 1].old_end <= 2 * context_lines) made.back().last = i + 1;
    else made.push_back({i, i + 1});
  }
  return made;
}

std::string git_mode(const Blob& b) { return b.kind == Blob::Kind::link ? "120000" : (b.mode & 0100) != 0 ? "100755" : "100644"; }

// Of a name with blanks git has to be told where it ends.
std::string name_line(std::string_view mark, const std::string& name) {
  return std::string(mark) + " " + name + (name.find(' ') != name.npos && !name.starts_with('"') ? "\t\n" : "\n");
}

std::string one_patch(std::string_view path, const Blob* before, const Blob* after) {
  const std::string from = quote_as_git("a/" + std::string(path)), to = quote_as_git("b/" + std::string(path));
  const std::string old_content = before != nullptr ? before->content : "", new_content = after != nullptr ? after->content : "";
  const std::string old_mode = before != nullptr ? git_mode(*before) : "", new_mode = after != nullptr ? git_mode(*after) : "";
  const bool same = before != nullptr && after != nullptr && old_content == new_content;
  if ((same && old_mode == new_mode) || before == after) return {};
  std::string out = "diff --git " + from + " " + to + "\n";
  if (before == nullptr) out += "new file mode " + new_mode + "\n";
  else if (after == nullptr) out += "deleted file mode " + old_mode + "\n";
  else if (old_mode != new_mode) out += "old mode " + old_mode + "\nnew mode " + new_mode + "\n";
  if (same) return out;
  const auto name = [](const Blob* b) { return b != nullptr ? blob_name(b->content) : std::string(no_blob); };
  out += "index " + name(before) + ".." + name(after) + (old_mode == new_mode ? " " + new_mode : "") + "\n";
  if (!workspace::is_text(old_content) || !workspace::is_text(new_content)) return out + binary_patch(old_content, new_content);
  if (old_content == new_content) return out;  // an empty file came or went
  out += name_line("---", before != nullptr ? from : "/dev/null");
  out += name_line("+++", after != nullptr ? to : "/dev/null");
  return out + hunks(old_content, new_content);
}

}  // namespace

std::string hunks(std::string_view old_text, std::string_view new_text) {
  const Lines before = workspace::split_lines(old_text), after = workspace::split_lines(new_text);
  std::string out;
  const auto edits = workspace::diff_lines(before, after);
  for (const auto& h : hunks_of(edits)) {
    const auto &first = edits[h.first], &last = edits[h.last - 1];
    const std::size_t lead = std::min(context_lines, first.old_begin);
    const std::size_t trail = std::min(context_lines, before.size() - last.old_end);
    out += "@@ -" + range(first.old_begin - lead, last.old_end + trail) + " +" + range(first.new_begin - lead, last.new_end + trail) +
           " @@\n";
    std::size_t at = first.old_begin - lead;
    for (std::size_t i = h.first; i < h.last; ++i) {
      append_lines(out, ' ', before, at, edits[i].old_begin);
      append_lines(out, '-', before, edits[i].old_begin, edits[i].old_end);
      append_lines(out, '+', after, edits[i].new_begin, edits[i].new_end);
      at = edits[i].old_end;
    }
    append_lines(out, ' ', before, at, last.old_end + trail);
  }
  return out;
}

std::string git_patch(std::string_view path, const std::optional<Blob>& before, const std::optional<Blob>& after) {
  const Blob* const was = before ? &*before : nullptr;
  const Blob* const is = after ? &*after : nullptr;
  if (was != nullptr && is != nullptr && was->kind != is->kind) return one_patch(path, was, nullptr) + one_patch(path, nullptr, is);
  return one_patch(path, was, is);
}

}  // namespace writ::runtime
