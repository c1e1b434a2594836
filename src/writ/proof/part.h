// Parts: texts that many records share, stored once by digest. A manifest is stored as its shape, the text without what
// differs from task to task, and the values that go into its holes: ten thousand runs of one program under one set of
// grants share one shape. A shape is never changed and, so far, never removed.
//
// A part is known by the first 8 bytes of its SHA-256; where another text has those, by all 32. Nobody has to find two
// texts with equal beginnings for that to happen by chance, but somebody might on purpose.
//
// Table: record.part (beginning of the digest -> the text in shorthand).   Format: docs/formats/store.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/store/store.h"
#include "writ/wire/bytes.h"

namespace writ::proof {

inline constexpr std::string_view part_table = "record.part";

// Stores the text unless it is there; appends its name to `out`.
Result<void> put_part(store::Transaction&, std::string_view text, Bytes& out);
// Takes a name from the front of `in`; `corrupt` if there is no such part.
Result<std::string> take_part(const store::View&, BytesView& in);

// A text with holes, each one NUL, and what goes into them. Canonical JSON has no NUL.
struct Shape {
  std::string text;
  std::vector<std::string_view> values;
};
// The canonical text of an object, with the values of those members taken out that change. Anything else has no holes.
Shape shape_of(std::string_view object, const std::function<bool(std::string_view member)>& changes);

}  // namespace writ::proof
