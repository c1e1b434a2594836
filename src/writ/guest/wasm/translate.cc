#include "writ/guest/wasm/translate.h"

#include <fmt/format.h>

#include <array>
#include <thread>

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
  if (f.limit == supervise::Limit::stopped) return Error{Code::unavailable, fmt::format("cancelled while {}", doing), tool.path, {}};
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
constexpr std::array<std::string_view, 1> other_layouts_fast{""};  // tcc knows no other

std::span<const std::string_view> layouts(Tier t) {
  if (t == Tier::fast) return other_layouts_fast;
  return other_layouts;
}

Result<Bytes> compile(const Toolchain& chain, const Scratch& scratch, std::string_view layout) {
  auto arguments = with(compiler_flags(chain.tier), {"-c", "image.c", "-o", "image.o"});
  if (!layout.empty()) arguments.emplace_back(layout);
  WRIT_CHECK(run_tool(chain.tools.compiler_of(chain.tier), std::move(arguments), scratch, compile_time, "compiling the translated module"));
  auto link = with(linker_flags(chain.tier), {"-o", "image.so", "image.o", "runtime.o"});
  link.emplace_back(chain.tier == Tier::fast ? "fast.o" : "--threads=1");
  WRIT_CHECK(run_tool(chain.tools.linker_of(chain.tier), std::move(link), scratch, translate_time, "linking the image"));
  WRIT_TRY(const std::string image, scratch.read("image.so", object_size_max));
  return to_bytes(image);
}

// The validator's verdict is waited for before anything that was made is used; meanwhile the translator is at work on the
// other CPU. Both are limited children, and neither believes the other.
class Validation {
 public:
  Validation(const Tools& tools, const Scratch& scratch)
      : thread_([&tools, &scratch, this] { verdict_ = validate(tools.validator, scratch.path(), "module.wasm"); }) {}
  ~Validation() {
    if (thread_.joinable()) thread_.join();
  }
  Validation(const Validation&) = delete;
  Result<void> verdict() {
    thread_.join();
    return verdict_;
  }

 private:
  Result<void> verdict_;
  std::thread thread_;
};

Result<std::string> translate_to_c(BytesView code, const Module& module, const Toolchain& chain, const Scratch& scratch) {
  WRIT_CHECK(scratch.write("module.wasm", code));
  WRIT_CHECK(scratch.write("renamed.wasm", without_names(code, module)));
  Validation validation(chain.tools, scratch);
  const auto translated = run_tool(chain.tools.translator, {"--no-debug-names", "-n", "m", "renamed.wasm", "-o", "m.c"},
                                   scratch, translate_time, "translating the module to C");
  WRIT_CHECK(validation.verdict());  // its words are the better ones
  WRIT_CHECK(translated);
  WRIT_TRY(std::string text, scratch.read("m.c", text_size_max));
  return settle(std::move(text), module, chain.tier);
}

}  // namespace

Result<void> validate_bytes(BytesView code, const Tools& tools, const std::string& folder) {
  WRIT_TRY(const Scratch scratch, Scratch::make(folder));
  WRIT_CHECK(scratch.write("module.wasm", code));
  return validate(tools.validator, scratch.path(), "module.wasm");
}

Result<Bytes> translate(BytesView code, const Module& module, const Toolchain& chain, const std::string& folder) {
  WRIT_TRY(const Scratch scratch, Scratch::make(folder));
  WRIT_TRY(const std::string text, translate_to_c(code, module, chain, scratch));
  WRIT_CHECK(scratch.write("settled.c", as_bytes(text)));
  WRIT_CHECK(scratch.write("image.c", as_bytes(make_glue(module))));
  for (const EmbeddedFile& f : embedded_files()) WRIT_CHECK(scratch.write(f.name, f.bytes));

  WRIT_TRY(Bytes image, compile(chain, scratch, {}));
  for (const std::string_view layout : layouts(chain.tier)) {
    WRIT_TRY(const bool clean, is_free_of_forbidden(image));
    if (clean) return image;
    WRIT_CHECK(scratch.write("settled.c", as_bytes(hide_constants(text))));
    WRIT_TRY(image, compile(chain, scratch, layout));
  }
  return image;  // the fence has the last word, and the better one
}

}  // namespace writ::guest::wasm
