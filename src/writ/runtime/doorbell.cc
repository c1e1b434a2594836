#include "writ/runtime/doorbell.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "writ/base/fd.h"
#include "writ/base/id.h"
#include "writ/base/thread.h"

namespace writ::runtime {
namespace {

constexpr std::size_t longest_word = 64;      // a name or an id
constexpr int most_waiting = 16;              // of those who ring at once
constexpr timeval patience{2, 0};             // for what the other side says or takes
constexpr std::string_view suffix = ".socket";

// A socket's name holds 107 bytes, a folder's path any number: so it is named through the folder's descriptor.
sockaddr_un address(const Fd& folder, const std::string& name) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
  std::memcpy(a.sun_path, path.data(), std::min(path.size(), sizeof a.sun_path - 1));
  return a;
}

Result<Fd> open_folder(const std::string& store) {
  const std::string path = store + "/running";
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, "cannot make the folder", path);
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return system_error(errno, "cannot open the folder", path);
  return folder;
}

void be_patient(const Fd& socket) {
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool is_same_user(const Fd& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

struct Doorbell::Parts {
  Fd folder, socket, stop;
  std::string name;
  Cancel cancel;
  std::thread thread;

  void answer(const Fd& caller) const {
    if (!is_same_user(caller)) return;
    be_patient(caller);
    std::array<char, longest_word + 1> word{};
    const ssize_t n = ::recv(caller.get(), word.data(), word.size(), 0);
    if (n <= 0 || static_cast<std::size_t>(n) > longest_word) return;
    const char said = cancel(std::string_view(word.data(), static_cast<std::size_t>(n))) ? '1' : '0';
    (void)!::send(caller.get(), &said, 1, MSG_NOSIGNAL);
  }

  void listen() const {
    for (;;) {
      std::array<pollfd, 2> waiting{{{socket.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
      if ((waiting[1].revents & POLLIN) != 0) return;
      if ((waiting[0].revents & POLLIN) == 0) continue;
      const Fd caller(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (caller) answer(caller);
    }
  }
};

Doorbell::Doorbell(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Doorbell>> Doorbell::hang(const std::string& store, Cancel cancel) {
  auto parts = std::make_unique<Parts>();
  parts->cancel = std::move(cancel);
  WRIT_TRY(parts->folder, open_folder(store));
  parts->name = TaskId::random().hex() + std::string(suffix);
  parts->socket = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  parts->stop = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!parts->socket || !parts->stop) return system_error(errno, "cannot make a socket", store);
  const sockaddr_un here = address(parts->folder, parts->name);
  if (::bind(parts->socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      ::listen(parts->socket.get(), most_waiting) != 0)
    return system_error(errno, "cannot listen", store + "/running");
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto thread = start_thread([p = parts.get()] { p->listen(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!thread) return thread.error();
  parts->thread = std::move(*thread);
  return std::unique_ptr<Doorbell>(new Doorbell(std::move(parts)));
}

Doorbell::~Doorbell() {
  const std::uint64_t one = 1;
  (void)!::write(parts_->stop.get(), &one, sizeof one);
  parts_->thread.join();
  ::unlinkat(parts_->folder.get(), parts_->name.c_str(), 0);
}

namespace {

std::vector<std::string> sockets(const Fd& folder) {
  std::vector<std::string> names;
  const int copy = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const entries = copy < 0 ? nullptr : ::fdopendir(copy);
  if (entries == nullptr) return names;
  while (const dirent* e = ::readdir(entries))
    if (std::string_view(e->d_name).ends_with(suffix)) names.emplace_back(e->d_name);
  ::closedir(entries);
  return names;
}

bool ask(const Fd& folder, const std::string& name, std::string_view task) {
  const Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  be_patient(socket);
  const sockaddr_un there = address(folder, name);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
    if (errno == ECONNREFUSED) ::unlinkat(folder.get(), name.c_str(), 0);  // its process is gone
    return false;
  }
  char said = 0;
  return ::send(socket.get(), task.data(), task.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(task.size()) &&
         ::recv(socket.get(), &said, 1, 0) == 1 && said == '1';
}

}  // namespace

Result<int> ring(const std::string& store, std::string_view task) {
  if (task.empty() || task.size() > longest_word) return 0;
  const Fd folder(::open((store + "/running").c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return errno == ENOENT ? Result<int>(0) : system_error(errno, "cannot open the folder", store + "/running");
  int asked = 0;
  for (const auto& name : sockets(folder)) asked += ask(folder, name, task) ? 1 : 0;
  return asked;
}

}  // namespace writ::runtime
