#include "writ/task/admission.h"

#include <algorithm>

#include "writ/authority/capability.h"
#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/base/quantity.h"
#include "writ/base/random.h"
#include "writ/task/selection.h"

namespace writ::task {
namespace {

std::vector<std::string> constraints(const authority::Grant& g, authority::Handle h) {
  const auto& l = g.limits;
  std::vector<std::string> out;
  if (l.bytes) out.push_back("bytes=" + std::to_string(l.bytes->value()));
  if (h != authority::no_handle) out.push_back("capability=" + authority::text(h));
  if (l.expires) out.push_back("expires=" + rfc3339(*l.expires));
  if (l.max_size) out.push_back("max_size=" + std::to_string(l.max_size->value()));
  if (l.not_before) out.push_back("not_before=" + rfc3339(*l.not_before));
  if (l.rate) out.push_back("rate=" + std::to_string(l.rate->count) + "/" + format_time(l.rate->per));
  if (l.time) out.push_back("time=" + format_time(*l.time));
  if (l.uses) out.push_back("uses=" + std::to_string(*l.uses));
  for (const auto& p : g.within) out.push_back("within=" + std::string(effect::named(g.kind, p.text()).resource));
  for (const auto& f : l.fields) {
    const std::string name(f.name);
    if (!f.bounds()) out.push_back(name + "=any");
    if (f.each) out.push_back(name + "=" + effect::text(*f.each));
    if (f.total) out.push_back(name + ".total=" + effect::text(*f.total));
  }
  std::ranges::sort(out);
  return out;
}

constexpr std::string_view learned = "learned";  // of what only a task that learns may do

Result<void> check_texts(const Spec& spec) {
  const auto plain = [](std::string_view s) { return is_utf8(s) && s.find('\0') == s.npos; };
  for (const auto& a : spec.arguments)
    if (!plain(a)) return invalid("an argument is not UTF-8 text", escape_for_terminal(a), "pass bytes through standard input");
  if (!plain(spec.code_name)) return invalid("the code's name is not UTF-8 text", escape_for_terminal(spec.code_name));
  for (const auto& l : spec.labels)
    if (!plain(l) || l.find('=') == l.npos || l.front() == '=')
      return invalid("a label is KEY=VALUE", "--label " + escape_for_terminal(l), "write for example --label team=search");
  for (const auto& v : spec.environment)
    if (v.find('=') == v.npos || v.front() == '=') return invalid("an environment variable is NAME=VALUE", escape_for_terminal(v));
  return {};
}

}  // namespace

Result<authority::Grant> grant_of(const proof::Capability& c) {
  if (std::ranges::find(c.constraints, learned) != c.constraints.end())
    return Error{Code::denied, "the task ran to learn what it needs, and nobody granted it that", c.effect, "run the manifest that it wrote"};
  std::string text = c.effect;
  if (!c.resource.empty()) text += ":" + c.resource;
  for (const auto& limit : c.constraints)
    if (!limit.starts_with("capability=")) text += "," + limit;
  return authority::recorded_grant(text);
}

DigestPair code_digest(const Spec& spec, const guest::Image& image) {
  const auto own = image.code();
  return own ? *own : digest(spec.code);
}

std::string holder(const DigestPair& code) { return "code:" + code.sha256.hex(); }

proof::Capability capability(const authority::Grant& g, authority::Handle h) {
  proof::Capability c;
  const std::string resource = g.resource ? g.resource->text() : "";
  const auto thing = effect::named(g.kind, resource);
  c.effect = thing.effect;
  c.resource = thing.resource;
  c.constraints = constraints(g, h);
  return c;
}

std::vector<proof::Capability> learning() {
  std::vector<proof::Capability> out;
  for (const auto text : authority::learned_grants()) {
    const auto grant = authority::parse_grant(text, "/", WallTime{});
    WRIT_ASSERT(grant);
    out.push_back(capability(*grant));
    out.back().constraints.emplace_back(learned);
  }
  proof::Capability own;
  own.effect = effect::own_word.name;
  own.resource = "*";
  own.constraints.emplace_back(learned);
  out.push_back(std::move(own));
  return out;
}

DigestPair environment_commitment(const std::array<std::byte, 32>& seed, std::string_view value) {
  constexpr std::string_view purpose = "writ environment 1\n";
  Bytes all = to_bytes(purpose);
  all.insert(all.end(), seed.begin(), seed.end());
  const auto bytes = as_bytes(value);
  all.insert(all.end(), bytes.begin(), bytes.end());
  return digest(all);
}

Result<Admission> admit(const Spec& spec, const Clock& clock) {
  if (!spec.name.empty()) WRIT_CHECK(check_name(spec.name));
  WRIT_CHECK(check_texts(spec));
  Admission admission{TaskId::random(), clock.wall(), {}};
  if (spec.seed) admission.seed = *spec.seed;
  else fill_random(admission.seed);
  return admission;
}

proof::InputManifest input_manifest(const Spec& spec, const DigestPair& code, const Admission& admission, const guest::Image& image,
                                    const guest::Engine& engine) {
  proof::InputManifest m;
  m.arguments = spec.arguments;
  for (const auto& g : spec.grants) m.capabilities.push_back(capability(g));
  m.code = {code, spec.language, spec.code_name};
  for (const auto& d : spec.denies) m.denies.push_back(d.text());
  m.engine = {image.engine().digest, image.engine().name};
  m.toolchain = {image.toolchain().digest, image.toolchain().name};
  m.entry = spec.entry;
  m.fence = engine.fence();
  m.labels = spec.labels;
  std::sort(m.labels.begin(), m.labels.end());
  m.limits = {spec.limits.effects, spec.limits.files, spec.limits.memory, spec.limits.output, spec.limits.stack, spec.limits.time};
  for (const auto& mount : spec.mounts) m.mounts.push_back({mount.at, mount.host});
  m.name = spec.name;
  for (const auto& p : spec.parents)
    if (const auto parent = Sha256::parse(p)) m.parents.push_back(*parent);
  if (spec.language != "wasm")
    m.process.push_back({spec.code_at, spec.limits.disk, spec.folder, spec.limits.processes, engine.protections()});
  m.seed = digest(admission.seed);
  m.started = {admission.at, admission.at};
  m.task = admission.id;
  return m;
}

}  // namespace writ::task
