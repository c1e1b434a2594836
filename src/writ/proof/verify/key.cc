#include "writ/proof/verify/key.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/escape.h"
#include "writ/wire/digest.h"

namespace writ::proof {
namespace {

constexpr std::byte ed25519_type{1};

Error bad_vkey(std::string_view why) {
  return invalid(fmt::format("not a verifier key: {}", why), {}, "NAME+8 hex digits+BASE64, as `writ log key` prints it");
}

// Unicode's White_Space beyond ASCII, as UTF-8.
constexpr std::string_view wide_spaces[] = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                                            "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
                                            "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

}  // namespace

bool is_key_name(std::string_view name) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '+'; };
  if (name.empty() || !std::ranges::all_of(name, plain) || !is_utf8(name)) return false;
  return std::ranges::none_of(wide_spaces, [&](std::string_view s) { return name.find(s) != std::string_view::npos; });
}

NoteKeyId VerifierKey::note_id() const {
  constexpr std::byte separator[] = {std::byte{'\n'}, ed25519_type};
  const Sha256 whole = sha256_of_parts({as_bytes(name), separator, key.view()});
  NoteKeyId out;
  std::ranges::copy_n(whole.bytes.begin(), out.size(), out.begin());
  return out;
}

bool ClaimedKey::holds() const { return id == key.note_id(); }

std::string VerifierKey::text() const {
  Bytes typed{ed25519_type};
  typed.insert(typed.end(), key.bytes.begin(), key.bytes.end());
  return fmt::format("{}+{}+{}", name, hex(note_id()), base64(typed));
}

Result<ClaimedKey> read_vkey(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos || text.size() < first + 10 || text[first + 9] != '+') {
    return bad_vkey("it has not three parts");
  }
  ClaimedKey out;
  out.key.name = text.substr(0, first);
  if (!is_key_name(out.key.name)) return bad_vkey("its name is empty or has blanks");
  if (!parse_hex_into(text.substr(first + 1, 8), out.id)) return bad_vkey("its id is not 8 hex digits");
  const auto typed = parse_base64(text.substr(first + 10));
  if (!typed) return bad_vkey("its last part is not base64");
  if (typed->size() != 33 || typed->front() != ed25519_type) return bad_vkey("it is not an Ed25519 key (type 1)");
  std::copy(typed->begin() + 1, typed->end(), out.key.key.bytes.begin());
  return out;
}

Result<VerifierKey> parse_vkey(std::string_view text) {
  WRIT_TRY(ClaimedKey claimed, read_vkey(text));
  if (!claimed.holds()) {
    return bad_vkey(fmt::format("its id is {}, but its name and key make {}", hex(claimed.id), hex(claimed.key.note_id())));
  }
  return std::move(claimed.key);
}

std::string envelope_key_id(const PublicKey& key) { return sha256(key.view()).hex(); }

}  // namespace writ::proof
