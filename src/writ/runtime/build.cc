#include "writ/runtime/build.h"

#include "writ/guest/wasm/foundry.h"
#include "writ/guest/wasm/improve.h"
#include "writ/supervise/detach.h"

namespace writ::runtime {
namespace {

using namespace guest;

// All modules that wait, each of which may take the compiler's own limit.
constexpr auto longest_work = std::chrono::minutes(30);
constexpr ByteCount most_memory = 6 * GiB;  // as much as one compiler may have, which inherits it
constexpr ByteCount largest_file = GiB;

}  // namespace

Result<Built> build(const std::string& cache, std::span<const std::byte> code, TierChoice choice,
                    const std::function<void(std::string_view)>& progress) {
  WRIT_TRY(wasm::Cache opened, wasm::Cache::open(cache));
  wasm::Foundry foundry({}, std::move(opened));
  WRIT_TRY(const wasm::Module module, foundry.parse(code));
  const auto tier = choice == TierChoice::fast ? wasm::Tier::fast : wasm::Tier::best;
  WRIT_TRY(const wasm::Toolchain chain, foundry.toolchain(tier));
  const Sha256 key = wasm::Foundry::key(chain, sha256(code));
  WRIT_TRY(const auto kept, foundry.find(key));
  if (kept) return Built{Built::How::was_there, std::string(wasm::engine_name(tier)), sha256(*kept).hex()};
  WRIT_TRY(const Bytes made, foundry.make(code, module, chain, key, progress));
  WRIT_TRY(const auto stored, foundry.find(key));
  if (!stored) WRIT_CHECK(foundry.cache().store(key, made));  // says why it could not be kept, which here is the point
  return Built{Built::How::made, std::string(wasm::engine_name(tier)), sha256(made).hex()};
}

Result<BuiltWaiting> build_waiting(const std::string& cache) {
  wasm::yield_to_everybody();
  WRIT_TRY(wasm::Cache opened, wasm::Cache::open(cache));
  wasm::Foundry foundry({}, std::move(opened));
  WRIT_TRY(const auto worked, wasm::Improvements(foundry).work([] { return false; }));
  return BuiltWaiting{worked.made, worked.failed};
}

Result<void> start_building(const std::string& program, const std::string& cache) {
  supervise::Command c{.program = program, .arguments = {"build", "--waiting=" + cache}, .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"}};
  c.limits.wall = c.limits.cpu = longest_work;
  c.limits.address_space = most_memory;
  c.limits.file_size = largest_file;
  c.confinement.read = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/dev/null", "/proc", program};
  c.confinement.write = {cache};
  return supervise::detach(c);
}

}  // namespace writ::runtime
