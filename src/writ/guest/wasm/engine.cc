#include "writ/guest/wasm/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/guest/wasm/foundry.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/image.h"
#include "writ/guest/wasm/improve.h"
#include "writ/guest/wasm/run.h"
#include "writ/guest/wasm/translate.h"
#include "writ/memory/layout.h"

namespace writ::guest::wasm {
namespace {

// How much the tables of a guest may grow beyond what its module declares.
constexpr ByteCount table_growth = MiB;

using Loaded = Result<std::shared_ptr<const WasmImage>>;

// A module on its way to an image.
struct Candidate {
  Bytes code;
  DigestPair digest;
  Module module;
  std::vector<Linked> imports;
};

// The modules that were prepared last, with their images: found by their bytes, since to compare them costs a twentieth of
// digesting and parsing them again. Threads: any.
class Recent {
 public:
  std::shared_ptr<const Candidate> find(BytesView code) const;
  void used(std::shared_ptr<const Candidate>, std::shared_ptr<const WasmImage>);

 private:
  static constexpr std::size_t most = 8;
  static constexpr ByteCount largest = 4 * MiB;  // of code that is kept
  struct Entry {
    std::shared_ptr<const Candidate> candidate;
    std::shared_ptr<const WasmImage> image;  // held, so that the next run finds it loaded
  };
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // guarded by mutex_; the one used last is first
};

std::shared_ptr<const Candidate> Recent::find(BytesView code) const {
  std::vector<std::shared_ptr<const Candidate>> same_size;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& e : entries_)
      if (e.candidate->code.size() == code.size()) same_size.push_back(e.candidate);
  }
  const auto found = std::ranges::find_if(same_size, [&](const auto& c) { return std::memcmp(c->code.data(), code.data(), code.size()) == 0; });
  return found == same_size.end() ? nullptr : *found;
}

void Recent::used(std::shared_ptr<const Candidate> candidate, std::shared_ptr<const WasmImage> image) {
  if (candidate->code.size() > largest.value()) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& e) { return e.candidate->digest == candidate->digest; });
  entries_.insert(entries_.begin(), {std::move(candidate), std::move(image)});
  if (entries_.size() > most) entries_.pop_back();
}

class WasmEngine final : public Engine {
 public:
  WasmEngine(Options o, Cache c) : options_(std::move(o)), foundry_(options_.tools, std::move(c)) {}

  std::string_view fence() const override { return fence::name(options_.fence->strength()); }
  Result<std::shared_ptr<const Image>> prepare(std::span<const std::byte> code) override;
  Result<std::shared_ptr<const Image>> prepare_as(std::span<const std::byte> code, std::string_view engine) override;
  Result<Run> run(const Image&, Call&) override;

 private:
  Result<std::shared_ptr<const Candidate>> examine(BytesView code);
  std::shared_ptr<const WasmImage> loaded(const Sha256& key);
  Loaded load(const Candidate&, const Toolchain&, const Sha256& key, BytesView object);
  Loaded find(const Candidate&, Tier);  // null: neither loaded nor in the cache
  Loaded obtain(const Candidate&, Tier);
  Loaded choose(const Candidate&);
  void ask_for_better(BytesView code);
  Result<Run> run_in_slot(const WasmImage&, Call&);  // the slot is given back when it returns

  Options options_;
  Foundry foundry_;
  std::mutex mutex_;
  std::map<Sha256, std::weak_ptr<const WasmImage>> images_;  // guarded by mutex_
  Recent recent_;
};

std::shared_ptr<const WasmImage> WasmEngine::loaded(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(images_, [](const auto& i) { return i.second.expired(); });
  const auto i = images_.find(key);
  return i == images_.end() ? nullptr : i->second.lock();
}

Loaded WasmEngine::load(const Candidate& c, const Toolchain& chain, const Sha256& key, BytesView object) {
  WRIT_TRY(auto image, WasmImage::load(*options_.fence, object, c.digest, c.module, c.imports, chain.tier, chain.tool));
  const std::lock_guard lock(mutex_);
  images_[key] = image;
  return image;
}

Loaded WasmEngine::find(const Candidate& c, Tier tier) {
  WRIT_TRY(const Toolchain chain, foundry_.toolchain(tier));
  const Sha256 key = Foundry::key(chain, c.digest.sha256);
  if (auto image = loaded(key)) return image;
  WRIT_TRY(const auto kept, foundry_.find(key));
  if (!kept) return nullptr;
  return load(c, chain, key, *kept);
}

Loaded WasmEngine::obtain(const Candidate& c, Tier tier) {
  WRIT_TRY(auto found, find(c, tier));
  if (found) return found;
  WRIT_TRY(const Toolchain chain, foundry_.toolchain(tier));
  const Sha256 key = Foundry::key(chain, c.digest.sha256);
  WRIT_TRY(const Bytes made, foundry_.make(c.code, c.module, chain, key));
  return load(c, chain, key, made);
}

// Whatever keeps the fast tier from an image (a function too large for it), the best may have one; if not, its
// words are the better ones.
Loaded WasmEngine::choose(const Candidate& c) {
  if (options_.tier != TierChoice::automatic) return obtain(c, options_.tier == TierChoice::fast ? Tier::fast : Tier::best);
  if (auto best = find(c, Tier::best); best && *best) return best;
  auto fast = obtain(c, Tier::fast);
  if (!fast) return obtain(c, Tier::best);
  ask_for_better(c.code);
  return fast;
}

