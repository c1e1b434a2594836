#include "writ/guest/wasm/image.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "writ/base/assert.h"
#include "writ/guest/wasm/elf.h"
#include "writ/guest/wasm/glue.h"

namespace writ::guest::wasm {
namespace {

// "w2c_f12" -> 12
std::optional<std::uint32_t> number_after(std::string_view symbol, std::string_view prefix) {
  if (!symbol.starts_with(prefix)) return std::nullopt;
  symbol.remove_prefix(prefix.size());
  std::uint32_t n = 0;
  const auto [end, error] = std::from_chars(symbol.data(), symbol.data() + symbol.size(), n);
  if (error != std::errc() || end != symbol.data() + symbol.size()) return std::nullopt;
  return n;
}

constexpr std::string_view entry_prefix = "image_export_";

// The function of the module whose code the symbol holds. What is around it (the translator's and our own entries, and
// for the start function the instantiation) may hold it inlined.
std::optional<std::uint32_t> code_of(std::string_view symbol, const Module& m) {
  for (const std::string_view prefix : {std::string_view("w2c_f"), std::string_view("Z_mZ_f"), entry_prefix})
    if (const auto f = number_after(symbol, prefix)) return f;
  return symbol == "Z_m_instantiate" || symbol == instantiate_symbol ? m.start : std::nullopt;
}

// The parts as they are mapped: constants relocated in copies, text as it is in the file.
struct Relocated {
  std::vector<Bytes> copies;
  std::vector<fence::Segment> segments;
};

Relocated relocate(const Elf& elf, std::uint64_t base) {
  Relocated r;
  r.copies.reserve(elf.parts.size());
  for (const ElfPart& p : elf.parts) {
    if (p.kind == fence::Segment::Kind::text) {
      r.segments.push_back({p.kind, p.offset, p.size, p.bytes});
      continue;
    }
    Bytes& copy = r.copies.emplace_back(p.bytes.begin(), p.bytes.end());
    for (const ElfRelocation& at : elf.relocations) {
      if (at.offset < p.offset || at.offset - p.offset >= copy.size()) continue;
      const std::uint64_t address = base + at.addend;
      WRIT_ASSERT(copy.size() - (at.offset - p.offset) >= sizeof address);  // read_elf checked it
      std::memcpy(copy.data() + (at.offset - p.offset), &address, sizeof address);
    }
    r.segments.push_back({p.kind, p.offset, p.size, copy});
  }
  return r;
}

}  // namespace

Result<std::shared_ptr<const WasmImage>> WasmImage::load(fence::Fence& fence, BytesView object, const DigestPair& code, Module module,
                                                         std::vector<Linked> imports, Tier tier, Tool toolchain) {
  WRIT_TRY(const Elf elf, read_elf(object));
  std::shared_ptr<WasmImage> image(new WasmImage);
  WRIT_TRY(image->code_, fence.reserve_code(elf.size));
  const std::uint64_t base = image->code_->base();
  WRIT_CHECK(image->code_->load(relocate(elf, base).segments));
  WRIT_CHECK(image->code_->seal(fence::Seal::until_unloaded));

  for (const ElfSymbol& s : elf.functions) {
    if (s.name == instantiate_symbol) image->instantiate_ = base + s.offset;
    if (const auto f = code_of(s.name, module); f && *f < module.function_count())
      image->spans_.push_back({s.offset, s.offset + s.size, *f});
    if (const auto f = number_after(s.name, entry_prefix); f && *f < module.function_count())
      image->entries_.emplace_back(*f, base + s.offset);
  }
  if (image->instantiate_ == 0) return Error{Code::corrupt, "the image cannot be entered", {}, {}};
  std::ranges::sort(image->entries_);
  image->module_digest_ = code;
  image->tier_ = tier;
  image->state_size_ = wasm::state_size(module);
  image->engine_ = {std::string(engine_name(tier)), digest(object)};
  image->toolchain_ = std::move(toolchain);
  image->module_ = std::move(module);
  image->imports_ = std::move(imports);
  return image;
}

std::optional<std::uint64_t> WasmImage::entry_of(std::uint32_t function) const {
  const auto i = std::ranges::lower_bound(entries_, function, {}, [](const auto& e) { return e.first; });
  if (i == entries_.end() || i->first != function) return std::nullopt;
  return i->second;
}

std::optional<std::uint32_t> WasmImage::function_at(std::uint64_t address) const {
  if (!contains(address)) return std::nullopt;
  const std::uint64_t offset = address - code_->base();
  const auto after = std::ranges::upper_bound(spans_, offset, {}, &Span::offset);
  if (after == spans_.begin() || offset >= std::prev(after)->end) return std::nullopt;
  return std::prev(after)->function;
}

}  // namespace writ::guest::wasm
