// The text of an entry (docs/formats/journal.md). A string that is not UTF-8 is carried as NAME_base64 instead of NAME;
// members that would be empty or 0 are left out, so that each entry has exactly one text.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/effect/journal.h"
#include "writ/wire/bytes.h"
#include "writ/wire/canonical.h"

namespace writ::effect {
namespace {

constexpr std::array<std::string_view, 13> members{"by",       "by_base64", "bytes",  "count",    "digest",          "duration", "effect",
                                                   "ending", "fields",   "resource", "resource_base64", "sequence", "size"};

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Writes members in the order in which they are put, which is the canonical one, without a tree in between: a task may have
// thousands of entries, and each is written for the effect root and for the archive.
class Writer {
 public:
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (is_utf8(value)) {
      begin(name, "\":");
      WRIT_ASSERT(append_canonical_string(out_, value));
    } else {
      begin(name, "_base64\":\"");
      (out_ += base64(as_bytes(value))) += '"';
    }
  }
  void number(std::string_view name, std::uint64_t value) {
    WRIT_ASSERT(value <= static_cast<std::uint64_t>(largest_json_integer));
    if (value == 0) return;
    begin(name, "\":");
    out_ += std::to_string(value);
  }
  std::string take() { return std::move(out_ += '}'); }

 private:
  void begin(std::string_view name, std::string_view end) {
    out_ += out_.empty() ? "{\"" : ",\"";
    (out_ += name) += end;
  }
  std::string out_;
};

Error bad(std::string_view member, std::string_view why) {
  return invalid("a journal entry's \"" + std::string(member) + "\" " + std::string(why));
}

Result<std::string> take_string(const Json& json, const std::string& member) {
  const auto found = json.find(member);
  if (found == json.end()) return std::string();
  if (!found->is_string() || found->get_ref<const std::string&>().empty()) return bad(member, "is not a text");
  return found->get<std::string>();
}

Result<std::string> take_text(const Json& json, const std::string& member) {
  WRIT_TRY(auto text, take_string(json, member));
  const std::string other = member + "_base64";
  WRIT_TRY(const auto coded, take_string(json, other));
  if (coded.empty()) return text;
  if (!text.empty()) return bad(other, "stands beside \"" + member + "\"");
  const auto bytes = parse_base64(coded);
  if (!bytes) return bad(other, "is not canonical base64");
  if (is_utf8(as_text(*bytes))) return bad(other, "is UTF-8 and belongs into \"" + member + "\"");
  return std::string(as_text(*bytes));
}

Result<std::uint64_t> take_number(const Json& json, const char* member) {
  const auto found = json.find(member);
  if (found == json.end()) return 0u;
  if (!found->is_number_integer() || *found < 1) return bad(member, "is not a whole number above 0");
  return found->get<std::uint64_t>();
}

Result<Refusal> find_refusal(std::string_view text) {
  for (const auto r : {Refusal::none, Refusal::no_capability, Refusal::denied, Refusal::constraint, Refusal::escape, Refusal::revoked,
                       Refusal::policy})
    if (name(r) == text) return r;
  return bad("verdict", "is not a verdict");
}

Result<Ending> find_ending(std::string_view text) {
  for (const auto e : {Ending::none, Ending::unfinished, Ending::done, Ending::failed})
    if (name(e) == text) return e;
  return bad("ending", "is not an ending");
}

}  // namespace

std::string encode(const Entry& e) {
  WRIT_ASSERT(e.count >= 1 && (e.digest.empty() || is_digest(e.digest)));
  Writer w;
  w.text("by", e.by);
  w.number("bytes", e.bytes);
  w.number("count", e.count);
  w.text("digest", e.digest);
  w.number("duration", e.duration);
  const auto thing = named(e);
  w.text("effect", thing.effect);
  w.text("ending", name(e.ending));
  w.text("fields", text(e.fields));
  w.text("resource", thing.resource);
  w.number("sequence", e.sequence);
  w.number("size", e.size);
  w.text("verdict", name(e.refusal));
  return w.take();
}

Result<Entry> decode_entry(std::string_view text) {
  WRIT_TRY(const Json json, parse_canonical(text));
  if (!json.is_object()) return invalid("a journal entry is not an object");
  for (const auto& [key, value] : json.items())
    if (key != "verdict" && std::ranges::find(members, key) == members.end())
      return bad(escape_for_terminal(key), "is not a member of journal entries");
  Entry e;
  WRIT_TRY(const auto kind, take_string(json, "effect"));
  const auto known = find_kind(kind);
  if (!known && !is_own_name(kind)) return bad("effect", "is not an effect");
  e.kind = known.value_or(Kind::own);
  WRIT_TRY(const auto verdict, take_string(json, "verdict"));
  WRIT_TRY(e.refusal, find_refusal(verdict));
  WRIT_TRY(e.by, take_text(json, "by"));
  WRIT_TRY(e.resource, take_text(json, "resource"));
  if (!known && e.resource.empty()) return bad("resource", "is missing");
  if (!known) e.resource.insert(0, kind + ":");
  WRIT_TRY(const auto fields, take_string(json, "fields"));
  if (!fields.empty() && known) return bad("fields", "stands in an entry of Writ's own effects");
  WRIT_TRY(e.fields, parse_fields(fields));
  if (effect::text(e.fields) != fields) return bad("fields", "is not as it is written");
  WRIT_TRY(e.digest, take_string(json, "digest"));
  WRIT_TRY(e.bytes, take_number(json, "bytes"));
  WRIT_TRY(e.count, take_number(json, "count"));
  WRIT_TRY(e.sequence, take_number(json, "sequence"));
  WRIT_TRY(e.size, take_number(json, "size"));
  WRIT_TRY(e.duration, take_number(json, "duration"));
  WRIT_TRY(const auto ending, take_string(json, "ending"));
  WRIT_TRY(e.ending, find_ending(ending));
  if (e.duration != 0 && (e.ending == Ending::none || e.ending == Ending::unfinished)) return bad("duration", "stands where nothing ended");
  if (e.ending != Ending::none && (e.count != 1 || e.refusal != Refusal::none))
    return bad("ending", "stands in an entry of several effects, or of a refused one");
  if (e.count == 0) return bad("count", "is missing");
  if (!known && e.count != 1) return bad("count", "joins effects of one's own");
  if (!e.digest.empty() && !is_digest(e.digest)) return bad("digest", "is not 64 lower-case hexadecimal digits");
  if (e.refusal == Refusal::none && !e.by.empty()) return bad("by", "stands in an entry that was allowed");
  if (e.refusal != Refusal::none && !e.digest.empty()) return bad("digest", "stands in an entry that was refused");
  return e;
}

}  // namespace writ::effect
