#include "writ/proof/shorthand.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "writ/base/rfc3339.h"

namespace writ::proof {
namespace {

// A text is a run of tokens; these are their first bytes. Above them come the words, then short literals.
enum Token : std::uint8_t {
  end_of_text,
  long_literal,   // count, bytes
  digest_token,   // "64 hex digits" with the quotes: 32 bytes
  seen_digest,    // count: its place in Memory::digests
  id_token,       // "32 hex digits": 16 bytes
  task_token,     // the same, of the record's own task
  count_token,    // "12": count
  number_token,   // 12 without quotes: count
  time_token,     // RFC 3339 with nine digits: nanoseconds since the last time, zigzag
  pair_token,     // {"sha256":...,"sha3_256":...}: 64 bytes
  seen_pair,      // count
  empty_pair,     // the pair of no bytes
};
constexpr std::uint8_t first_word = 16, first_short = 224;  // 224 + n - 1: a literal of n bytes, up to 32
constexpr std::size_t longest_short = 32, max_remembered = 64;

// Only ever appended to: their positions are the format.
constexpr std::array<std::string_view, 84> words{
    "null", "[]", "{", "}", "[", "]", ",", "\"", "\"\"", "\",\"", "\"}", "},{", "{}", "\n",
    // output manifests
    "{\"count\":", ",\"denied\":", ",\"entries\":", ",\"root\":", ",\"sent\":", ",\"denied\":\"0\",\"entries\":", ",\"sent\":\"0\"}",
    "{\"real\":", ",\"virtual\":", "{\"cpu\":", ",\"host_calls\":", ",\"memory\":", ",\"time\":", "{\"digest\":", ",\"size\":",
    "[{\"after\":", ",\"before\":", ",\"digest\":", ",\"object\":\"", "},{\"after\":", "\"}]", ",\"digest\":null,\"object\":\"",
    ",\"path\":\"", ",\"mode\":", ",\"kind\":\"", "{\"base64\":\"",
    // journal entries
    "{\"bytes\":", "{\"by\":\"", "{\"count\":", ",\"count\":", ",\"count\":1", "{\"count\":1", ",\"effect\":\"", "\",\"bytes\":", "\",\"count\":",
    ",\"digest\":\"", "\",\"effect\":\"", "\",\"resource\":\"", "\",\"sequence\":", ",\"sequence\":", ",\"verdict\":\"",
    ",\"verdict\":\"allowed\"}\n", "\",\"verdict\":\"allowed\"}\n", ",\"verdict\":\"no_capability\"}\n",
    "\",\"verdict\":\"no_capability\"}\n", ",\"verdict\":\"denied\"}\n", ",\"verdict\":\"constraint\"}\n", ",\"verdict\":\"escape\"}\n",
    "state.read", "state.write", "file.read", "file.write", "clock.real", "random.real", "env",
    ",\"effect\":\"state.read\",\"resource\":\"", ",\"effect\":\"state.write\",\"resource\":\"",
    ",\"effect\":\"file.read\",\"resource\":\"", ",\"effect\":\"file.write\",\"resource\":\"", ",\"effect\":\"env\",\"resource\":\"",
    // what else is common
    "\"0\"", "\"1\"", "/usr/share/", "/state/", ".json", ".txt", "=", "/",
    // recipes (task/recipe.h)
    "{\"changes\":null,\"environment\":[],\"on_denial\":\"refuse\",\"seed\":", ",\"sequence\":"};
static_assert(first_word + words.size() <= first_short);

struct WordsByFirst {
  std::array<std::vector<std::uint8_t>, 256> of;  // positions, the longest word first
  WordsByFirst() {
    for (std::size_t i = 0; i < words.size(); ++i) of[static_cast<unsigned char>(words[i][0])].push_back(static_cast<std::uint8_t>(i));
    for (auto& list : of) std::ranges::stable_sort(list, std::ranges::greater{}, [](std::uint8_t i) { return words[i].size(); });
  }
};
const WordsByFirst& words_by_first() {
  static const WordsByFirst table;
  return table;
}

const DigestPair& pair_of_nothing() {
  static const DigestPair pair = digest({});
  return pair;
}

constexpr std::string_view pair_head = "{\"sha256\":\"", pair_middle = "\",\"sha3_256\":\"", pair_tail = "\"}";
constexpr std::size_t hex_of_digest = 64, hex_of_id = 32, time_length = 30;
constexpr std::size_t pair_length = pair_head.size() + hex_of_digest + pair_middle.size() + hex_of_digest + pair_tail.size();

std::string text_of(const DigestPair& p) {
  return fmt::format("{}{}{}{}{}", pair_head, p.sha256.hex(), pair_middle, p.sha3_256.hex(), pair_tail);
}

std::optional<DigestPair> pair_at(std::string_view text) {
  if (text.size() < pair_length || !text.starts_with(pair_head)) return std::nullopt;
  text.remove_prefix(pair_head.size());
  const auto sha256 = Sha256::parse(text.substr(0, hex_of_digest));
  text.remove_prefix(hex_of_digest);
  if (!sha256 || !text.starts_with(pair_middle)) return std::nullopt;
  text.remove_prefix(pair_middle.size());
  const auto sha3 = Sha3::parse(text.substr(0, hex_of_digest));
  if (!sha3 || !text.substr(hex_of_digest).starts_with(pair_tail)) return std::nullopt;
  return DigestPair{*sha256, *sha3};
}

// The number that these digits are the one spelling of.
std::optional<std::uint64_t> count_of(std::string_view digits) {
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (failure != std::errc() || end != digits.data() + digits.size() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return n;
}

std::size_t digits_at(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && n < 21 && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

template <class T>
std::optional<std::uint64_t> place_of(const std::vector<T>& seen, const T& value) {
  const auto found = std::ranges::find(seen, value);
  return found == seen.end() ? std::nullopt : std::optional(static_cast<std::uint64_t>(found - seen.begin()));
}
template <class T>
void remember(std::vector<T>& seen, const T& value) {
  if (seen.size() < max_remembered) seen.push_back(value);
}

Error broken() { return {Code::corrupt, "a stored receipt or journal is malformed", {}, "run writ fsck"}; }
void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

void append_count(Bytes& out, std::uint64_t n) {
  for (; n >= 128; n >>= 7) out.push_back(static_cast<std::byte>(n | 128));
  out.push_back(static_cast<std::byte>(n));
}

Result<std::uint64_t> take_count(BytesView& in) {
  std::uint64_t n = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(in[0]);
    in = in.subspan(1);
    if (shift == 63 && byte > 1) break;
    n |= (byte & 127) << shift;
    if (byte < 128) return n;
  }
  return broken();
}

// One text on its way out: what is not recognised gathers until something is.
class ShorthandWriter::Text {
 public:
  Text(Bytes& out, Memory& seen, std::string_view text) : out_(out), seen_(seen), text_(text) {}

  void write() {
    while (at_ < text_.size()) {
      const std::size_t taken = value();
      if (taken != 0) at_ += taken, plain_ = at_;
      else ++at_;
    }
    flush();
    put(end_of_text);
  }

 private:
  void put(std::uint8_t token) { out_.push_back(static_cast<std::byte>(token)); }
  void flush() {
    const std::string_view plain = text_.substr(plain_, at_ - plain_);
    if (plain.empty()) return;
    if (plain.size() <= longest_short) {
      put(static_cast<std::uint8_t>(first_short + plain.size() - 1));
    } else {
      put(long_literal);
      append_count(out_, plain.size());
    }
    append(out_, as_bytes(plain));
    plain_ = at_;
  }
  void put_counted(Token token, std::uint64_t n) {
    flush();
    put(token);
    append_count(out_, n);
  }
  void put_bytes(Token token, BytesView bytes) {
    flush();
    put(token);
    append(out_, bytes);
  }

  // The length of what was recognised at at_ and written; 0 if nothing was.
  std::size_t value() {
    const std::string_view rest = text_.substr(at_);
    std::size_t taken = 0;
    if (rest[0] == '{') taken = pair(rest);
    else if (rest[0] == '"') taken = quoted(rest);
    else if (rest[0] >= '0' && rest[0] <= '9') taken = number(rest);
    return taken != 0 ? taken : word(rest);
  }

  std::size_t pair(std::string_view rest) {
    const auto found = pair_at(rest);
    if (!found) return 0;
    if (*found == pair_of_nothing()) {
      put_bytes(empty_pair, {});
    } else if (const auto place = place_of(seen_.pairs, *found)) {
      put_counted(seen_pair, *place);
    } else {
      put_bytes(pair_token, found->sha256.view());
      append(out_, found->sha3_256.view());
      remember(seen_.pairs, *found);
    }
    return pair_length;
  }

  std::size_t quoted(std::string_view rest) {
    const std::size_t close = rest.substr(0, hex_of_digest + 2).find('"', 1);
    if (close == rest.npos) return 0;
    const std::string_view inner = rest.substr(1, close - 1);
    if (inner.size() == hex_of_digest) return digest(inner) ? close + 1 : 0;
    if (inner.size() == hex_of_id) return id(inner) ? close + 1 : 0;
    if (inner.size() == time_length) return time(inner) ? close + 1 : 0;
    if (inner.size() < 2) return 0;  // a word, or no shorter than it is
    const auto n = count_of(inner);
    if (n) put_counted(count_token, *n);
    return n ? close + 1 : 0;
  }
  bool digest(std::string_view hex) {
    const auto found = Sha256::parse(hex);
    if (!found) return false;
    if (const auto place = place_of(seen_.digests, *found)) {
      put_counted(seen_digest, *place);
    } else {
      put_bytes(digest_token, found->view());
      remember(seen_.digests, *found);
    }
    return true;
  }
  bool id(std::string_view hex) {
    const auto found = TaskId::parse(hex);
    if (!found) return false;
    if (*found == seen_.task) put_bytes(task_token, {});
    else put_bytes(id_token, found->bytes);
    return true;
  }
  bool time(std::string_view text) {
    const auto found = parse_rfc3339(text);
    if (!found) return false;
    const auto apart = static_cast<std::uint64_t>(found->ns) - static_cast<std::uint64_t>(seen_.time.ns);
    put_counted(time_token, apart << 1 ^ (apart >> 63 ? ~std::uint64_t{0} : 0));
    seen_.time = *found;
    return true;
  }
  std::size_t number(std::string_view rest) {
    const std::size_t n = digits_at(rest);
    if (n < 2 || (at_ != plain_ && text_[at_ - 1] >= '0' && text_[at_ - 1] <= '9')) return 0;
    const auto value = count_of(rest.substr(0, n));
    if (value) put_counted(number_token, *value);
    return value ? n : 0;
  }
  std::size_t word(std::string_view rest) {
    for (const std::uint8_t i : words_by_first().of[static_cast<unsigned char>(rest[0])]) {
      // A word of one byte is worth its token only where no literal has to be interrupted for it.
      if (!rest.starts_with(words[i]) || (words[i].size() == 1 && plain_ != at_)) continue;
      flush();
      put(static_cast<std::uint8_t>(first_word + i));
      return words[i].size();
    }
    return 0;
  }

  Bytes& out_;
  Memory& seen_;
  const std::string_view text_;
  std::size_t at_ = 0, plain_ = 0;  // [plain_, at_) was not recognised
};

void ShorthandWriter::text(std::string_view text) { Text(out_, seen_, text).write(); }

Result<BytesView> ShorthandReader::take(std::size_t n) {
  if (in_.size() < n) return broken();
  const BytesView taken = in_.first(n);
  in_ = in_.subspan(n);
  return taken;
}

Result<void> ShorthandReader::text(std::string& out) {
  for (;;) {
    WRIT_TRY(const auto first, take(1));
    const auto token = std::to_integer<std::uint8_t>(first[0]);
    if (token == end_of_text) return {};
    WRIT_CHECK(this->token(token, out));
    if (out.size() > max_shorthand_text.value()) return broken();
  }
}

Result<void> ShorthandReader::token(std::uint8_t token, std::string& out) {
  const auto quote = [&](std::string_view inner) { out += '"', out += inner, out += '"'; };
  if (token >= first_short) {
    WRIT_TRY(const auto bytes, take(token - first_short + 1u));
    out += as_text(bytes);
    return {};
  }
  if (token >= first_word) {
    if (token - first_word >= static_cast<int>(words.size())) return broken();
    out += words[token - first_word];
    return {};
  }
  switch (token) {
    case digest_token: {
      WRIT_TRY(const auto bytes, take(hex_of_digest / 2));
      remember(seen_.digests, *Sha256::from(bytes));
      quote(hex(bytes));
      return {};
    }
    case id_token: {
      WRIT_TRY(const auto bytes, take(hex_of_id / 2));
      quote(hex(bytes));
      return {};
    }
    case task_token: quote(seen_.task.hex()); return {};
    case empty_pair: out += text_of(pair_of_nothing()); return {};
    case pair_token: {
      WRIT_TRY(const auto sha256, take(hex_of_digest / 2));
      WRIT_TRY(const auto sha3, take(hex_of_digest / 2));
      const DigestPair pair{*Sha256::from(sha256), *Sha3::from(sha3)};
      remember(seen_.pairs, pair);
      out += text_of(pair);
      return {};
    }
    default: break;
  }
  WRIT_TRY(const std::uint64_t n, take_count(in_));  // all others have a count
  switch (token) {
    case long_literal: {
      if (n > in_.size()) return broken();
      WRIT_TRY(const auto bytes, take(static_cast<std::size_t>(n)));
      out += as_text(bytes);
      return {};
    }
    case count_token: quote(std::to_string(n)); return {};
    case number_token: out += std::to_string(n); return {};
    case time_token:
      seen_.time.ns = static_cast<std::int64_t>(static_cast<std::uint64_t>(seen_.time.ns) + (n >> 1 ^ (n & 1 ? ~std::uint64_t{0} : 0)));
      if (seen_.time.ns < 0) return broken();
      quote(rfc3339(seen_.time));
      return {};
    case seen_digest:
      if (n >= seen_.digests.size()) return broken();
      quote(seen_.digests[static_cast<std::size_t>(n)].hex());
      return {};
    case seen_pair:
      if (n >= seen_.pairs.size()) return broken();
      out += text_of(seen_.pairs[static_cast<std::size_t>(n)]);
      return {};
    default: return broken();
  }
}

}  // namespace writ::proof
