// Shorthand: canonical JSON of our records in half of its bytes or less, and back to the very same bytes. What is stored of a
// receipt and its journal is written so (kept_receipt.h).
//
// It knows texts, not documents: what the text is made of is recognised (digests, counts, times, the words of our
// formats) and anything else is carried as it is. So every text comes back exactly, also one that a later version of a
// format made; it is only longer then. A second digest of the same value and a time near the one before cost little.
//
// Writer and reader go through the texts of one record in the same order, because they remember what has been.
// Format: docs/formats/store.md "Shorthand".   What is read may be damaged: `corrupt`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/base/id.h"
#include "writ/base/units.h"
#include "writ/wire/digest.h"

namespace writ::proof {

inline constexpr ByteCount max_shorthand_text = 64 * MiB;  // of one text: four times the longest record

void append_count(Bytes& out, std::uint64_t);  // 7 bits a byte, the lowest first, the last without its top bit
Result<std::uint64_t> take_count(BytesView& in);

// What a record has had so far.
struct Memory {
  TaskId task;                      // its id needs no bytes
  WallTime time;                    // the last one
  std::vector<Sha256> digests = {};     // as they came, at most max_remembered
  std::vector<DigestPair> pairs = {};
};

class ShorthandWriter {
 public:
  ShorthandWriter(Bytes& out, const TaskId& task) : out_(out), seen_{task, {}} {}
  void text(std::string_view);

 private:
  class Text;
  Bytes& out_;
  Memory seen_;
};

class ShorthandReader {
 public:
  ShorthandReader(BytesView in, const TaskId& task) : in_(in), seen_{task, {}} {}
  Result<void> text(std::string& out);  // appends
  BytesView rest() const { return in_; }

 private:
  Result<void> token(std::uint8_t, std::string& out);
  Result<BytesView> take(std::size_t);
  BytesView in_;
  Memory seen_;
};

}  // namespace writ::proof
