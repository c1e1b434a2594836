#include "writ/workspace/testing_mounted.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "writ/workspace/testing_folder.h"

namespace writ::workspace::testing {

namespace {
void put_text(const char* path, const std::string& text) {
  std::ofstream(path) << text;
}
}  // namespace

int as_guest(const MountedShadow& shadow, Overlay form, const std::function<void()>& guest) {
  const Folder place;  // not the root itself: what is mounted first would hide the volumes that are to be laid under
  const auto top = shadow.mounts().empty() ? shadow.folder() : place.text();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto uid = ::geteuid();
    const auto gid = ::getegid();
    if (!shadow.mounts().empty()) {
      if (::unshare(CLONE_NEWNS | (form == Overlay::user ? CLONE_NEWUSER : 0)) != 0) ::_exit(120);
      if (form == Overlay::user) {
        put_text("/proc/self/setgroups", "deny");
        put_text("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
        put_text("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
      }
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(121);
      for (const auto& m : shadow.mounts()) {
        const auto target = top + (m.at.empty() ? "" : "/" + m.at);
        if (::mount("overlay", target.c_str(), "overlay", m.flags, m.options.c_str()) != 0) ::_exit(122);
      }
    }
    if (::chdir(top.c_str()) != 0) ::_exit(123);
    try {
      guest();
    } catch (const std::exception& e) {
      (void)!::write(2, e.what(), std::string_view(e.what()).size());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace writ::workspace::testing