// Nothing that fails here is worth a word to somebody who has what they asked for; the next run asks again.
void WasmEngine::ask_for_better(BytesView code) {
  if (!options_.improve) return;
  Improvements improvements(foundry_);
  if (const auto answer = improvements.want(code); answer && *answer == Improvements::Answer::waits && improvements.idle())
    options_.improve();
}

Result<std::shared_ptr<const Candidate>> WasmEngine::examine(BytesView code) {
  if (auto known = recent_.find(code)) return known;
  WRIT_TRY(Module module, foundry_.parse(code));
  if (state_size(module).value() > ARENA_STATE_MAX)
    return invalid("the module's tables and globals need more than 16 MiB", "table", "make its tables smaller");
  WRIT_TRY(std::vector<Linked> imports, link_imports(module, options_.host));
  return std::make_shared<const Candidate>(Bytes(code.begin(), code.end()), digest(code), std::move(module), std::move(imports));
}

Result<std::shared_ptr<const Image>> WasmEngine::prepare(std::span<const std::byte> code) {
  WRIT_TRY(const auto candidate, examine(code));
  WRIT_TRY(auto image, choose(*candidate));
  recent_.used(candidate, image);
  return std::shared_ptr<const Image>(std::move(image));
}

Result<std::shared_ptr<const Image>> WasmEngine::prepare_as(std::span<const std::byte> code, std::string_view engine) {
  for (const Tier tier : {Tier::fast, Tier::best}) {
    if (engine != engine_name(tier)) continue;
    WRIT_TRY(const auto candidate, examine(code));
    WRIT_TRY(auto image, obtain(*candidate, tier));
    return std::shared_ptr<const Image>(std::move(image));
  }
  return prepare(code);
}

Error no_entry(const WasmImage& image, const std::string& entry) {
  std::vector<std::string_view> known;
  for (const auto& [name, index] : image.module().exports)
    if (is_callable(image.module(), index) && image.module().type_of(index).parameters.empty()) known.push_back(name);
  const std::string shown = escape_for_terminal(entry);
  const auto near = nearest(entry, known);
  if (known.empty())
    return invalid(fmt::format("the module does not export a function `{}`, nor any other that can be called", shown), shown,
                   "build it as a command (with main) or a reactor (-mexec-model=reactor)");
  if (!near) known.resize(std::min<std::size_t>(known.size(), 10));
  return invalid(fmt::format("the module does not export a function `{}` without parameters", shown), shown,
                 escape_for_terminal(near ? fmt::format("did you mean `{}`?", *near) : fmt::format("it exports: {}", fmt::join(known, ", "))));
}

std::optional<std::uint64_t> find_entry(const WasmImage& image, std::string_view name) {
  const auto i = image.module().exports.find(name);
  if (i == image.module().exports.end() || !image.module().type_of(i->second).parameters.empty()) return std::nullopt;
  return image.entry_of(i->second);
}

Result<Run> WasmEngine::run(const Image& any, Call& call) {
  const auto* image = dynamic_cast<const WasmImage*>(&any);
  WRIT_ASSERT(image != nullptr);
  const Nanoseconds start = system_clock().monotonic(), cpu = thread_time();
  auto run = run_in_slot(*image, call);
  if (run) run->isolation = {system_clock().monotonic() - start - run->resources.time, thread_time() - cpu - run->resources.cpu};
  return run;
}

Result<Run> WasmEngine::run_in_slot(const WasmImage& image, Call& call) {
  const auto entry = find_entry(image, call.entry);
  if (!entry) return no_entry(image, call.entry);
  // A reactor is initialised before anything else of it is called; a command does it itself.
  const bool by_itself = call.entry == "_start" || call.entry == "_initialize";
  const auto initialize = by_itself ? std::nullopt : find_entry(image, "_initialize");
  WRIT_TRY(fence::SlotHandle slot, options_.fence->acquire(options_.wait));
  const std::uint64_t stack = std::min<std::uint64_t>(call.limits.stack.value() * stack_factor(image.tier()),
                                                      std::max<std::uint64_t>(ARENA_STACK_MAX, call.limits.stack.value()));
  memory::ArenaLimits limits{call.limits.memory, ByteCount(stack), {}};
  limits.state = ByteCount(std::min<std::uint64_t>(image.state_size().value() + table_growth.value(), ARENA_STATE_MAX));
  WRIT_TRY(memory::Arena arena, memory::Arena::open(std::move(slot), limits));
  return GuestRun(image, options_.host, arena, call).run(*entry, initialize);
}

}  // namespace

Result<std::unique_ptr<Engine>> open_engine(Options options) {
  if (options.fence->strength() == fence::Strength::sim)
    return Error{Code::unsupported, "translated code needs a fence of the machine, and this one is simulated", "fence",
                 "use key or page"};
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
    return Error{Code::unsupported, "this processor lacks SSE 4.2, which translated code uses", "processor", {}};
  WRIT_TRY(Cache cache, Cache::open(options.cache));
  return std::unique_ptr<Engine>(new WasmEngine(std::move(options), std::move(cache)));
}

}  // namespace writ::guest::wasm
