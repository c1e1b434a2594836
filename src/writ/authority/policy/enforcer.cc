#include "writ/authority/policy/enforcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "writ/authority/policy/machine.h"
#include "writ/authority/policy/partial.h"

namespace writ::authority::policy {
namespace {

constexpr std::size_t remembered = 4096;  // resources; a power of two
constexpr std::size_t most_named = 8;     // rules in one entry of the journal
constexpr std::int64_t hour_in_seconds = 3600;
constexpr std::int64_t second = 1'000'000'000;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Eight bytes at a time. Guests choose resources: all that a collision costs them is that a decision is made anew.
std::uint64_t hash_of(effect::Kind kind, std::uint32_t capability, std::string_view text) {
  std::uint64_t h = mix(text.size() + 1, (static_cast<std::uint64_t>(capability) << 8) | static_cast<std::uint64_t>(kind));
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    h = mix(h, word);
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return mix(h, rest);
}

bool pays(Gauge gauge, effect::Kind kind) {
  const auto nature = effect::word(kind).nature;
  switch (gauge) {
    case Gauge::bandwidth:
    case Gauge::effect_rate: return true;
    case Gauge::read_bandwidth: return nature == effect::Nature::read;
    case Gauge::write_bandwidth: return nature == effect::Nature::staged || nature == effect::Nature::outbound;
    case Gauge::memory:
    case Gauge::stack:
    case Gauge::output:
    case Gauge::run_time:
    case Gauge::effects:
    case Gauge::files:
    case Gauge::commit_bytes:
    case Gauge::commit_changes: return false;
  }
  return false;
}

// A unit of credit is a byte, or an effect, for the time in which the ceiling lets so many through.
std::int64_t period(const Ceiling& c) { return c.gauge == Gauge::effect_rate ? hour_in_seconds * second : second; }

}  // namespace

Enforcer::Enforcer(std::shared_ptr<const Program> program, ComponentFacts component, std::vector<CapabilityFacts> capabilities,
                   const Clock& clock)
    : program_(std::move(program)),
      component_(std::move(component)),
      capabilities_(std::move(capabilities)),
      clock_(clock),
      violations_(program_->words.size()) {
  open_buckets();
}

void Enforcer::open_buckets() {
  buckets_.clear();
  const Facts task = facts({}, {}, 0);
  for (const auto& [word, rule] : program_->component_rules) {
    if (rule->where && !partial(*rule->where, task, Known::resource, Question::exact).is_true()) continue;
    for (const auto& c : rule->ceilings) {
      if (c.gauge < Gauge::bandwidth) continue;
      // Full: what the ceiling lets through in a second, and at least one effect.
      const std::int64_t burst = c.gauge == Gauge::effect_rate ? std::max<std::int64_t>(1, c.most / hour_in_seconds) : c.most;
      buckets_.push_back({c, word, static_cast<__int128>(burst) * period(c), clock_.monotonic()});
    }
  }
}

void Enforcer::replace(std::shared_ptr<const Program> program) {
  std::vector<std::uint64_t> counts(program->words.size());
  for (std::size_t i = 0; i < counts.size(); ++i)
    for (std::size_t j = 0; j < violations_.size(); ++j)
      if (program->words[i].policy == program_->words[j].policy && program->words[i].name == program_->words[j].name)
        counts[i] = std::max(counts[i], violations_[j]);
  program_ = std::move(program);
  violations_ = std::move(counts);
  memory_.clear();
  open_buckets();
}

Facts Enforcer::facts(effect::Kind kind, std::string_view resource, std::uint32_t capability) const {
  Facts f;
  set_effect(f, kind, resource);
  f.capability = capability < capabilities_.size() ? &capabilities_[capability] : nullptr;
  f.component = &component_;
  return f;
}

void Enforcer::fill(Remembered& r) {
  const auto& table = program_->tables[static_cast<std::size_t>(r.kind)].by_path;
  candidates_.clear();
  const auto add = [&](std::string_view path) {
    if (const auto found = table.find(path); found != table.end())
      candidates_.insert(candidates_.end(), found->second.begin(), found->second.end());
  };
  std::string_view path = effect::named(r.kind, r.resource).resource;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  add("");
  if (!path.empty() && path != "/") add(path);
  for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) add(path.substr(0, slash));
  std::ranges::sort(candidates_);
  candidates_.erase(std::ranges::unique(candidates_).begin(), candidates_.end());

