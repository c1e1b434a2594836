#include "writ/proof/verify/receipt.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "writ/base/file.h"
#include "writ/proof/verify/sample_receipt.h"
#include "writ/wire/canonical.h"

namespace writ::proof {
namespace {

const SigningKey& our_key() {
  static const SigningKey key = sample::key(7);
  return key;
}
Trust trusting(const SigningKey& key) { return {{sample::verifier(key)}, Trust::Strangers::refuse}; }
std::string good() { return sample::receipt(sample::input(), sample::output(), our_key()); }

TEST(Receipt, VerifiesAndTellsWhatItSays) {
  const Verification v = verify_receipt(good(), trusting(our_key()));
  EXPECT_EQ(v.verdict, Verdict::verified) << v.what << " " << v.where;
  EXPECT_EQ(v.input, sample::input());
  EXPECT_EQ(v.output, sample::output());
  EXPECT_EQ(v.index, 1000u);
  EXPECT_EQ(v.checkpoint.size, 1024u);
  EXPECT_EQ(v.signer, sample::verifier(our_key()));
}

TEST(Receipt, IsCanonicalJsonAsAnotherReaderSeesIt) {
  const std::string text = good();
  const auto value = parse_canonical(text);
  ASSERT_TRUE(value) << value.error().text();
  for (const auto* part : {"chain", "envelope", "input", "output", "proof", "schema", "signer"}) EXPECT_TRUE(value->contains(part));
  EXPECT_EQ(canonical_json(value->at("input")), text_of(sample::input()));
  const Bytes payload = *parse_base64(value->at("envelope").at("payload").get<std::string>());
  const auto statement = parse_canonical(as_text(payload));
  ASSERT_TRUE(statement);
  EXPECT_EQ(statement->at("_type"), "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement->at("subject").at(0).at("digest").at("sha256"), sha256(as_bytes(text_of(sample::output()))).hex());
}

TEST(Receipt, OfAStrangerIsUntrustedOrIntact) {
  const SigningKey stranger = sample::key(9);
  const std::string text = sample::receipt(sample::input(), sample::output(), stranger);
  EXPECT_EQ(verify_receipt(text, trusting(our_key())).verdict, Verdict::untrusted);
  EXPECT_EQ(verify_receipt(text, {}).verdict, Verdict::untrusted);
  EXPECT_EQ(verify_receipt(text, {{}, Trust::Strangers::accept}).verdict, Verdict::intact);
  EXPECT_EQ(verify_receipt(text, trusting(stranger)).verdict, Verdict::verified);
}

TEST(Receipt, TheSameKeyUnderAnotherNameIsAnother) {
  Trust trust = trusting(our_key());
  trust.keys[0].name = "somebody.else";
  EXPECT_EQ(verify_receipt(good(), trust).verdict, Verdict::untrusted);
}

// The receipt as JSON, for changing one thing and writing it back in canonical form.
std::string changed(const std::function<void(Json&)>& change) {
  Json value = *parse_json(good());
  change(value);
  return canonical_json(value);
}
Verdict verdict_of(const std::function<void(Json&)>& change) {
  return verify_receipt(changed(change), trusting(our_key())).verdict;
}

TEST(Receipt, EveryMemberIsKnown) {
  // Removes, adds and retypes at every object of the document, at any depth.
  const std::function<void(const Json&, const Json::json_pointer&)> walk = [&](const Json& value, const Json::json_pointer& at) {
    if (value.is_object()) {
      EXPECT_EQ(verdict_of([&](Json& r) { r.at(at)["zzz"] = "?"; }), Verdict::malformed) << at.to_string();
      for (const auto& [name, child] : value.items()) {
        EXPECT_EQ(verdict_of([&, n = name](Json& r) { r.at(at).erase(n); }), Verdict::malformed) << at.to_string() << name;
        EXPECT_EQ(verdict_of([&, n = name](Json& r) { r.at(at)[n] = 7; }), Verdict::malformed) << at.to_string() << name;
        walk(child, at / name);
      }
    }
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) walk(value.at(i), at / i);
    }
  };
  walk(*parse_json(good()), Json::json_pointer());
}

TEST(Receipt, OtherSpellingsAreMalformed) {
  const std::string text = good();
  for (const std::string& bad : {std::string(), text + "\n", " " + text, text + text, parse_json(text)->dump(1), text.substr(0, text.size() - 1),
                                 std::string("null"), std::string("[]"), std::string(100000, '[')}) {
    EXPECT_EQ(verify_receipt(bad, trusting(our_key())).verdict, Verdict::malformed);
  }
}

TEST(Receipt, WhatDoesNotHoldIsMismatched) {
  using Change = std::function<void(Json&)>;
  const std::string other_digest = sha256(as_bytes("other")).hex();
  const std::map<std::string, Change> changes = {
      {"chain", [&](Json& r) { r["chain"] = other_digest; }},
      {"exit", [&](Json& r) { r["output"]["outcome"]["exit"] = "1"; }},
      {"argument", [&](Json& r) { r["input"]["arguments"][0] = "other.wasm"; }},
      {"capability", [&](Json& r) { r["input"]["capabilities"].erase(0); }},
      {"write", [&](Json& r) { r["output"]["writes"].erase(0); }},
      {"key id", [&](Json& r) { r["envelope"]["signatures"][0]["keyid"] = other_digest; }},
      {"signature", [&](Json& r) { r["envelope"]["signatures"][0]["sig"] = base64(Bytes(64)); }},
      {"signer's name", [&](Json& r) { r["signer"] = "x" + r["signer"].get<std::string>(); }},
      {"signer's id alone", [&](Json& r) {
         std::string vkey = r["signer"];
         char& digit = vkey[vkey.find('+') + 1];
         digit = digit == '0' ? '1' : '0';
         r["signer"] = vkey;
       }},
      {"signer", [&](Json& r) { r["signer"] = sample::verifier(sample::key(9)).text(); }},
      {"statement", [&](Json& r) {
         Json s = *parse_json(as_text(*parse_base64(r["envelope"]["payload"].get<std::string>())));
         s["predicate"]["runDetails"]["outcome"]["exit"] = "3";
         r["envelope"]["payload"] = base64(as_bytes(canonical_json(s)));
       }},
  };
  for (const auto& [what, change] : changes) EXPECT_EQ(verdict_of(change), Verdict::mismatched) << what;
}

TEST(Receipt, AnUnknownMemberOfTheStatementIsMalformed) {
  EXPECT_EQ(verdict_of([](Json& r) {
              Json s = *parse_json(as_text(*parse_base64(r["envelope"]["payload"].get<std::string>())));
              s["predicate"]["extra"] = "?";
              r["envelope"]["payload"] = base64(as_bytes(canonical_json(s)));
            }),
            Verdict::malformed);
}

// A signer who lies about the log: everything is signed, but the leaf is not where the proof says.
TEST(Receipt, LogProofsThatDoNotHold) {
  const auto with_proof = [&](const std::function<void(LogProof&)>& change) {
    return verdict_of([&](Json& r) {
      LogProof p = *parse_log_proof(r["proof"].get<std::string>());
      change(p);
      r["proof"] = format_log_proof(p);
    });
  };
  EXPECT_EQ(with_proof([](LogProof&) {}), Verdict::verified);
  EXPECT_EQ(with_proof([](LogProof& p) { --p.index; }), Verdict::mismatched);
  EXPECT_EQ(with_proof([](LogProof& p) { p.index = 5000; }), Verdict::mismatched);
  EXPECT_EQ(with_proof([](LogProof& p) { p.path.pop_back(); }), Verdict::mismatched);
  EXPECT_EQ(with_proof([](LogProof& p) { p.path[3].bytes[0] ^= std::byte{1}; }), Verdict::mismatched);
  EXPECT_EQ(with_proof([](LogProof& p) { p.extra = to_bytes("x"); }), Verdict::malformed);
  const Checkpoint other{"writ.example/store/log", 1024, sha256(as_bytes("another tree"))};
  EXPECT_EQ(with_proof([&](LogProof& p) { p.checkpoint = sample::signed_checkpoint(other, our_key()); }), Verdict::mismatched);
  EXPECT_EQ(with_proof([&](LogProof& p) { p.checkpoint = sample::signed_checkpoint(other, sample::key(9)); }), Verdict::mismatched);
}

// In a batch the checkpoint is the only signature, and what it covers is as tightly bound.
TEST(BatchReceipt, VerifiesByItsCheckpointAlone) {
  const std::string text = sample::receipt(sample::input(), sample::output(), our_key(), Form::batch);
  const Verification v = verify_receipt(text, trusting(our_key()));
  EXPECT_EQ(v.verdict, Verdict::verified) << v.what << " " << v.where;
  EXPECT_EQ(v.form, Form::batch);
  EXPECT_EQ(verify_receipt(text, {}).verdict, Verdict::untrusted);
  EXPECT_EQ(verify_receipt(text, {{}, Trust::Strangers::accept}).verdict, Verdict::intact);
  const auto receipt = parse_receipt(text);
  ASSERT_TRUE(receipt);
  EXPECT_EQ(format_receipt(*receipt), text);
  EXPECT_TRUE(receipt->envelope.signatures.empty());
}

TEST(BatchReceipt, EveryBitFlippedIsRefusedWithTheRightCause) {
  const std::string text = sample::receipt(sample::input(), sample::output(), our_key(), Form::batch);
  // The form differs in two members from the one above, whose every bit is tried; WRIT_SOAK=1 tries every bit here too.
  const std::size_t step = std::getenv("WRIT_SOAK") != nullptr ? 1 : 13;
  std::map<Verdict, std::size_t> seen;
  for (std::size_t bit = 0; bit < text.size() * 8; bit += step) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Verdict verdict = verify_receipt(flipped, trusting(our_key())).verdict;
    ASSERT_TRUE(verdict == Verdict::malformed || verdict == Verdict::mismatched) << "bit " << bit << " " << name(verdict);
    ++seen[verdict];
  }
  EXPECT_GT(seen[Verdict::malformed], 500u);
  EXPECT_GT(seen[Verdict::mismatched], 500u);
}

