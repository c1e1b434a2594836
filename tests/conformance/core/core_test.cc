// The tests of the WebAssembly core specification (WebAssembly/testsuite), on the baseline translator: every module that
// needs no more than functions of its host is instantiated, every function that the host can enter is called and gives what
// the specification says, and what is not valid is refused.
//
// Not part of this repository: $WRIT_WASM_TESTSUITE is a folder with its .wast files, as wast2json of wabt 1.0.32 takes them
// (September 2022: commit 4f77306bb631).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "fixture.h"
#include "writ/guest/wasm/baseline.h"
#include "writ/guest/wasm/glue.h"
#include "writ/guest/wasm/image.h"
#include "writ/guest/wasm/validator.h"
#include "writ/memory/arena.h"
#include "writ/supervise/run.h"

namespace writ::guest::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using namespace std::chrono_literals;

// The instance's state as image/runtime.h has it.
constexpr std::size_t result_word = 2, arguments_word = 3;

class Instance final : public fence::HostCalls {
 public:
  Instance(fence::SlotHandle slot, fence::GuestThread& thread, std::shared_ptr<const wasm::WasmImage> image)
      : thread_(thread), image_(std::move(image)) {
    memory::ArenaLimits limits{ByteCount(ARENA_MEMORY_PAGES_MAX * ARENA_WASM_PAGE), ByteCount(4 << 20), ByteCount(ARENA_STATE_MAX)};
    auto arena = memory::Arena::open(std::move(slot), limits);
    arena_.emplace(std::move(*arena));
    start();
  }
  bool started() const { return started_; }
  const wasm::WasmImage& image() const { return *image_; }

  // Nothing if it trapped. A slot that a fault ended is not entered again: then an instance is brought to where this was.
  std::optional<std::uint64_t> call(std::uint32_t function, const std::vector<std::uint64_t>& arguments) {
    if (arena_->slot().poisoned()) {
      EXPECT_TRUE(arena_->reset());
      start();
      for (const auto& [f, a] : returned_) EXPECT_TRUE(enter_with(f, a));
    }
    const auto result = enter_with(function, arguments);
    if (result) returned_.emplace_back(function, arguments);
    return result;
  }

  fence::HostReply call(std::uint64_t index, std::span<const std::uint64_t> arguments) override {
    switch (index) {
      case CALL_TRAP: return fence::HostReply::leave();
      case CALL_MEMORY_INIT: return fence::HostReply::of(std::min<std::uint64_t>(arguments[1], arena_->max_pages().value()));
      case CALL_MEMORY_GROW: {
        const auto before = arena_->grow(WasmPageCount(arguments[0] & UINT32_MAX));
        return fence::HostReply::of(before ? before->value() : UINT32_MAX);
      }
      default: return fence::HostReply::of(0);
    }
  }

 private:
  void start() {
    EXPECT_TRUE(arena_->commit(image_->module().memory_minimum));
    started_ = enter(image_->instantiate());
  }
  std::optional<std::uint64_t> enter_with(std::uint32_t function, const std::vector<std::uint64_t>& arguments) {
    auto* state = reinterpret_cast<std::uint64_t*>(arena_->slot().base() + ARENA_STATE);
    std::ranges::copy(arguments, state + arguments_word);
    if (!enter(*image_->entry_of(function))) return std::nullopt;
    return state[result_word];
  }
  bool enter(std::uint64_t function) {
    const std::uint64_t state = arena_->address(ARENA_STATE);
    const auto e = arena_->enter(thread_, function, state, state + arena_->state().size(), 20s, *this);
    EXPECT_TRUE(e);
    return e && e->ending == fence::Ending::returned;
  }
  fence::GuestThread& thread_;
  std::shared_ptr<const wasm::WasmImage> image_;
  std::optional<memory::Arena> arena_;
  std::vector<std::pair<std::uint32_t, std::vector<std::uint64_t>>> returned_;
  bool started_ = false;
};

struct Count {
  std::size_t modules = 0, returned = 0, trapped = 0, refused = 0, skipped = 0;
};

bool is_nan(const std::string& type, std::uint64_t bits) {
  if (type == "f32") return (bits & 0x7fffffff) > 0x7f800000;
  return (bits & ~(1ull << 63)) > 0x7ff0000000000000;
}

class Core : public ::testing::TestWithParam<wasm::Constants> {
 protected:
  Core() : machine_({}, {}, wasm::TierChoice::fast) {}

  void run(const fs::path& wast) {
    const fs::path folder = fs::path(::testing::TempDir()) / ("writ-core-" + std::to_string(::getpid()) + "-" + wast.stem().string());
    fs::create_directories(folder);
    const std::string json = (folder / "test.json").string();
    supervise::Command c{.program = "/usr/bin/wast2json", .package = "wabt", .arguments = {"--disable-simd", wast.string(), "-o", json}};
    c.confinement.read = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", wast.parent_path().string()};
    c.confinement.write = {folder.string()};
    c.limits.file_size = 64 * MiB;
    const auto converted = supervise::run(c);
    if (converted && converted->succeeded()) {
      current_.reset();
      named_.clear();
      const Json script = Json::parse(as_text(file(json)));
      for (const auto& command : script["commands"]) {
        SCOPED_TRACE(wast.filename().string() + ":" + std::to_string(command["line"].get<int>()));
        one(command, folder);
      }
    } else {
      std::printf("wast2json does not take %s: %s\n", wast.filename().c_str(),
                  converted ? converted->errors.substr(0, 200).c_str() : converted.error().text().c_str());
      ++count_.skipped;
    }
    fs::remove_all(folder);
  }