  const Facts known = facts(r.kind, r.resource, r.capability);
  for (const auto i : candidates_) {
    const auto& [word, rule] = program_->effect_rules[i];
    const auto begin = r.values.size();
    r.values.resize(begin + rule->code.slots, Value::unknown());
    const Value v = partial(rule->check, known, Known::resource, Question::exact, std::span(r.values).subspan(begin));
    if (v.tag == Value::Tag::unknown) {
      r.residuals.push_back({i, static_cast<std::uint32_t>(begin)});
      continue;
    }
    r.values.resize(begin);
    if (!v.is_true()) r.fixed.push_back({word, v.failure});
  }
}

const Enforcer::Remembered& Enforcer::remember(const effect::Effect& e, std::uint32_t capability, std::uint64_t hash) {
  if (memory_.empty()) memory_.resize(remembered);
  auto& place = memory_[hash & (remembered - 1)];
  if (place && place->hash == hash && place->kind == e.kind && place->capability == capability && place->resource == e.resource)
    return *place;
  auto fresh = std::make_unique<Remembered>();
  fresh->hash = hash;
  fresh->capability = capability;
  fresh->kind = e.kind;
  fresh->resource = e.resource;
  fill(*fresh);
  place = std::move(fresh);
  return *place;
}

std::span<const Violation> Enforcer::decide(const effect::Effect& e, std::uint32_t capability, Counts so_far) {
  const auto& known = remember(e, capability, hash_of(e.kind, capability, e.resource));
  if (known.residuals.empty() && buckets_.empty()) return known.fixed;
  refusing_.assign(known.fixed.begin(), known.fixed.end());
  if (!known.residuals.empty()) {
    Facts all = facts(e.kind, known.resource, capability);
    all.bytes = e.bytes;
    all.size = e.size;
    all.fields = &e.fields;
    all.effects = so_far.effects;
    all.denied = so_far.denied;
    for (const auto& r : known.residuals) {
      const auto& [word, rule] = program_->effect_rules[r.rule];
      const Value v = run(rule->code, std::span(known.values).subspan(r.slots, rule->code.slots), all);
      if (!v.is_true()) refusing_.push_back({word, v.failure});
    }
  }
  if (!buckets_.empty()) {
    const auto now = clock_.monotonic();
    for (auto& b : buckets_) {
      if (!pays(b.ceiling.gauge, e.kind)) continue;
      refill(b, now);
      const bool enough = b.ceiling.gauge == Gauge::effect_rate ? b.credit >= period(b.ceiling) : b.credit > 0 || e.bytes == 0;
      if (!enough) refusing_.push_back({b.word, Failure::none});
    }
  }
  std::ranges::stable_sort(refusing_, {}, &Violation::word);
  return refusing_;
}

void Enforcer::refill(Bucket& b, Nanoseconds now) const {
  if (now <= b.refilled) return;
  const std::int64_t burst =
      b.ceiling.gauge == Gauge::effect_rate ? std::max<std::int64_t>(1, b.ceiling.most / hour_in_seconds) : b.ceiling.most;
  const __int128 full = static_cast<__int128>(burst) * period(b.ceiling);
  b.credit = std::min(full, b.credit + static_cast<__int128>((now - b.refilled).count()) * b.ceiling.most);
  b.refilled = now;
}

// Bytes are known when they were moved, so one effect may take more than is there; the next one waits for it.
void Enforcer::spend(const effect::Effect& e) {
  for (auto& b : buckets_) {
    if (!pays(b.ceiling.gauge, e.kind)) continue;
    const auto cost = b.ceiling.gauge == Gauge::effect_rate ? 1 : std::min<std::uint64_t>(e.bytes, std::uint64_t{1} << 62);
    b.credit -= static_cast<__int128>(cost) * period(b.ceiling);
  }
}

std::string describe(const Program& p, const Violation& v) {
  const auto& w = p.words[v.word];
  std::string text = fmt::format("rule {}.{} at {}:{}", w.policy, w.name, w.file, w.line);
  if (v.failure != Failure::none) text += fmt::format(", its expression failed: {}", name(v.failure));
  return text;
}

Incident Enforcer::respond(std::span<const Violation> violations) {
  Incident out;
  std::string rules;
  Severity worst = Severity::low;
  for (std::size_t i = 0; i < violations.size(); ++i) {
    const auto& w = program_->words[violations[i].word];
    const Severity severity = escalated(w.severity, violations_[violations[i].word]++);
    worst = std::max(worst, severity);
    out.response = std::max(out.response, w.responses[static_cast<std::size_t>(severity)]);
    if (i < most_named) rules += (rules.empty() ? "" : " and ") + describe(*program_, violations[i]);
  }
  if (violations.size() > most_named) rules += fmt::format(" and {} more", violations.size() - most_named);
  out.by = fmt::format("{}; severity {}, response {}", rules, name(worst), name(out.response));
  return out;
}

}  // namespace writ::authority::policy
