#include "writ/proof/verify/statement.h"

#include <fmt/format.h>

#include "writ/proof/verify/manifest_form.h"

namespace writ::proof {

template <class F>
void describe(F& form, typename F::template Value<Statement>& v) {
  form.object([&] {
    form.constant("_type", statement_type);
    form.object("predicate", [&] {
      form.object("capabilityManifest", [&] {
        form("digest", v.capabilities);
        form("tokenRevocationIds", v.revocation);
      });
      form("chain", v.chain);
      form("effects", v.effects);
      form.array_of_one("inputs", [&] {
        form("digest", v.input);
        form.constant("name", input_schema);
      });
      form("parents", v.parents);
      form("policy", v.policy);
      form("resources", v.resources);
      form.object("runDetails", [&] {
        form("finishedOn", v.finished);
        form("invocationId", v.task);
        form("outcome", v.outcome);
        form("runtime", v.engine);
        form.choice("settlement", v.settlement, settlement_names);
        form("startedOn", v.started);
      });
      form.object("state", [&] {
        form("after", v.state_after);
        form("before", v.state_before);
      });
      form("task", v.code);
    });
    form.choice("predicateType", v.form, predicate_types);
    form.array_of_one("subject", [&] {
      form("digest", v.subject);
      form.constant("name", output_schema);
    });
  });
}

Statement state(Form form, const InputManifest& in, const DigestPair& input, const OutputManifest& out, const DigestPair& output) {
  Statement s;
  s.form = form;
  s.capabilities = digest(as_bytes(write_form(in.capabilities)));
  for (const Capability& c : in.capabilities) s.revocation.insert(s.revocation.end(), c.revocation.begin(), c.revocation.end());
  s.chain = chain_hash(input.sha3_256, output.sha3_256);
  s.effects = out.effects;
  s.input = input;
  s.parents = in.parents;
  s.policy = in.policy;
  s.resources = out.resources;
  s.outcome = out.outcome;
  s.finished = out.finished.real;
  s.started = in.started.real;
  s.task = in.task;
  s.engine = in.engine;
  s.settlement = out.settlement;
  s.state_after = out.state;
  s.state_before = in.state;
  s.code = in.code;
  s.subject = output;
  return s;
}

std::string text_of(const Statement& s) { return write_form(s); }
Result<Statement> parse_statement(std::string_view text) { return read_form<Statement>(text); }

Sha3 chain_hash(const Sha3& input, const Sha3& output) { return sha3_256(as_bytes(input.hex() + output.hex())); }

Bytes pre_authentication_encoding(std::string_view type, BytesView body) {
  Bytes out = to_bytes(fmt::format("DSSEv1 {} {} {} ", type.size(), type, body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

}  // namespace writ::proof