  void one(const Json& c, const fs::path& folder) {
    const std::string type = c["type"];
    const auto code = [&] { return file((folder / c["filename"].get<std::string>()).string()); };
    if (type == "module") return module(c, code());
    if (type == "register") return share(c);
    if (type == "assert_uninstantiable") return uninstantiable(code());
    if (type == "assert_invalid" || type == "assert_malformed") {
      if (c.value("module_type", "binary") != "binary") return;
      EXPECT_FALSE(machine_.prepare(code())) << c["text"];
      ++count_.refused;
      return;
    }
    const bool returns = type == "assert_return" || type == "action";
    if (!returns && type != "assert_trap" && type != "assert_exhaustion") return;
    if (!c.contains("action")) return;
    action(c, returns);
  }

  std::shared_ptr<Instance> instantiate(const Bytes& code) {
    const auto parsed = wasm::parse_module(code);
    if (parsed) {
      const auto valid = wasm::check_valid(code, *parsed);
      EXPECT_TRUE(valid) << (valid ? "" : valid.error().text());
    }
    if (!parsed || std::ranges::any_of(parsed->imports, [](const auto& i) { return i.module != "spectest"; })) return nullptr;
    auto chain = wasm::find_toolchain({}, wasm::Tier::fast, *wasm::Cache::open(default_cache()));
    const auto object = wasm::translate_baseline(code, *parsed, GetParam());
    EXPECT_TRUE(object) << (object ? "" : object.error().text());
    if (!object) return nullptr;
    auto image = wasm::WasmImage::load(machine_.fence(), *object, digest(code), *parsed, {}, wasm::Tier::fast, chain->tool);
    EXPECT_TRUE(image) << (image ? "" : image.error().text());
    if (!image) return nullptr;
    auto slot = machine_.fence().acquire(100ms);  // without keys there is one, which an instance with a name may have
    return slot ? std::make_shared<Instance>(std::move(*slot), machine_.thread(), *image) : nullptr;
  }

  void module(const Json& c, const Bytes& code) {
    current_ = nullptr;
    current_ = instantiate(code);
    if (current_ && !current_->started()) {
      ADD_FAILURE() << "not instantiated";
      current_ = nullptr;
    }
    ++(current_ ? count_.modules : count_.skipped);
    if (c.contains("name")) named_[c["name"]] = current_;
  }

  // Other modules would change it from now on, and they are not for us.
  void share(const Json& c) {
    const auto shared = c.contains("name") ? named_[c["name"]] : current_;
    if (current_ == shared) current_ = nullptr;
    for (auto& [name, instance] : named_)
      if (instance == shared) instance = nullptr;
  }

  void uninstantiable(const Bytes& code) {
    const auto instance = instantiate(code);
    if (!instance) return void(++count_.skipped);
    EXPECT_FALSE(instance->started());
    ++count_.trapped;
  }

  void action(const Json& c, bool returns) {
    const Json& a = c["action"];
    const auto instance = a.contains("module") ? named_[a["module"]] : current_;
    if (!instance || a["type"] != "invoke") return void(++count_.skipped);
    const auto& module = instance->image().module();
    const auto found = module.exports.find(a["field"].get<std::string>());
    if (found == module.exports.end() || !wasm::is_callable(module, found->second)) {
      current_ = nullptr;  // it might have changed something
      return void(++count_.skipped);
    }
    std::vector<std::uint64_t> arguments;
    for (const auto& v : a["args"]) arguments.push_back(std::stoull(v["value"].get<std::string>()));
    const auto result = instance->call(found->second, arguments);
    EXPECT_EQ(result.has_value(), returns) << a.dump();
    ++(returns ? count_.returned : count_.trapped);
    if (!returns || !result || !c.contains("expected") || c["expected"].empty()) return;
    const std::string wanted = c["expected"][0].value("value", ""), of = c["expected"][0]["type"];
    if (wanted.starts_with("nan:")) {
      EXPECT_TRUE(is_nan(of, *result)) << a.dump() << " gave " << *result;
    } else {
      EXPECT_EQ(std::to_string(*result), wanted) << a.dump();
    }
  }

  Machine machine_;
  std::shared_ptr<Instance> current_;
  std::map<std::string, std::shared_ptr<Instance>> named_;
  Count count_;
};

TEST_P(Core, EveryTestOfTheSpecification) {
  const char* suite = std::getenv("WRIT_WASM_TESTSUITE");
  if (suite == nullptr || !fs::is_directory(suite)) GTEST_SKIP() << "not covered: no testsuite of the core specification (set WRIT_WASM_TESTSUITE)";
  std::vector<fs::path> files;
  for (const auto& e : fs::directory_iterator(suite))
    if (e.path().extension() == ".wast" && !e.path().filename().string().starts_with("simd")) files.push_back(e.path());
  std::ranges::sort(files);
  for (const auto& f : files) run(f);
  std::printf("%zu files: %zu modules, %zu calls that return, %zu that trap, %zu modules refused; %zu not for us\n", files.size(),
              count_.modules, count_.returned, count_.trapped, count_.refused, count_.skipped);
  EXPECT_GT(count_.returned, 10'000u);
  EXPECT_GT(count_.refused, 1'000u);
}

INSTANTIATE_TEST_SUITE_P(Constants, Core, ::testing::Values(wasm::Constants::plain, wasm::Constants::hidden),
                         [](const auto& c) { return c.param == wasm::Constants::plain ? "Plain" : "Hidden"; });

}  // namespace
}  // namespace writ::guest::testing
