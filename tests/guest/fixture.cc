#include "fixture.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "writ/actor/host_files.h"
#include "writ/authority/capability.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/fence/testing_options.h"
#include "writ/gate/session.h"
#include "writ/supervise/run.h"

namespace writ::guest::testing {
namespace {

template <class T>
T must(Result<T> r, std::string_view doing) {
  if (r) return std::move(*r);
  fmt::print(stderr, "{}: {}\n", doing, r.error().text());
  std::abort();
}

class Streams final : public Stdio {
 public:
  explicit Streams(std::string input) : input_(std::move(input)) {}
  Result<std::size_t> read(std::span<std::byte> into, Nanoseconds) override {
    const std::size_t n = std::min(into.size(), input_.size() - at_);
    std::memcpy(into.data(), input_.data() + at_, n);
    at_ += n;
    return n;
  }
  Result<void> write(Stream s, std::span<const std::byte> bytes) override {
    (s == Stream::out ? out : err) += as_text(bytes);
    return {};
  }
  std::string out, err;

 private:
  std::string input_;
  std::size_t at_ = 0;
};

std::vector<authority::Grant> parse(const std::vector<std::string>& texts) {
  std::vector<authority::Grant> grants;
  for (const auto& t : texts) grants.push_back(must(authority::parse_grant(t, "/", system_clock().wall()), t));
  return grants;
}

}  // namespace

std::string default_cache() { return WRIT_BINARY_DIR "/images"; }

Bytes file(const std::string& path) { return to_bytes(must(read_file(path, 64 * MiB), path)); }

Bytes wat(std::string_view text, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-", "--output=-"});
  supervise::Command c{.program = "/usr/bin/wat2wasm", .package = "wabt", .arguments = std::move(arguments)};
  c.input = std::string(text);
  c.limits.output = 64 * MiB;
  const auto f = must(supervise::run(c), "wat2wasm");
  if (!f.succeeded()) must(Result<int>(invalid(f.errors)), "wat2wasm");
  return to_bytes(f.output);
}

Machine::Machine(std::string cache, wasm::Tools tools, wasm::TierChoice tier, std::function<void()> improve)
    : folder_(std::filesystem::temp_directory_path() / ("writ-guest-" + TaskId::random().brief())),
      fence_(must(fence::open_fence(fence::testing_options(std::getenv(fence::signal_stack_variable))), "fence")),
      engine_(must(wasm::open_engine({.fence = fence_, .cache = cache.empty() ? default_cache() : cache, .tools = tools, .tier = tier,
                                      .improve = std::move(improve)}), "engine")),
      store_(must(store::Store::open(folder_, {.access = store::Access::create, .durability = store::Durability::none, .disk = {}}), "store")),
      thread_(must(fence_->guard_thread(), "thread")) {}

Machine::~Machine() {
  thread_.reset();
  store_.reset();
  std::filesystem::remove_all(folder_);
}

Result<Ran> Machine::run(const Image& image, fence::GuestThread& thread, const Task& task) {
  const store::Reader snapshot = *store_->snapshot();
  effect::Journal journal;
  authority::CapabilitySet capabilities(parse(task.grants), {}, system_clock());
  actor::HostFiles files;
  for (std::uint32_t i = 0; i < capabilities.grants().size(); ++i)
    if (const auto& g = capabilities.grants()[i]; g.kind == effect::Kind::file_read) WRIT_CHECK(files.admit(i, g.resource->root()));
  gate::Session session({capabilities, journal, task.limits.effects, gate::OnDenial::refuse, snapshot, files, system_clock(),
                         WallTime{1'000'000}, {}, {}});
  Streams streams(task.input);
  Call call{task.arguments, task.entry, task.limits, session, streams, *task.cancellation, thread};
  WRIT_TRY(const Run r, engine_->run(image, call));
  return Ran{r.outcome, r.resources, streams.out, streams.err, journal.entries()};
}

Result<Ran> Machine::run(BytesView code, const Task& task) {
  WRIT_TRY(const auto image, prepare(code));
  return run(*image, task);
}

}  // namespace writ::guest::testing
