// `writ key`: the signing keys of this user, by their public parts. The secret halves are never shown.
#include "opening.h"

namespace writ::cli {

Status key(Invocation& i) {
  WRIT_TRY(const std::string vkey, verifier_key(i));
  const std::string name = vkey.substr(0, vkey.find('+'));
  if (i.arguments.command->name == "key show" && !i.arguments.operands.empty() && i.arguments.operands[0] != name)
    return {invalid("unknown key", i.arguments.operands[0], "see `writ key ls`"), exit_bad_input};
  if (i.output.text_wanted())
    i.output.line(i.arguments.command->name == "key ls" ? name : vkey);
  else
    i.output.document(
        {{"schema", "writ.keys/1"}, {"keys", Document::array({{{"name", name}, {"key", vkey}, {"active", true}}})}});
  return exit_holds;
}

}  // namespace writ::cli
