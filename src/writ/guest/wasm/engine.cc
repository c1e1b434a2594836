#include "writ/guest/wasm/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "writ/base/assert.h"
#include "writ/base/escape.h"
#include "writ/base/nearest.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/run.h"
#include "writ/guest/wasm/translate.h"
#include "writ/memory/layout.h"

namespace writ::guest::wasm {
namespace {

// How much the tables of a guest may grow beyond what its module declares.
constexpr ByteCount table_growth = MiB;

class WasmEngine final : public Engine {
 public:
  WasmEngine(Options o, Cache c) : options_(std::move(o)), cache_(std::move(c)) {}

  std::string_view fence() const override { return fence::name(options_.fence->strength()); }
  Result<std::shared_ptr<const Image>> prepare(std::span<const std::byte> code) override;
  Result<Run> run(const Image&, Call&) override;

 private:
  Result<Toolchain> toolchain();
  Result<Bytes> object_of(std::span<const std::byte> code, const Module&, const Toolchain&, const Sha256& key);
  std::shared_ptr<const WasmImage> loaded(const Sha256& key);

  Options options_;
  Cache cache_;
  std::mutex mutex_;
  std::optional<Toolchain> toolchain_;                          // guarded by mutex_
  std::map<Sha256, std::weak_ptr<const WasmImage>> images_;     // guarded by mutex_
};

Result<Toolchain> WasmEngine::toolchain() {
  const std::lock_guard lock(mutex_);
  if (!toolchain_) {
    WRIT_TRY(Toolchain found, find_toolchain(options_.tools, cache_));
    toolchain_ = std::move(found);
  }
  return *toolchain_;
}

std::shared_ptr<const WasmImage> WasmEngine::loaded(const Sha256& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(images_, [](const auto& i) { return i.second.expired(); });
  const auto i = images_.find(key);
  return i == images_.end() ? nullptr : i->second.lock();
}

Result<Bytes> WasmEngine::object_of(std::span<const std::byte> code, const Module& module, const Toolchain& tools,
                                    const Sha256& key) {
  WRIT_TRY(std::optional<Bytes> kept, cache_.find(key));
  if (kept) return std::move(*kept);
  WRIT_TRY(Bytes made, translate(code, module, tools, cache_.folder()));
  WRIT_CHECK(cache_.store(key, made));
  return made;
}

Result<std::shared_ptr<const Image>> WasmEngine::prepare(std::span<const std::byte> code) {
  auto module = parse_module(code);
  if (!module) {
    // The validator knows more than we do about what is wrong.
    if (code.size() >= 8 && code.size() <= module_size_max.value() && module.error().what.starts_with("malformed"))
      WRIT_CHECK(validate_bytes(code, options_.tools, cache_.folder()));
    return module.error();
  }
  if (state_size(*module).value() > ARENA_STATE_MAX)
    return invalid("the module's tables and globals need more than 16 MiB", "table", "make its tables smaller");
  WRIT_TRY(std::vector<Linked> imports, link_imports(*module, options_.host));
  WRIT_TRY(const Toolchain tools, toolchain());
  const Sha256 key = sha256_of_parts({as_bytes(tools.tool.name), tools.tool.digest.sha256.view(), sha256(code).view()});
  if (auto image = loaded(key)) return image;
  WRIT_TRY(const Bytes object, object_of(code, *module, tools, key));
  auto image = WasmImage::load(*options_.fence, object, std::move(*module), std::move(imports), tools.tool);
  if (!image) return image.error();
  const std::lock_guard lock(mutex_);
  images_[key] = *image;
  return *image;
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
  const auto entry = find_entry(*image, call.entry);
  if (!entry) return no_entry(*image, call.entry);
  // A reactor is initialised before anything else of it is called; a command does it itself.
  const bool by_itself = call.entry == "_start" || call.entry == "_initialize";
  const auto initialize = by_itself ? std::nullopt : find_entry(*image, "_initialize");
  WRIT_TRY(fence::SlotHandle slot, options_.fence->acquire(options_.wait));
  memory::ArenaLimits limits{call.limits.memory, call.limits.stack, {}};
  limits.state = ByteCount(std::min<std::uint64_t>(image->state_size().value() + table_growth.value(), ARENA_STATE_MAX));
  WRIT_TRY(memory::Arena arena, memory::Arena::open(std::move(slot), limits));
  return GuestRun(*image, options_.host, arena, call).run(*entry, initialize);
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
