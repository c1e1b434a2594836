// `writ version`.
#include "commands.h"

namespace writ::cli {

Status version(Invocation& i) {
  if (i.output.text_wanted())
    i.output.line("writ " WRIT_VERSION);
  else
    i.output.document({{"schema", "writ.version/1"}, {"version", WRIT_VERSION}});
  return exit_holds;
}

}  // namespace writ::cli
