// The statement that is signed: in-toto v1, about the output manifest, with a predicate that says how it came about.
//
// Everything in it follows from the two manifests, so a verifier does not compare members: it makes the statement again
// and demands the same bytes. Source: in-toto attestation v1; facts/standards.md section 2.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "writ/proof/verify/manifest.h"
#include "writ/wire/sign.h"

namespace writ::proof {

inline constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
inline constexpr std::array<std::string_view, 2> predicate_types{"urn:writ:execution:v1", "urn:writ:execution-in-batch:v1"};
inline constexpr std::string_view payload_type = "application/vnd.in-toto+json";

// How a statement is signed: by itself, in its envelope; or by the checkpoint of the log that covers its batch, and then
// the envelope has no signature. The statement says which, so that neither can be passed off as the other.
enum class Form : std::uint8_t { statement, batch };

struct Statement {
  Form form = Form::statement;
  DigestPair capabilities;  // of the canonical text of the input manifest's capabilities
  std::vector<std::string> revocation;
  Sha3 chain;
  Effects effects;
  DigestPair input;         // of the input manifest
  std::vector<Sha256> parents;
  std::optional<DigestPair> policy;
  Resources resources;
  Outcome outcome;
  WallTime finished, started;  // real time
  TaskId task;
  Tool engine;
  Settlement settlement = Settlement::discarded;
  Sha256 state_after, state_before;
  Program code;
  DigestPair subject;       // of the output manifest
  friend bool operator==(const Statement&, const Statement&) = default;
};

Statement state(Form, const InputManifest&, const DigestPair& input, const OutputManifest&, const DigestPair& output);
std::string text_of(const Statement&);
Result<Statement> parse_statement(std::string_view);

// SHA3-256 over the two manifests' SHA3-256 digests, each as 64 hex digits, input first.
Sha3 chain_hash(const Sha3& input, const Sha3& output);

// What a DSSE signature is made over: "DSSEv1 LENGTH TYPE LENGTH BODY" (DSSE v1.0.2).
Bytes pre_authentication_encoding(std::string_view type, BytesView body);

// A DSSE envelope. One signature, or none in a batch.
struct EnvelopeSignature {
  std::string key_id;
  Signature signature;
};
struct Envelope {
  Bytes payload;
  std::vector<EnvelopeSignature> signatures;
};

}  // namespace writ::proof
