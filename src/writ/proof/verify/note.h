// Signed notes (C2SP signed-note): a text and signature lines below it. What checkpoints are carried in.
//
//   text, one or more lines
//   <empty line>
//   <em dash> NAME BASE64(KEYID SIGNATURE)      one or more such lines
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "writ/proof/verify/key.h"

namespace writ::proof {

struct NoteSignature {
  std::string name;
  NoteKeyId id{};
  Bytes signature;
};

struct Note {
  std::string text;  // ends in a newline; this is what is signed
  std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t max_note_signatures = 64;  // the specification asks for at least 16

Result<Note> parse_note(std::string_view);
std::string format_note(const Note&);

// `unavailable` if this key has not signed; `corrupt` if what it signed was something else.
Result<void> check_note(const Note&, const VerifierKey&);

}  // namespace writ::proof
