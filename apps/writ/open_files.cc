#include "open_files.h"

#include <sys/resource.h>

#include <cerrno>

namespace writ::cli {
namespace {
// SQLite's readers, the log and shared memory of the store, images, streams, timers: some dozens, and room to spare.
constexpr std::uint64_t our_own = 256;
}  // namespace

Result<void> make_room_for_files(std::uint64_t files) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return system_error(errno, "cannot ask for the limit of open files", {});
  const std::uint64_t wanted = files + our_own;
  if (limit.rlim_cur >= wanted) return {};
  if (limit.rlim_max < wanted)
    return Error{Code::exhausted, "this process may open " + std::to_string(limit.rlim_max) + " files, and " + std::to_string(our_own) +
                                      " of them are for the store and the cache", "--limit files=" + std::to_string(files),
                 limit.rlim_max > our_own ? "--limit files=" + std::to_string(limit.rlim_max - our_own) + " fits; `ulimit -Hn` is the system's word"
                                          : "raise the hard limit (ulimit -Hn)"};
  limit.rlim_cur = wanted;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return system_error(errno, "cannot raise the limit of open files", {});
  return {};
}

}  // namespace writ::cli
