#include "tests/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

namespace writ::cli_test {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read, write;
};

std::vector<char*> pointers(const Words& words) {
  std::vector<char*> p;
  for (const auto& w : words) p.push_back(const_cast<char*>(w.c_str()));
  p.push_back(nullptr);
  return p;
}

// Appends what is there; false at the end.
bool take(Fd& fd, std::string& to) {
  char piece[65536];
  const ssize_t n = ::read(fd.get(), piece, sizeof piece);
  if (n > 0) to.append(piece, static_cast<std::size_t>(n));
  if (n == 0) fd.reset();
  return n > 0;
}

}  // namespace

Json Ended::json() const {
  const Json parsed = Json::parse(out, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << "not one document: " << out << err;
  return parsed;
}

std::string Ended::last_line() const {
  const auto all = lines(err);
  return all.empty() ? "" : all.back();
}

Running::Running(pid_t pid, Fd out, Fd err, Fd in, std::string input, std::chrono::seconds patience)
    : pid_(pid),
      out_(std::move(out)),
      err_(std::move(err)),
      in_(std::move(in)),
      input_(std::move(input)),
      end_(std::chrono::steady_clock::now() + patience) {
  if (input_.empty()) in_.reset();
}

Running::~Running() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Running::kill(int signal) const { ::kill(pid_, signal); }

bool Running::pump(std::chrono::steady_clock::time_point until) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  if (left <= 0) return false;
  std::array<pollfd, 3> fds{
      {{out_ ? out_.get() : -1, POLLIN, 0}, {err_ ? err_.get() : -1, POLLIN, 0}, {in_ ? in_.get() : -1, POLLOUT, 0}}};
  if (::poll(fds.data(), fds.size(), static_cast<int>(left)) < 0) return errno == EINTR;
  if (fds[0].revents) take(out_, ended_.out);
  if (fds[1].revents) take(err_, ended_.err);
  if (fds[2].revents) {
    const ssize_t n = ::write(in_.get(), input_.data(), std::min<std::size_t>(input_.size(), 4096));
    if (n > 0) input_.erase(0, static_cast<std::size_t>(n));
    if (n < 0 || input_.empty()) in_.reset();
  }
  return true;
}

Ended Running::wait() {
  while (out_ || err_)
    if (!pump(end_)) {
      ADD_FAILURE() << "the command did not end in time; standard error so far: " << ended_.err;
      ::kill(pid_, SIGKILL);
      break;
    }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  ended_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended_;
}

void Running::wait_for_output(const std::string& text) {
  while (ended_.out.find(text) == std::string::npos)
    if (!out_ || !pump(end_)) {
      ADD_FAILURE() << "\"" << text << "\" never came; standard error: " << ended_.err;
      return;
    }
}

Place::Place() {
  std::string name = (std::filesystem::temp_directory_path() / "writ-cli-XXXXXX").string();
  if (!::mkdtemp(name.data())) std::abort();
  path_ = std::filesystem::canonical(name).string();
  std::filesystem::create_directories(work());
  std::filesystem::create_directories(home());
}

Place::~Place() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Place::file(const std::string& name, const std::string& content) const {
  const std::string path = work() + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

Words Place::environment() const {
  return {"HOME=" + home(), "PATH=/usr/bin:/bin", "XDG_CACHE_HOME=" WRIT_BINARY_DIR "/tests/cli/cache", "LANG=C.UTF-8",
          "TMPDIR=" + path_, "WRIT_BACKGROUND=off"};
}

Running Place::start(const Start& s) const {
  Pipe out, err, in;
  Words words = s.words, environment = this->environment();
  words.insert(words.begin(), s.program);
  for (const std::string& more : s.environment) {
    std::erase_if(environment, [&](const std::string& e) { return e.starts_with(more.substr(0, more.find('=') + 1)); });
    environment.push_back(more);
  }
  const auto argv = pointers(words), envp = pointers(environment);
  const std::string folder = s.folder.empty() ? work() : s.folder;
  const int input = s.input_fd >= 0 ? s.input_fd : in.read.get();
  const int output = s.out_fd >= 0 ? s.out_fd : out.write.get();
  ::signal(SIGPIPE, SIG_IGN);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    if (::chdir(folder.c_str()) != 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(err.write.get(), 2) < 0)
      ::_exit(99);
    ::execve(s.program.c_str(), argv.data(), envp.data());
    ::_exit(98);
  }
  return Running(pid, std::move(out.read), std::move(err.read), std::move(in.write), s.input.value_or(""), s.patience);
}

Ended Place::run(Words words) const { return start({.words = std::move(words)}).wait(); }
Ended Place::run(Words words, const std::string& input) const {
  return start({.words = std::move(words), .input = input}).wait();
}

Ended Place::probe(Words words, Words options) const {
  options.insert(options.begin(), "run");
  options.push_back(WRIT_PROBE);
  options.insert(options.end(), words.begin(), words.end());
  return run(std::move(options));
}

Json Place::document(Words words) const {
  words.insert(words.begin(), "--json");
  const Ended e = run(words);
  EXPECT_EQ(e.status, 0) << testing::PrintToString(words) << e.err;
  return e.json();
}

void Place::write_object(const std::string& path, const std::string& body) const {
  const Ended e = run({"state", "put", path, "-"}, body);
  ASSERT_EQ(e.status, 0) << e.err;
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

}  // namespace writ::cli_test
