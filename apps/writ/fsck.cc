// `writ fsck`: the store's own structure, for stores that may not even open.
#include <algorithm>

#include "opening.h"
#include "writ/base/escape.h"

namespace writ::cli {

Status fsck(Invocation& i) {
  const auto repair = i.arguments.has("--repair") ? runtime::Repair::yes : runtime::Repair::no;
  WRIT_TRY(const StorePlace place, place_of_store(i));
  WRIT_TRY(const auto findings, runtime::fsck(place.folder, repair));
  const bool holds = std::ranges::all_of(findings, &runtime::Finding::mended);
  if (i.output.text_wanted()) {
    for (const auto& f : findings)
      i.output.line(escape_for_terminal(f.where) + (f.where.empty() ? "" : ": ") + escape_for_terminal(f.what) +
                    (f.mended ? " (mended)" : ""));
    if (holds) i.output.line("the store holds");
  } else {
    Document list = Document::array();
    for (const auto& f : findings)
      list.push_back({{"what", json_text(f.what)}, {"where", json_text(f.where)}, {"mended", f.mended}});
    i.output.document({{"schema", "writ.fsck/1"}, {"holds", holds}, {"findings", std::move(list)}});
  }
  return holds ? exit_holds : exit_does_not_hold;
}

}  // namespace writ::cli
