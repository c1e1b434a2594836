#include "writ/guest/wasm/translate.h"

#include <fmt/format.h>

#include <array>

#include "writ/base/escape.h"
#include "writ/guest/wasm/embedded.h"
#include "writ/guest/wasm/forbidden.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/rename.h"
#include "writ/guest/wasm/scratch.h"
#include "writ/guest/wasm/validate.h"
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
  if (f.ending == supervise::Ending::limited)
    return Error{Code::exhausted, fmt::format("{} {}", doing, f.ended()), tool.path,
                 "the module is too large or too deeply nested; split it"};
  return invalid(fmt::format("{} failed: {} {}", doing, tool.path, f.ended()), {}, complaint(f));
}

std::vector<std::string> with(std::span<const std::string_view> flags, std::initializer_list<std::string_view> more) {
  std::vector<std::string> all(flags.begin(), flags.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Tried one after the other if the code holds what no image may hold, with constants hidden. The first changes nothing else.
constexpr std::array<std::string_view, 4> other_layouts{"-O2", "-falign-functions=64", "-Os", "-O1"};

Result<Bytes> compile(const Tools& tools, const Scratch& scratch, std::string_view layout) {
  auto arguments = with(compiler_flags(), {"-c", "image.c", "-o", "image.o"});
  if (!layout.empty()) arguments.emplace_back(layout);
  WRIT_CHECK(run_tool(tools.compiler, std::move(arguments), scratch, compile_time, "compiling the translated module"));
  WRIT_CHECK(run_tool(tools.linker, with(linker_flags(), {"--threads=1", "-o", "image.so", "image.o", "runtime.o"}), scratch,
                      translate_time, "linking the image"));
  WRIT_TRY(const std::string image, scratch.read("image.so", object_size_max));
  return to_bytes(image);
}

}  // namespace

Result<void> validate_bytes(BytesView code, const Tools& tools, const std::string& folder) {
  WRIT_TRY(const Scratch scratch, Scratch::make(folder));
  WRIT_CHECK(scratch.write("module.wasm", code));
  return validate(tools.validator, scratch.path(), "module.wasm");
}

Result<Bytes> translate(BytesView code, const Module& module, const Toolchain& toolchain, const std::string& folder) {
  const Tools& tools = toolchain.tools;
  WRIT_TRY(const Scratch scratch, Scratch::make(folder));
  WRIT_CHECK(scratch.write("module.wasm", code));
  WRIT_CHECK(validate(tools.validator, scratch.path(), "module.wasm"));

  WRIT_CHECK(scratch.write("renamed.wasm", without_names(code, module)));
  WRIT_CHECK(run_tool(tools.translator, {"--no-debug-names", "-n", "m", "renamed.wasm", "-o", "m.c"}, scratch, translate_time,
                      "translating the module to C"));
  WRIT_TRY(std::string text, scratch.read("m.c", text_size_max));
  WRIT_TRY(text, settle(std::move(text), module));
  WRIT_CHECK(scratch.write("settled.c", as_bytes(text)));
  WRIT_CHECK(scratch.write("image.c", as_bytes(make_glue(module))));
  for (const EmbeddedFile& f : embedded_files()) WRIT_CHECK(scratch.write(f.name, f.bytes));

  WRIT_TRY(Bytes image, compile(tools, scratch, {}));
  for (const std::string_view layout : other_layouts) {
    WRIT_TRY(const bool clean, is_free_of_forbidden(image));
    if (clean) return image;
    WRIT_CHECK(scratch.write("settled.c", as_bytes(hide_constants(text))));
    WRIT_TRY(image, compile(tools, scratch, layout));
  }
  return image;  // the fence has the last word, and the better one
}

}  // namespace writ::guest::wasm
