#include "writ/guest/wasm/rename.h"

#include <fmt/format.h>

#include <set>

namespace writ::guest::wasm {
namespace {

constexpr std::uint8_t custom_section = 0, import_section = 2, export_section = 7;

void append(Bytes& to, BytesView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append_number(Bytes& to, std::uint64_t n) {
  do {
    const auto low = static_cast<std::uint8_t>(n & 0x7f);
    n >>= 7;
    to.push_back(static_cast<std::byte>(n ? low | 0x80 : low));
  } while (n);
}

void append_name(Bytes& to, const std::string& name) {
  append_number(to, name.size());
  append(to, as_bytes(name));
}

Bytes imports(const Module& m) {
  Bytes out;
  append_number(out, m.imports.size());
  for (std::size_t i = 0; i < m.imports.size(); ++i) {
    append_name(out, "h");
    append_name(out, fmt::format("f{}", i));
    out.push_back(std::byte{0});
    append_number(out, m.imports[i].type);
  }
  return out;
}

Bytes exports(const Module& m) {
  std::set<std::uint32_t> functions;
  for (const auto& [name, index] : m.exports)
    if (index >= m.imports.size()) functions.insert(index);
  Bytes out;
  append_number(out, functions.size());
  for (const std::uint32_t index : functions) {
    append_name(out, fmt::format("f{}", index));
    out.push_back(std::byte{0});
    append_number(out, index);
  }
  return out;
}

}  // namespace

Bytes without_names(BytesView code, const Module& m) {
  Bytes out(code.begin(), code.begin() + 8);
  for (const Section& s : m.sections) {
    if (s.id == custom_section) continue;
    const bool named = s.id == import_section || s.id == export_section;
    const Bytes renamed = s.id == import_section ? imports(m) : s.id == export_section ? exports(m) : Bytes();
    const BytesView content = named ? BytesView(renamed) : code.subspan(s.begin, s.end - s.begin);
    out.push_back(static_cast<std::byte>(s.id));
    append_number(out, content.size());
    append(out, content);
  }
  return out;
}

}  // namespace writ::guest::wasm
