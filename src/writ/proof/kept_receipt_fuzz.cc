// A store that somebody damaged: whatever a record says, the receipt is read or refused. The two parts that the corpus
// names are there; under one more name lies a part that is not of that digest.
#include <cstddef>
#include <cstdint>
#include <map>

#include "writ/base/assert.h"
#include "writ/proof/kept_receipt.h"
#include "writ/proof/part.h"

namespace {
using namespace writ;

// A store of one table of parts.
class Parts final : public store::View {
 public:
  std::map<Bytes, Bytes> parts;
  store::Sequence sequence() const override { return store::Sequence(1); }
  Result<std::optional<store::ObjectState>> object(std::string_view) const override { return std::optional<store::ObjectState>(); }
  Result<ObjectVersion> version(std::string_view) const override { return ObjectVersion(0); }
  Result<Bytes> body(std::string_view, ObjectVersion) const override { return Error{Code::unavailable, "none", {}, {}}; }
  Result<std::vector<store::ObjectState>> list(std::string_view, std::size_t, std::string_view) const override {
    return std::vector<store::ObjectState>();
  }
  Result<std::vector<store::ObjectState>> history(std::string_view) const override { return std::vector<store::ObjectState>(); }
  Result<std::optional<Bytes>> record(std::string_view, BytesView key) const override {
    const auto found = parts.find(Bytes(key.begin(), key.end()));
    return found == parts.end() ? std::optional<Bytes>() : std::optional(found->second);
  }
  Result<void> scan(std::string_view, BytesView, BytesView, const Visitor&, store::Order) const override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span(data, size));
  static const Parts parts = [] {
    Parts made;
    // Objects with two holes and with one, in shorthand as one short literal each.
    for (const std::string_view text : {std::string_view("{\"a\":\0,\"b\":\0}", 13), std::string_view("{\"c\":\0}", 7)}) {
      Bytes shorthand{static_cast<std::byte>(224 + text.size() - 1)};
      for (const char c : text) shorthand.push_back(static_cast<std::byte>(c));
      shorthand.push_back(std::byte{0});
      const Sha256 digest = sha256(as_bytes(text));
      made.parts.emplace(Bytes(digest.bytes.begin(), digest.bytes.begin() + 8), shorthand);
      made.parts.emplace(Bytes(8), shorthand);
    }
    return made;
  }();
  BytesView rest = bytes;
  if (const auto kept = proof::take_kept(parts, {}, rest)) {
    WRIT_ASSERT(rest.size() < bytes.size());
    WRIT_ASSERT(!proof::rebuild(parts, *kept));  // no such manifest, and no key
  }
  return 0;
}