// Neither form becomes the other: not by leaving the signature out, not by putting one in, not by another schema.
TEST(BatchReceipt, IsNeverTakenForTheOtherForm) {
  const auto verdict_of_text = [&](Json value) { return verify_receipt(canonical_json(value), trusting(our_key())).verdict; };
  Json plain = *parse_json(good());
  Json batch = *parse_json(sample::receipt(sample::input(), sample::output(), our_key(), Form::batch));
  const Json signatures = plain["envelope"]["signatures"];
  Json stripped = plain;
  stripped["envelope"]["signatures"] = Json::array();
  EXPECT_EQ(verdict_of_text(stripped), Verdict::malformed);
  stripped["schema"] = batch["schema"];
  EXPECT_EQ(verdict_of_text(stripped), Verdict::mismatched) << "the statement says that it is signed by itself";
  Json dressed = batch;
  dressed["envelope"]["signatures"] = signatures;
  EXPECT_EQ(verdict_of_text(dressed), Verdict::malformed);
  dressed["schema"] = plain["schema"];
  EXPECT_EQ(verdict_of_text(dressed), Verdict::mismatched);
  Json twice = plain;
  twice["envelope"]["signatures"].push_back(signatures[0]);
  EXPECT_EQ(verdict_of_text(twice), Verdict::malformed);
}

