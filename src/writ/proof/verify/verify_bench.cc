// What verifying a receipt costs beside the two Ed25519 verifications that it cannot do without (goal: at most 1.3x).
// BM_SignaturesAlone verifies the very signatures over the very bytes; compare the two rows of one run.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "writ/proof/verify/sample_receipt.h"

namespace writ::proof {
namespace {

void BM_VerifyReceipt(benchmark::State& state) {
  const SigningKey key = sample::key(7);
  const std::string text = sample::receipt(sample::input(), sample::output(), key);
  const Trust trust{{sample::verifier(key)}, Trust::Strangers::refuse};
  for (auto _ : state) {
    if (verify_receipt(text, trust).verdict != Verdict::verified) return state.SkipWithError("not verified");
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(BM_VerifyReceipt);

void BM_SignaturesAlone(benchmark::State& state) {
  const SigningKey key = sample::key(7);
  const Receipt receipt = *parse_receipt(sample::receipt(sample::input(), sample::output(), key));
  const Bytes statement = pre_authentication_encoding(payload_type, receipt.envelope.payload);
  const Note note = *parse_note(parse_log_proof(receipt.proof)->checkpoint);
  Signature head;
  std::ranges::copy(note.signatures[0].signature, head.bytes.begin());
  for (auto _ : state) {
    if (!verify(key.public_key(), statement, receipt.envelope.signatures.front().signature) || !verify(key.public_key(), as_bytes(note.text), head)) {
      return state.SkipWithError("not verified");
    }
  }
}
BENCHMARK(BM_SignaturesAlone);

void BM_ParseReceipt(benchmark::State& state) {
  const std::string text = sample::receipt(sample::input(), sample::output(), sample::key(7));
  for (auto _ : state) benchmark::DoNotOptimize(parse_receipt(text));
}
BENCHMARK(BM_ParseReceipt);

void BM_DigestManifests(benchmark::State& state) {
  const std::string in = text_of(sample::input()), out = text_of(sample::output());
  for (auto _ : state) {
    benchmark::DoNotOptimize(digest(as_bytes(in)));
    benchmark::DoNotOptimize(digest(as_bytes(out)));
  }
}
BENCHMARK(BM_DigestManifests);

void BM_MakeStatement(benchmark::State& state) {
  const InputManifest in = sample::input();
  const OutputManifest out = sample::output();
  for (auto _ : state) benchmark::DoNotOptimize(text_of(proof::state(Form::statement, in, {}, out, {})));
}
BENCHMARK(BM_MakeStatement);

}  // namespace
}  // namespace writ::proof
