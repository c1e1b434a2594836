// `writ key`: the signing keys of this user, by their public parts, under the name of this store's log. The secret halves are
// never shown.
#include "opening.h"
#include "writ/proof/verify/key.h"

namespace writ::cli {
namespace {

Result<std::vector<std::string>> all_keys(const Invocation& i) {
  WRIT_CHECK(verifier_key(i));  // made now if this user has none yet
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::read));
  return store->verifier_keys();
}

// What other programs take: SubjectPublicKeyInfo (RFC 8410) in PEM.
Result<std::string> pem_of(const std::string& vkey) {
  constexpr std::byte prefix[] = {std::byte{0x30}, std::byte{0x2a}, std::byte{0x30}, std::byte{0x05}, std::byte{0x06}, std::byte{0x03},
                                  std::byte{0x2b}, std::byte{0x65}, std::byte{0x70}, std::byte{0x03}, std::byte{0x21}, std::byte{0x00}};
  WRIT_TRY(const auto key, proof::parse_vkey(vkey));
  Bytes der(std::begin(prefix), std::end(prefix));
  der.insert(der.end(), key.key.bytes.begin(), key.key.bytes.end());
  return "-----BEGIN PUBLIC KEY-----\n" + base64(der) + "\n-----END PUBLIC KEY-----";
}

void list(Output& output, const std::vector<std::string>& keys) {
  Document all = Document::array();
  for (std::size_t n = 0; n < keys.size(); ++n)
    all.push_back({{"name", keys[n].substr(0, keys[n].find('+'))}, {"key", keys[n]}, {"active", n == 0}});
  output.document({{"schema", "writ.keys/1"}, {"keys", std::move(all)}});
}

Status rotate(Invocation& i) {
  WRIT_TRY(const std::string old, verifier_key(i));
  WRIT_TRY(const std::string config, config_folder(i.surroundings));
  WRIT_CHECK(runtime::rotate_key(config + "/keys"));
  WRIT_TRY(const auto keys, all_keys(i));
  if (!i.output.text_wanted()) return list(i.output, keys), exit_holds;
  i.output.line(keys.at(0));
  i.output.note("new receipts are signed by this key; tell it to whoever trusts " + old);
  return exit_holds;
}

}  // namespace

Status key(Invocation& i) {
  const std::string_view word = i.arguments.command->name.substr(4);
  if (word == "rotate") return rotate(i);
  WRIT_TRY(const auto keys, all_keys(i));
  const std::string name = keys.at(0).substr(0, keys[0].find('+'));
  if (word == "show" && !i.arguments.operands.empty() && i.arguments.operands[0] != name)
    return {invalid("unknown key", i.arguments.operands[0], "see `writ key ls`"), exit_bad_input};
  if (word == "export") {
    WRIT_TRY(const std::string pem, pem_of(keys[0]));
    if (i.output.text_wanted()) i.output.line(pem);
    else i.output.document({{"schema", "writ.key-export/1"}, {"name", name}, {"pem", pem + "\n"}});
    return exit_holds;
  }
  if (!i.output.text_wanted()) return list(i.output, word == "ls" ? keys : std::vector(1, keys[0])), exit_holds;
  if (word == "show") i.output.line(keys[0]);
  else
    for (std::size_t n = 0; n < keys.size(); ++n) i.output.line(keys[n] + (n == 0 ? "" : "  retired"));
  return exit_holds;
}

}  // namespace writ::cli