TEST(BatchReceipt, TheCheckpointOfAStrangerCoversNothing) {
  Json value = *parse_json(sample::receipt(sample::input(), sample::output(), our_key(), Form::batch));
  LogProof p = *parse_log_proof(value["proof"].get<std::string>());
  const Checkpoint covered = *parse_checkpoint(parse_note(p.checkpoint)->text);
  p.checkpoint = sample::signed_checkpoint(covered, sample::key(9));
  value["proof"] = format_log_proof(p);
  EXPECT_EQ(verify_receipt(canonical_json(value), trusting(our_key())).verdict, Verdict::mismatched);
}

TEST(Receipt, OfADiscardedTaskMovesNothing) {
  InputManifest in = sample::input();
  OutputManifest out = sample::output();
  out.settlement = Settlement::discarded;
  const auto verdict = [&] { return verify_receipt(sample::receipt(in, out, our_key()), trusting(our_key())).verdict; };
  EXPECT_EQ(verdict(), Verdict::mismatched);
  out.writes.clear();
  EXPECT_EQ(verdict(), Verdict::mismatched);
  out.state = in.state;
  EXPECT_EQ(verdict(), Verdict::verified);
  out.settlement = Settlement::committed;
  out.outcome = {.end = "trapped", .exit = 0, .function = "f", .reason = "unreachable"};
  EXPECT_EQ(verdict(), Verdict::mismatched);
  out.outcome = sample::output().outcome;
  out.task = *TaskId::parse("00000000000000000000000000000000");
  EXPECT_EQ(verdict(), Verdict::mismatched);
}

