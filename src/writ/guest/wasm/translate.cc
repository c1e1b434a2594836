#include "writ/guest/wasm/translate.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <thread>

#include "writ/base/escape.h"
#include "writ/base/thread.h"
#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/embedded.h"
#include "writ/guest/wasm/forbidden.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/rename.h"
#include "writ/guest/wasm/scratch.h"
#include "writ/guest/wasm/split.h"
#include "writ/guest/wasm/wasm_validate.h"
#include "writ/guest/wasm/validator.h"
#include "writ/supervise/run.h"

namespace writ::guest::wasm {
namespace {

using std::chrono::seconds;

// clang -O2 takes 14 s for 860 KB of C++ with iostreams and 55 s for a JavaScript engine.
constexpr auto compile_time = seconds(300);
constexpr auto translate_time = seconds(60);
constexpr ByteCount text_size_max = GiB;     // of the translator's C
constexpr ByteCount object_size_max = 512 * MiB;
constexpr ByteCount compiler_memory = 6 * GiB;

// The tool's own words, for whoever has to find out: the first lines only.
std::string complaint(const supervise::Finished& f) {
  constexpr std::size_t enough = 300;
  return escape_for_terminal(std::string_view(f.errors).substr(0, enough));
}

Result<void> run_tool(const Program& tool, std::vector<std::string> arguments, const Scratch& scratch, Nanoseconds time,
                      std::string_view doing) {
  auto command = tool_command(tool, std::move(arguments), scratch.path());
  command.limits.wall = command.limits.cpu = time;
  command.limits.address_space = compiler_memory;
  command.limits.file_size = text_size_max;
  WRIT_TRY(const supervise::Finished f, supervise::run(command));
  if (f.succeeded()) return {};
  if (f.limit == supervise::Limit::stopped) return Error{Code::unavailable, fmt::format("cancelled while {}", doing), tool.path, {}};
  if (f.ending == supervise::Ending::limited)
    return Error{Code::exhausted, fmt::format("{} {}", doing, f.ended()), tool.path,
                 "the module is too large or too deeply nested; split it"};
  return invalid(fmt::format("{} failed: {} {}", doing, tool.path, f.ended()), {}, complaint(f));
}

std::vector<std::string> with(std::span<const std::string_view> flags, std::initializer_list<std::string> more) {
  std::vector<std::string> all(flags.begin(), flags.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Tried one after the other if the code holds what no image may hold, with constants hidden. The first changes nothing else.
constexpr std::array<std::string_view, 4> other_layouts{"-O2", "-falign-functions=64", "-Os", "-O1"};

// "image" is the glue's (make_glue), which includes "settled.c".
std::string unit_name(std::size_t i) { return i == 0 ? "image" : fmt::format("unit{}", i); }
std::string settled_name(std::size_t i) { return i == 0 ? "settled.c" : fmt::format("settled{}.c", i); }

// Each unit by a compiler of its own, as many at once as there are CPUs.
Result<void> compile_units(const Toolchain& chain, const Scratch& scratch, std::string_view layout, std::size_t units) {
  std::vector<Result<void>> results(units);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < units;) {
      auto arguments = with(compiler_flags(), {"-c", unit_name(i) + ".c", "-o", unit_name(i) + ".o"});
      if (!layout.empty()) arguments.emplace_back(layout);
      results[i] = run_tool(chain.tools.compiler, std::move(arguments), scratch, compile_time, "compiling the translated module");
    }
  };
  std::vector<std::thread> others;
  for (std::size_t n = std::min<std::size_t>(units, std::max(1u, std::thread::hardware_concurrency())); n > 1; --n) {
    auto other = start_thread(work);
    if (!other) break;  // this one does all of it
    others.push_back(std::move(*other));
  }
  work();
  for (auto& t : others) t.join();
  for (auto& r : results) WRIT_CHECK(r);
  return {};
}

Result<Bytes> compile(const Toolchain& chain, const Scratch& scratch, std::string_view layout, std::size_t units) {
  WRIT_CHECK(compile_units(chain, scratch, layout, units));
  auto link = with(linker_flags(), {"-o", "image.so"});
  for (std::size_t i = 0; i < units; ++i) link.push_back(unit_name(i) + ".o");
  link.emplace_back("runtime.o");
  link.emplace_back("--threads=1");
  WRIT_CHECK(run_tool(chain.tools.linker, std::move(link), scratch, translate_time, "linking the image"));
  WRIT_TRY(const std::string image, scratch.read("image.so", object_size_max));
  return to_bytes(image);
}

Result<std::string> translate_to_c(BytesView code, const Module& module, const Toolchain& chain, const Scratch& scratch) {
  WRIT_CHECK(scratch.write("renamed.wasm", without_names(code, module)));
  WRIT_CHECK(run_tool(chain.tools.translator, {"--no-debug-names", "-n", "m", "renamed.wasm", "-o", "m.c"}, scratch, translate_time,
                      "translating the module to C"));
  WRIT_TRY(std::string text, scratch.read("m.c", text_size_max));
  return settle(std::move(text), module);
}

}  // namespace

Result<Bytes> translate(BytesView code, const Module& module, const Toolchain& chain, const std::string& folder,
                        const Progress& progress) {
  const auto doing = [&](std::string_view what) {
    if (progress) progress(what);
  };
  if (const auto valid = check_valid(code, module); !valid)
    return valid.error().code == Code::invalid ? in_words_of_wasm_validate(valid.error(), code, chain.tools.validator, folder) : valid.error();
  if (chain.tier == Tier::fast) return translate_baseline(code, module);
  WRIT_TRY(const Scratch scratch, Scratch::make(folder));
  doing("translating to C");
  WRIT_TRY(const std::string text, translate_to_c(code, module, chain, scratch));
  const std::vector<std::string> units = split_units(text, usual_cut);
  for (std::size_t i = 0; i < units.size(); ++i) {
    WRIT_CHECK(scratch.write(settled_name(i), as_bytes(units[i])));
    WRIT_CHECK(scratch.write(unit_name(i) + ".c", as_bytes(i == 0 ? make_glue(module) : make_unit(settled_name(i)))));
  }
  for (const EmbeddedFile& f : embedded_files()) WRIT_CHECK(scratch.write(f.name, f.bytes));

  doing(units.size() > 1 ? fmt::format("compiling {} units", units.size()) : "compiling");
  WRIT_TRY(Bytes image, compile(chain, scratch, {}, units.size()));
  for (const std::string_view layout : other_layouts) {
    WRIT_TRY(const bool clean, is_free_of_forbidden(image));
    if (clean) return image;
    doing("compiling again, because a forbidden instruction came about by chance");
    for (std::size_t i = 0; i < units.size(); ++i) WRIT_CHECK(scratch.write(settled_name(i), as_bytes(hide_constants(units[i]))));
    WRIT_TRY(image, compile(chain, scratch, layout, units.size()));
  }
  return image;  // the fence has the last word, and the better one
}

}  // namespace writ::guest::wasm
