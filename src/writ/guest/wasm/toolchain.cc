#include "writ/guest/wasm/toolchain.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/embedded.h"
#include "writ/guest/wasm/glue.h"
#include "writ/supervise/run.h"
#include "writ/wire/digest.h"

namespace writ::guest::wasm {
namespace {

// Of our own part that no file or flag shows: renaming, hidden constants, the loader. Raised when they change what an image is.
constexpr std::string_view generation = "writ image 2";

// Why each: semantics of WebAssembly (wrapping integers, exact floats, loops that may never end), no access to anything
// that the fence denies (stack protector and thread-local storage, procedure linkage), no state but the arena's.
constexpr std::array<std::string_view, 25> for_compiler{
    "-std=gnu17", "-O2", "-march=x86-64-v2", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-fno-plt",
    "-fno-stack-protector", "-fcf-protection=none", "-mno-red-zone", "-fno-asynchronous-unwind-tables", "-fomit-frame-pointer",
    "-fno-math-errno", "-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv", "-fno-finite-loops", "-fno-delete-null-pointer-checks",
    "-fbracket-depth=1000000", "-nostdlibinc", "-fno-ident", "-w", "-DNDEBUG", "-I."};
constexpr std::array<std::string_view, 16> for_linker{
    "-shared", "-z", "now", "-z", "relro", "-z", "noexecstack", "-z", "separate-loadable-segments", "-z", "max-page-size=4096",
    "--build-id=none", "--no-dynamic-linker", "--no-undefined", "-Bsymbolic", "--gc-sections"};

// Identifies a program without reading or running it.
Result<std::string> stamp(const Program& t) {
  struct stat s {};
  if (::stat(t.path.c_str(), &s) != 0) {
    Error e = system_error(errno, "cannot find", t.path);
    e.hint = fmt::format("install the Debian package {}: apt-get install {}", t.package, t.package);
    return e;
  }
  return fmt::format("{} {} {} {} {}.{:09}", t.path, s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

Result<std::string> ask_version(const Program& t) {
  WRIT_TRY(const supervise::Finished f, supervise::run(tool_command(t, {"--version"}, "/")));
  if (!f.succeeded()) return Error{Code::unavailable, "the program does not tell its version: it " + f.ended(), t.path, {}};
  return f.output.substr(0, f.output.find('\n'));
}

Result<std::vector<std::string>> versions(const Tools& tools, const Cache& cache) {
  const std::vector<const Program*> asked{&tools.translator, &tools.compiler, &tools.linker};
  std::string stamps;
  for (const Program* t : asked) {
    WRIT_TRY(const std::string s, stamp(*t));
    stamps += s + '\n';
  }
  const std::string kept_as = "tools-" + sha256(as_bytes(stamps)).hex().substr(0, 16);
  std::vector<std::string> answers;
  if (const auto kept = cache.find_note(kept_as)) {
    std::size_t at = 0;
    for (std::size_t end; (end = kept->find('\n', at)) != kept->npos; at = end + 1) answers.push_back(kept->substr(at, end - at));
    if (answers.size() == asked.size()) return answers;
    answers.clear();
  }
  std::string note;
  for (const Program* t : asked) {
    WRIT_TRY(answers.emplace_back(), ask_version(*t));
    note += answers.back() + '\n';
  }
  WRIT_CHECK(cache.keep_note(kept_as, note));
  return answers;
}

}  // namespace

std::span<const std::string_view> compiler_flags() { return for_compiler; }
std::span<const std::string_view> linker_flags() { return for_linker; }

Result<Toolchain> find_toolchain(const Tools& tools, Tier tier, const Cache& cache) {
  Toolchain t{tools, tier, {}, {}};
  std::string all(generation);
  const auto add = [&all](std::string_view part) { (all += '\n') += part; };
  if (tier == Tier::fast) {
    add(baseline_fingerprint());
    t.tool = {"writ baseline", digest(as_bytes(all))};
    return t;
  }
  WRIT_TRY(t.versions, versions(tools, cache));
  for (const auto& v : t.versions) add(v);
  for (const auto f : compiler_flags()) add(f);
  for (const auto f : linker_flags()) add(f);
  add(glue_fingerprint());
  for (const EmbeddedFile& f : embedded_files()) add(sha256(f.bytes).hex());
  t.tool = {fmt::format("{}, {}", t.versions[0], t.versions[1]), digest(as_bytes(all))};
  return t;
}

supervise::Command tool_command(const Program& tool, std::vector<std::string> arguments, const std::string& folder) {
  // Large pages: the validator, which makes an object of every operator, is a fifth sooner with them.
  supervise::Command c{.program = tool.path, .package = tool.package, .arguments = std::move(arguments),
                       .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TMPDIR=" + folder, "HOME=" + folder,
                                       "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"}, .folder = folder};
  c.stop = tool.stop;
  c.confinement.read = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/dev/null"};
  if (folder != "/") c.confinement.write = {folder};
  return c;
}

}  // namespace writ::guest::wasm