TEST(Receipt, EveryBitFlippedIsRefusedWithTheRightCause) {
  const std::string text = good();
  const Trust trust = trusting(our_key());
  std::map<Verdict, std::size_t> seen;
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Verdict verdict = verify_receipt(flipped, trust).verdict;
    ASSERT_TRUE(verdict == Verdict::malformed || verdict == Verdict::mismatched) << "bit " << bit << " " << name(verdict);
    // Refused as malformed exactly if it is no receipt.
    if (verdict == Verdict::mismatched) { ASSERT_TRUE(parse_receipt(flipped)) << bit; }
    ++seen[verdict];
  }
  EXPECT_GT(seen[Verdict::malformed], 1000u);
  EXPECT_GT(seen[Verdict::mismatched], 1000u);
}

// Receipts live longer than programs: one that was issued once verifies for ever.
TEST(Receipt, TheKeptOneStillVerifies) {
  const auto kept = read_file(WRIT_SOURCE_DIR "/src/writ/proof/verify/receipt_corpus/committed.json", MiB);
  ASSERT_TRUE(kept);
  EXPECT_EQ(verify_receipt(*kept, trusting(our_key())).verdict, Verdict::verified);
  EXPECT_EQ(*kept, good());
}

std::string with_files(const std::function<void(OutputManifest&)>& change) {
  auto out = sample::output_with_files();
  change(out);
  return sample::receipt(sample::input_with_files(), out, our_key());
}

TEST(Receipt, TellsOfFiles) {
  const auto text = with_files([](OutputManifest&) {});
  const auto v = verify_receipt(text, trusting(our_key()));
  ASSERT_EQ(v.verdict, Verdict::verified) << v.what;
  EXPECT_EQ(v.output.files, sample::output_with_files().files);
  EXPECT_EQ(v.input.mounts.at(0).at, "/");
}

// Signed as it should be, and yet it cannot be true.
TEST(Receipt, WhatIsToldOfFilesHasToAgree) {
  const auto refused = [](const std::function<void(OutputManifest&)>& change) {
    return verify_receipt(with_files(change), trusting(our_key())).verdict == Verdict::mismatched;
  };
  EXPECT_TRUE(refused([](auto& m) { m.files[0].path = "relative"; }));
  EXPECT_TRUE(refused([](auto& m) { m.files[0].path = m.files[1].path; }));
  EXPECT_TRUE(refused([](auto& m) { m.files[0].after.reset(); }));
  EXPECT_TRUE(refused([](auto& m) { m.files[0].mode = 04755; }));
  EXPECT_TRUE(refused([](auto& m) { m.files[1].target.clear(); }));
  EXPECT_TRUE(refused([](auto& m) { m.files[1].before = m.files[0].before; }));
  EXPECT_TRUE(refused([](auto& m) { m.files[2].after = m.files[0].after; }));
  EXPECT_TRUE(refused([](auto& m) { m.settlement = Settlement::discarded, m.writes.clear(), m.state = sample::input().state; }));
}

TEST(Receipt, AnEmptyListOfFilesIsLeftOut) {
  auto text = text_of(sample::output());
  EXPECT_EQ(text.find("\"files\""), std::string::npos);
  ASSERT_TRUE(parse_output_manifest(text));
  const auto at = text.find("\"finished\"");
  text.insert(at, "\"files\":[],");
  EXPECT_FALSE(parse_output_manifest(text));
}

TEST(Receipt, EveryPrefixIsMalformed) {
  const std::string text = good();
  for (std::size_t n = 0; n < text.size(); n += 7) {
    EXPECT_EQ(verify_receipt(text.substr(0, n), trusting(our_key())).verdict, Verdict::malformed) << n;
  }
}

TEST(Receipt, ExitStatus) {
  EXPECT_EQ(exit_status(Verdict::verified), 0);
  EXPECT_EQ(exit_status(Verdict::intact), 0);
  EXPECT_EQ(exit_status(Verdict::untrusted), 1);
  EXPECT_EQ(exit_status(Verdict::mismatched), 1);
  EXPECT_EQ(exit_status(Verdict::malformed), 65);
}

}  // namespace
}  // namespace writ::proof
