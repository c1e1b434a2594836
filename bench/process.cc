#include "process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "writ/base/clock.h"

namespace writ::bench {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> p;
  for (const std::string& w : words) p.push_back(const_cast<char*>(w.c_str()));
  p.push_back(nullptr);
  return p;
}

double milliseconds(const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; }

}  // namespace

Finished run_process(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                     const std::string& output) {
  const auto arguments = pointers(command), variables = pointers(environment);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  Finished done;
  pid_t pid = 0;
  rusage used{};
  const Nanoseconds start = system_clock().monotonic();
  const int refused = posix_spawn(&pid, command[0].c_str(), &files, nullptr, arguments.data(), variables.data());
  if (refused == 0) wait4(pid, &done.status, 0, &used);
  done.wall_ms = static_cast<double>((system_clock().monotonic() - start).count()) / 1e6;
  done.cpu_ms = milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
  done.peak_MiB = static_cast<double>(used.ru_maxrss) / 1024;
  posix_spawn_file_actions_destroy(&files);
  return done;
}

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

}  // namespace writ::bench
