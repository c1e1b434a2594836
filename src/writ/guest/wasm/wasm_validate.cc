#include "writ/guest/wasm/wasm_validate.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "writ/base/escape.h"
#include "writ/guest/wasm/scratch.h"
#include "writ/supervise/run.h"

namespace writ::guest::wasm {
namespace {

// What the validator knows and the translator or our runtime does not. SIMD is on by default there.
struct Feature {
  std::string_view option;  // that allows it
  std::string_view name;
  std::string_view instead;
};
constexpr std::array<Feature, 10> features{{
    {"", "SIMD", "-mno-simd128 (and without -msimd128)"},
    {"--enable-threads", "threads", "without -pthread and -matomics"},
    {"--enable-tail-call", "tail calls", "-mno-tail-call"},
    {"--enable-memory64", "64-bit memory", "for wasm32"},
    {"--enable-exceptions", "exception handling", "-fno-exceptions"},
    {"--enable-multi-memory", "multiple memories", "with one memory"},
    {"--enable-extended-const", "extended constant expressions", "-mno-extended-const"},
    {"--enable-relaxed-simd", "relaxed SIMD", "-mno-simd128"},
    {"--enable-function-references", "typed function references", "without them"},
    {"--enable-gc", "garbage collection", "without it"},
}};

enum class Simd : std::uint8_t { refused, allowed };

Result<supervise::Finished> ask(const Program& validator, const std::string& folder, const std::string& file, std::string option,
                                Simd simd) {
  std::vector<std::string> arguments{"--ignore-custom-section-errors"};
  if (simd == Simd::refused) arguments.push_back("--disable-simd");
  if (!option.empty()) arguments.push_back(std::move(option));
  arguments.push_back(file);
  return supervise::run(tool_command(validator, std::move(arguments), folder));
}

// "file:0000012: error: text" -> the text, with the byte as place.
Error refusal(const supervise::Finished& f, const std::string& file) {
  std::string_view line = std::string_view(f.errors).substr(0, f.errors.find('\n'));
  if (line.starts_with(file + ":")) line.remove_prefix(file.size() + 1);
  const auto colon = line.find(": error: ");
  if (f.ending != supervise::Ending::exited || colon == line.npos)
    return invalid("the validator did not accept the module: it " + f.ended(), {}, escape_for_terminal(line));
  std::string_view offset = line.substr(0, colon);
  while (offset.size() > 1 && offset.starts_with('0')) offset.remove_prefix(1);
  return invalid("malformed or invalid WebAssembly: " + escape_for_terminal(line.substr(colon + 9)), fmt::format("byte 0x{}", offset));
}

// The module lies in `folder` as `file`.
Result<void> validate(const Program& validator, const std::string& folder, const std::string& file) {
  WRIT_TRY(const supervise::Finished plain, ask(validator, folder, file, "", Simd::refused));
  if (plain.succeeded()) return {};
  WRIT_TRY(const supervise::Finished everything, ask(validator, folder, file, "--enable-all", Simd::allowed));
  if (!everything.succeeded()) return refusal(plain, file);
  for (const Feature& f : features) {
    const bool of_simd = f.option.empty() || f.option == "--enable-relaxed-simd";
    WRIT_TRY(const supervise::Finished with, ask(validator, folder, file, std::string(f.option), of_simd ? Simd::allowed : Simd::refused));
    if (with.succeeded()) {
      Error e = refusal(plain, file);
      return invalid(fmt::format("the module uses {}, which the translator does not take", f.name), e.where,
                     fmt::format("rebuild it {}", f.instead));
    }
  }
  Error e = refusal(plain, file);
  return invalid("the module uses several features of WebAssembly that the translator does not take", e.where,
                 "rebuild it without SIMD, threads, tail calls, exceptions and 64-bit memory");
}

}  // namespace

Error in_words_of_wasm_validate(Error ours, BytesView code, const Program& validator, const std::string& folder) {
  const auto scratch = Scratch::make(folder);
  if (!scratch || !scratch->write("module.wasm", code)) return ours;
  const auto said = validate(validator, scratch->path(), "module.wasm");
  return said || said.error().code != Code::invalid ? ours : said.error();
}

}  // namespace writ::guest::wasm
