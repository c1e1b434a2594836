// `writ init`: makes a store here, once; a second time says so and changes nothing.
#include "opening.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"

namespace writ::cli {

Status init(Invocation& i) {
  WRIT_TRY(const auto made, create_store(i));
  const auto& [store, newness] = made;
  if (newness == Newness::created) {
    // A store that git tracks is refused (discovery.h): git leaves it alone by itself.
    WRIT_CHECK(replace_file(store.place.folder + "/.gitignore", "*\n", 0600));
  }
  const bool created = newness == Newness::created;
  i.output.note((created ? "made a store in " : "there is a store already in ") +
                escape_for_terminal(store.place.folder));
  if (!i.output.text_wanted())
    i.output.document({{"schema", "writ.init/1"}, {"store", json_text(store.place.folder)}, {"created", created}});
  return exit_holds;
}

}  // namespace writ::cli
