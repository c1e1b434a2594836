#include "writ/proof/verify/note.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/escape.h"

namespace writ::proof {
namespace {

constexpr std::string_view dash = "\u2014 ";

Error bad_note(std::string_view why) { return invalid(fmt::format("not a signed note: {}", why)); }

Result<NoteSignature> parse_line(std::string_view line) {
  if (!line.starts_with(dash)) return bad_note("a signature line does not begin with a dash");
  line.remove_prefix(dash.size());
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return bad_note("a signature line has no signature");
  NoteSignature out;
  out.name = line.substr(0, blank);
  if (!is_key_name(out.name)) return bad_note("a signature line has no proper key name");
  const auto bytes = parse_base64(line.substr(blank + 1));
  if (!bytes || bytes->size() <= out.id.size()) return bad_note("a signature is not base64 of a key id and a signature");
  std::copy_n(bytes->begin(), out.id.size(), out.id.begin());
  out.signature.assign(bytes->begin() + static_cast<std::ptrdiff_t>(out.id.size()), bytes->end());
  return out;
}

}  // namespace

Result<Note> parse_note(std::string_view whole) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  if (!is_utf8(whole) || std::ranges::any_of(whole, control)) return bad_note("it has control characters or is not UTF-8");
  const std::size_t split = whole.rfind("\n\n");
  if (split == std::string_view::npos || !whole.ends_with('\n')) return bad_note("there are no signature lines");
  Note out;
  out.text = whole.substr(0, split + 1);
  std::string_view rest = whole.substr(split + 2);
  if (rest.empty()) return bad_note("there are no signature lines");
  while (!rest.empty()) {
    if (out.signatures.size() == max_note_signatures) return bad_note("too many signatures");
    const std::size_t end = rest.find('\n');
    WRIT_TRY(NoteSignature signature, parse_line(rest.substr(0, end)));
    out.signatures.push_back(std::move(signature));
    rest.remove_prefix(end + 1);
  }
  return out;
}

std::string format_note(const Note& note) {
  std::string out = note.text + '\n';
  for (const NoteSignature& s : note.signatures) {
    Bytes bytes(s.id.begin(), s.id.end());
    bytes.insert(bytes.end(), s.signature.begin(), s.signature.end());
    out += fmt::format("{}{} {}\n", dash, s.name, base64(bytes));
  }
  return out;
}

Result<void> check_note(const Note& note, const VerifierKey& key) {
  const NoteKeyId id = key.note_id();
  bool signed_by_key = false;
  for (const NoteSignature& s : note.signatures) {
    if (s.name != key.name || s.id != id) continue;
    Signature signature;
    if (s.signature.size() != signature.bytes.size()) return Error{Code::corrupt, "a signature has the wrong length", key.name, {}};
    std::ranges::copy(s.signature, signature.bytes.begin());
    if (!verify(key.key, as_bytes(note.text), signature)) {
      return Error{Code::corrupt, "the signature does not hold", key.name, {}};
    }
    signed_by_key = true;
  }
  if (!signed_by_key) return Error{Code::unavailable, "the key has not signed this note", key.name, {}};
  return {};
}

}  // namespace writ::proof
