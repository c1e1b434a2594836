#include "limit_words.h"

#include <array>

#include "arguments.h"
#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

constexpr std::array<std::string_view, 8> names{"memory", "time", "stack", "output", "effects", "files", "processes", "disk"};
constexpr ByteCount largest_memory = 1024 * GiB;  // WebAssembly has a limit of its own (run_options.cc)
constexpr ByteCount largest_disk = 1024 * GiB;
constexpr std::uint64_t most_processes = 1'000'000;
constexpr ByteCount largest_stack = 64 * MiB;
constexpr ByteCount smallest_stack = 64 * KiB;
constexpr ByteCount largest_output = 4 * GiB;
constexpr Nanoseconds longest = std::chrono::hours(24 * 365);
constexpr std::uint64_t most_effects = 1'000'000'000;
constexpr std::uint64_t most_files = 65536;

Result<ByteCount> size_between(std::string_view value, std::string_view where, ByteCount least, ByteCount most) {
  const auto size = parse_size(value);
  if (!size || *size < least || *size > most)
    return invalid(
        "\"" + std::string(value) + "\" is not a size from " + format_size(least) + " to " + format_size(most),
        std::string(where), "for example 64MiB");
  return *size;
}

Result<Nanoseconds> time_up_to(std::string_view value, std::string_view where) {
  const auto time = parse_time(value);
  if (!time || time->count() <= 0 || *time > longest)
    return invalid("\"" + std::string(value) + "\" is not a time with a unit, up to 365d", std::string(where),
                   "for example 500ms, 60s or 5min");
  return *time;
}

}  // namespace

Result<void> set_limit(guest::Limits& limits, std::string_view name, std::string_view value, std::string_view where) {
  if (name == "memory") {
    WRIT_TRY(limits.memory, size_between(value, where, 64 * KiB, largest_memory));
  } else if (name == "stack") {
    WRIT_TRY(limits.stack, size_between(value, where, smallest_stack, largest_stack));
  } else if (name == "output") {
    WRIT_TRY(limits.output, size_between(value, where, ByteCount(0), largest_output));
  } else if (name == "time") {
    WRIT_TRY(limits.time, time_up_to(value, where));
  } else if (name == "effects") {
    WRIT_TRY(limits.effects, parse_number(value, where, 0, most_effects));
  } else if (name == "files") {
    WRIT_TRY(limits.files, parse_number(value, where, 1, most_files));
  } else if (name == "processes") {
    WRIT_TRY(limits.processes, parse_number(value, where, 2, most_processes));
  } else if (name == "disk") {
    WRIT_TRY(limits.disk, size_between(value, where, MiB, largest_disk));
  } else {
    return invalid("unknown limit \"" + std::string(name) + "\"", std::string(where),
                   suggestion(name, names, "one of: memory time stack output effects files processes disk"));
  }
  return {};
}

}  // namespace writ::cli
