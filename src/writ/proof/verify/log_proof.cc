#include "writ/proof/verify/log_proof.h"

#include <fmt/format.h>

#include <charconv>

namespace writ::proof {
namespace {

constexpr std::string_view header = "c2sp.org/tlog-proof@v1";

// The next line without its newline; nothing if there is no whole line left.
std::optional<std::string_view> next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}
std::optional<std::uint64_t> parse_count(std::string_view digits) {
  std::uint64_t v = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
  const bool whole = failure == std::errc() && end == digits.data() + digits.size();
  if (!whole || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return v;
}
std::optional<merkle::Hash> parse_hash(std::string_view text) {
  if (text.size() != 44) return std::nullopt;
  const auto bytes = parse_base64(text);
  return bytes ? merkle::Hash::from(*bytes) : std::nullopt;
}
Error bad_checkpoint(std::string_view why) { return invalid(fmt::format("not a checkpoint: {}", why)); }
Error bad_proof(std::string_view why) { return invalid(fmt::format("not a tlog-proof: {}", why)); }

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = next_line(text), size = next_line(text), root = next_line(text);
  if (!origin || !size || !root) return bad_checkpoint("it has not three lines");
  if (origin->empty()) return bad_checkpoint("its origin is empty");
  const auto count = parse_count(*size);
  if (!count) return bad_checkpoint("its size is not a decimal count");
  const auto hash = parse_hash(*root);
  if (!hash) return bad_checkpoint("its root is not base64 of a SHA-256");
  if (!text.empty()) return bad_checkpoint("it has extension lines");
  return Checkpoint{std::string(*origin), *count, *hash};
}

std::string format_checkpoint(const Checkpoint& c) {
  return fmt::format("{}\n{}\n{}\n", c.origin, c.size, base64(c.root.view()));
}

std::string sign_with(const Checkpoint& c, const VerifierKey& key, const Signature& signature) {
  return format_note({format_checkpoint(c), {{key.name, key.note_id(), Bytes(signature.bytes.begin(), signature.bytes.end())}}});
}

Result<LogProof> parse_log_proof(std::string_view text) {
  if (next_line(text) != header) return bad_proof(fmt::format("it does not begin with {}", header));
  LogProof out;
  auto line = next_line(text);
  constexpr std::string_view extra = "extra ", index = "index ";
  if (line && line->starts_with(extra)) {
    auto bytes = parse_base64(line->substr(extra.size()));
    if (!bytes) return bad_proof("its extra data is not base64");
    out.extra = std::move(*bytes);
    line = next_line(text);
  }
  const auto position = line && line->starts_with(index) ? parse_count(line->substr(index.size())) : std::nullopt;
  if (!position) return bad_proof("it has no index line");
  out.index = *position;
  for (line = next_line(text); line && !line->empty(); line = next_line(text)) {
    const auto hash = parse_hash(*line);
    if (!hash) return bad_proof("a line of its path is not base64 of a SHA-256");
    if (out.path.size() == max_path) return bad_proof("its path is too long");
    out.path.push_back(*hash);
  }
  if (!line) return bad_proof("it has no checkpoint");
  out.checkpoint = text;
  return out;
}

std::string format_log_proof(const LogProof& proof) {
  std::string out = fmt::format("{}\n", header);
  if (proof.extra) out += fmt::format("extra {}\n", base64(*proof.extra));
  out += fmt::format("index {}\n", proof.index);
  for (const merkle::Hash& hash : proof.path) out += base64(hash.view()) + '\n';
  return out + '\n' + proof.checkpoint;
}

}  // namespace writ::proof
