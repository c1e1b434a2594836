#include "writ/authority/page.h"

#include <fmt/format.h>

#include "writ/authority/grant.h"
#include "writ/authority/protected.h"
#include "writ/authority/sensitive.h"
#include "writ/effect/vocabulary.h"

namespace writ::authority {
namespace {

std::string_view resource_words(effect::ResourceForm form) {
  switch (form) {
    case effect::ResourceForm::none: return "none";
    case effect::ResourceForm::object_path: return "object path";
    case effect::ResourceForm::host_path: return "host path";
    case effect::ResourceForm::name: return "name";
  }
  std::unreachable();
}

constexpr std::string_view head =
    "# Effects\n"
    "<!-- Made from the tables in src/writ/effect and src/writ/authority. Do not edit: WRIT_WRITE_DOCS=1 writes it anew. "
    "-->\n"
    "An effect is anything that a guest can do besides computing. A task may do what its grants cover and nothing else; a "
    "deny wins over every grant, by whichever name a thing is reached. "
    "A grant is `EFFECT[:RESOURCE][,LIMIT=VALUE]...`, a deny is `EFFECT[:RESOURCE]`.\n"
    "\n";

constexpr std::string_view resources =
    "\n"
    "Effects of your own, such as `payments.charge`, are declared with their fields (`--effect payments.charge:amount`) and granted "
    "like these: `payments.charge:acme,amount=100.00`. [guest-abi.md](guest-abi.md) says how a guest performs one.\n"
    "\n"
    "*read* is done at once against the task's snapshot; *staged* is written to the task's shadow and visible to others at "
    "commit; *ambient* is virtual unless granted.\n"
    "\n"
    "## Resources\n"
    "| written | means |\n"
    "|---|---|\n"
    "| `orders/2026.json` | that one thing; of a folder, the folder itself and its listing |\n"
    "| `orders/` | the folder and everything below it |\n"
    "| `orders/2026-*.json` | `*` is any bytes within one level, also none, also a leading dot |\n"
    "| `orders/**/index.json` | `**` is any number of levels, also none |\n"
    "| `%2A` | the byte itself, here a star, never a wildcard |\n"
    "\n"
    "A literal blank, control character or any of `* ? [ ] , % # & ~ ! $ ^ ( ) { } < > | ; \\ ' \" =` and the backtick is "
    "written `%XX`, so that a grant means itself in bash, dash and zsh without quotes. Only `*` as a wildcard may need "
    "quotes.\n"
    "\n"
    "- **Object paths** have no leading `/`, no `.` or `..` and no empty level. `/` is everything, `.` the top folder "
    "alone.\n"
    "- **Host paths** that are relative are taken from the working folder. `.`, `..` and `//` are removed by their text. "
    "`/` is everything, `/.` the root folder alone. `~` is not expanded. Links in the operator's own words are followed "
    "once, when the task is admitted; below that, a link that leads out is refused.\n"
    "- **Names** have one level; `*` may stand in them: `env:LC_*`.\n"
    "\n"
    "The path of a file that is reached through a link inside a granted folder must be covered as well.\n"
    "\n"
    "A grant of one thing is asked before a wider one; among equals, the first whose limits hold.\n"
    "\n"
    "## Limits\n"
    "Any grant may carry any limit, each once.\n"
    "\n";

constexpr std::string_view protected_files =
    "\n"
    "Sizes are `B KB MB GB KiB MiB GiB`, times `ns us ms s min h d`.\n"
    "\n"
    "## Protected names\n"
    "Tools run or obey these by themselves, so writing one is running a command later, without a fence. A `file.write` that "
    "covers one by a folder or a wildcard does not allow it: a grant has to name it (`file.write:proj/.git/hooks/`, "
    "`file.write:**/.envrc`), at whatever depth it lies and in whatever case it is spelled. Moving, linking and removing are "
    "writing.\n"
    "\n"
    "| name | why |\n"
    "|---|---|\n";

constexpr std::string_view sensitive =
    "\n"
    "## Sensitive resources\n"
    "`writ why` never proposes a grant for these. They are not denied: who names one in a grant gets it. Paths are "
    "compared without regard to case.\n"
    "\n"
    "| files | |\n"
    "|---|---|\n";

}  // namespace

std::string effects_page() {
  std::string out(head);
  out += "| effect | resource | kind | guests | lets it |\n|---|---|---|---|---|\n";
  for (const auto& w : effect::vocabulary)
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", w.name, resource_words(w.resource), effect::name(w.nature), w.guests,
                       w.meaning);
  out += resources;
  out += "| limit | bounds |\n|---|---|\n";
  for (const auto& l : limit_meanings) out += fmt::format("| `{}` | {} |\n", l.example, l.meaning);
  out += protected_files;
  for (const auto& p : protected_names()) out += fmt::format("| `{}` | {} |\n", p.levels, p.meaning);
  out += sensitive;
  for (const auto& f : sensitive_files()) out += fmt::format("| `{}` | {} |\n", f.pattern, f.what);
  out += fmt::format("\nEnvironment variables with one of these words between `_` in their name, in upper or lower case: `{}`.\n",
                     fmt::join(sensitive_words(), " "));
  return out;
}

}  // namespace writ::authority
