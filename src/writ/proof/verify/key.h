// A verifier's key: a name and an Ed25519 public key, written as C2SP signed-note does ("vkey"):
//
//   NAME+KEYID+BASE64       KEYID = the first 4 bytes, in hex, of SHA-256(NAME \n 0x01 PUBLICKEY)
//                           BASE64 = 0x01 PUBLICKEY
//
// A key id is short and names a key; it is no protection. Whoever trusts, trusts the whole key and its name.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "writ/wire/sign.h"

namespace writ::proof {

using NoteKeyId = std::array<std::byte, 4>;

struct VerifierKey {
  std::string name;
  PublicKey key;

  NoteKeyId note_id() const;
  std::string text() const;  // the vkey
  friend auto operator<=>(const VerifierKey&, const VerifierKey&) = default;
};

// What a vkey says of itself, before anybody has checked that its id is the digest of its key.
struct ClaimedKey {
  VerifierKey key;
  NoteKeyId id{};
  bool holds() const;
};
Result<ClaimedKey> read_vkey(std::string_view text);
// The same, and `invalid` unless the id holds: for keys that people hand us.
Result<VerifierKey> parse_vkey(std::string_view text);

// The id of a key in a DSSE envelope: SHA-256 of the public key, in hex.
std::string envelope_key_id(const PublicKey&);

// Non-empty UTF-8 without blanks (Unicode's too), control characters or plus signs (C2SP signed-note).
bool is_key_name(std::string_view);

}  // namespace writ::proof
