#include "writ/proof/kept_receipt.h"

#include <algorithm>
#include <array>

#include "writ/proof/log.h"
#include "writ/proof/part.h"
#include "writ/proof/shorthand.h"
#include "writ/wire/big_endian.h"

namespace writ::proof {
namespace {

constexpr std::byte signed_by_itself{1}, signed_in_batch{2};  // also the version of this form
constexpr std::size_t key_id_size = 4, signature_size = 64;

// Of the input manifest, what differs from task to task of one program and one set of grants; of the output manifest,
// what mostly does not. A member that neither list knows is treated as its manifest's members mostly are.
bool changes_in_input(std::string_view member) {
  constexpr std::array<std::string_view, 9> known{"arguments", "input", "labels", "name", "parents", "seed", "started", "state", "task"};
  return std::ranges::find(known, member) != known.end();
}
bool changes_in_output(std::string_view member) {
  constexpr std::array<std::string_view, 4> lasting{"nondeterminism", "outcome", "schema", "settlement"};
  return std::ranges::find(lasting, member) == lasting.end();
}

Error broken(std::string_view what) { return {Code::corrupt, std::string(what), "task.receipt", "run writ fsck"}; }

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

template <std::size_t N>
bool take_into(BytesView& in, std::array<std::byte, N>& out) {
  if (in.size() < N) return false;
  std::ranges::copy(in.first(N), out.begin());
  in = in.subspan(N);
  return true;
}

// The shape with the next texts of the record in its holes.
Result<std::string> fill(std::string_view shape, ShorthandReader& values) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t hole = shape.find('\0', at);
    out += shape.substr(at, hole - at);
    if (hole == shape.npos) return out;
    WRIT_CHECK(values.text(out));
    at = hole + 1;
  }
}

struct SignedSize {
  std::uint64_t size = 0;
  NoteKeyId key{};
  Signature signature;
};

// The checkpoint of the batch in which the leaf was appended: the first after it.
Result<SignedSize> batch_checkpoint(const store::View& view, std::uint64_t index) {
  std::optional<SignedSize> found;
  WRIT_CHECK(view.scan(log_checkpoint_table, big_endian(index + 1), {}, [&](BytesView key, BytesView value) -> Result<store::Visit> {
    SignedSize s;
    if (key.size() != 8 || value.size() != key_id_size + signature_size) return broken("a checkpoint is malformed");
    for (const std::byte b : key) s.size = s.size << 8 | std::to_integer<std::uint64_t>(b);
    take_into(value, s.key);
    take_into(value, s.signature.bytes);
    found = s;
    return store::Visit::enough;
  }));
  if (!found) return Error{Code::unavailable, "the checkpoint of the receipt's batch is not signed yet", {}, "ask again after the commit"};
  return *found;
}

}  // namespace

Result<VerifierKey> find_signer(const store::View& view, const NoteKeyId& id) {
  WRIT_TRY(const auto text, view.record(log_key_table, id));
  if (!text) return broken("the key that signed is not known any more");
  WRIT_TRY(auto key, parse_vkey(as_text(*text)));
  if (key.note_id() != id) return broken("a key is kept under another's id");
  return key;
}

Result<void> keep(store::Transaction& t, const TaskId& task, const KeptReceipt& kept, Bytes& out) {
  const Shape input = shape_of(kept.input_text, changes_in_input), output = shape_of(kept.output_text, changes_in_output);
  out.push_back(kept.own ? signed_by_itself : signed_in_batch);
  append_count(out, kept.index);
  append(out, kept.key);
  if (kept.own) {
    append(out, kept.own->statement.view());
    append(out, kept.own->checkpoint.view());
  }
  WRIT_CHECK(put_part(t, input.text, out));
  WRIT_CHECK(put_part(t, output.text, out));
  ShorthandWriter values(out, task);
  for (const std::string_view value : input.values) values.text(value);
  for (const std::string_view value : output.values) values.text(value);
  return {};
}

Result<KeptReceipt> take_kept(const store::View& view, const TaskId& task, BytesView& in) {
  KeptReceipt kept;
  const std::byte form = in.empty() ? std::byte{0} : in[0];
  if (form != signed_by_itself && form != signed_in_batch) return broken("a stored receipt has an unknown form");
  in = in.subspan(1);
  WRIT_TRY(kept.index, take_count(in));
  bool whole = take_into(in, kept.key);
  if (form == signed_by_itself) {
    OwnSignatures& own = kept.own.emplace();
    whole = whole && take_into(in, own.statement.bytes) && take_into(in, own.checkpoint.bytes);
  }
  if (!whole) return broken("a stored receipt is cut short");
  WRIT_TRY(const std::string input, take_part(view, in));
  WRIT_TRY(const std::string output, take_part(view, in));
  ShorthandReader values(in, task);
  WRIT_TRY(kept.input_text, fill(input, values));
  WRIT_TRY(kept.output_text, fill(output, values));
  in = values.rest();
  return kept;
}

Result<std::string> rebuild(const store::View& view, const KeptReceipt& kept) {
  WRIT_TRY(const VerifierKey signer, find_signer(view, kept.key));
  Receipt receipt;
  WRIT_TRY(receipt.input, parse_input_manifest(kept.input_text));
  WRIT_TRY(receipt.output, parse_output_manifest(kept.output_text));
  receipt.input_text = kept.input_text;
  receipt.output_text = kept.output_text;
  receipt.form = kept.own ? Form::statement : Form::batch;
  const DigestPair input = digest(as_bytes(kept.input_text)), output = digest(as_bytes(kept.output_text));
  const Statement statement = state(receipt.form, receipt.input, input, receipt.output, output);
  receipt.chain = statement.chain;
  receipt.envelope.payload = to_bytes(text_of(statement));
  receipt.signer = signer.text();

  SignedSize checkpoint{kept.index + 1, kept.key, {}};
  if (kept.own) {
    receipt.envelope.signatures = {{envelope_key_id(signer.key), kept.own->statement}};
    checkpoint.signature = kept.own->checkpoint;
  } else {
    WRIT_TRY(checkpoint, batch_checkpoint(view, kept.index));
    if (checkpoint.key != kept.key) return broken("a batch's checkpoint is signed by another key than its receipts name");
  }
  WRIT_TRY(const Log log, Log::open(view));
  if (checkpoint.size > log.size()) return broken("a receipt lies beyond the end of the log");
  WRIT_TRY(const merkle::Hash root, log.root(checkpoint.size));
  WRIT_TRY(auto path, log.inclusion(kept.index, checkpoint.size));
  const std::string note = sign_with({signer.name, checkpoint.size, root}, signer, checkpoint.signature);
  receipt.proof = format_log_proof({{}, kept.index, std::move(path), note});
  return format_receipt(receipt);
}

}  // namespace writ::proof
