// Runs the real command for a test: a home and a working folder of its own, its input and output in hand.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "writ/base/fd.h"

namespace writ::cli_test {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

struct Ended {
  int status = 0;  // exit status, or 128+n by signal n
  std::string out, err;
  Json json() const;              // the one document on standard output
  std::string last_line() const;  // of standard error
};

struct Start {
  std::string program = WRIT_PROGRAM;
  Words words = {};
  std::optional<std::string> input = std::nullopt;  // none: an empty input
  int input_fd = -1;                                // instead of `input`; the test keeps its end
  int out_fd = -1;                                  // instead of catching standard output
  std::string folder = {};                          // working folder; empty: the test's own
  Words environment = {};                           // added to the test's own
  std::chrono::seconds patience{120};
};

// A command that was started and runs.
class Running {
 public:
  Running(pid_t pid, Fd out, Fd err, Fd in, std::string input, std::chrono::seconds patience);
  Running(Running&& o) noexcept
      : pid_(std::exchange(o.pid_, -1)),
        out_(std::move(o.out_)),
        err_(std::move(o.err_)),
        in_(std::move(o.in_)),
        input_(std::move(o.input_)),
        end_(o.end_),
        ended_(std::move(o.ended_)) {}
  ~Running();
  pid_t pid() const { return pid_; }
  Ended wait();
  // Reads standard output until it holds this text.
  void wait_for_output(const std::string& text);
  void kill(int signal) const;

 private:
  bool pump(std::chrono::steady_clock::time_point until);
  pid_t pid_;
  Fd out_, err_, in_;
  std::string input_;
  std::chrono::steady_clock::time_point end_;
  Ended ended_;
};

// A home, a working folder and a store for one test.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const std::string& path() const { return path_; }     // of all that is the test's
  std::string work() const { return path_ + "/work"; }  // the working folder
  std::string home() const { return path_ + "/home"; }
  std::string store() const { return home() + "/.local/share/writ"; }
  std::string file(const std::string& name, const std::string& content) const;  // in the working folder
  Words environment() const;

  Running start(const Start&) const;
  Ended run(Words words) const;  // writ WORDS...
  Ended run(Words words, const std::string& input) const;
  Ended probe(Words words, Words options = {}) const;  // writ run OPTIONS probe.wasm WORDS...
  Json document(Words words) const;                    // writ --json WORDS..., which must succeed
  void write_object(const std::string& path, const std::string& body) const;

 private:
  std::string path_;
};

std::string read_all(const std::string& path);
std::vector<std::string> lines(const std::string& text);

}  // namespace writ::cli_test
