// For tests: the real file operations, of which the n-th fails (or the process ends there), counted.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <utility>

#include "writ/workspace/files.h"

namespace writ::workspace::testing {

class FailingFiles final : public Files {
 public:
  enum class How : std::uint8_t { count, fail, die };
  How how = How::count;
  std::uint64_t at = 0;     // the operation that fails, from 1
  std::uint64_t done = 0;   // operations so far
  int number = EIO;
  bool has_second_names = true;  // as some file systems have none
  static constexpr int died = 77;  // exit status
  std::function<void()> before_exchange = {};  // what somebody does at the last moment

  Result<Fd> open(const Fd& f, const std::string& p, std::uint64_t flags, mode_t m) override {
    WRIT_CHECK(step());
    return real_.open(f, p, flags, m);
  }
  Result<std::size_t> read(const Fd& f, std::uint64_t o, std::span<std::byte> out) override {
    WRIT_CHECK(step());
    return real_.read(f, o, out);
  }
  Result<void> write(const Fd& f, std::uint64_t o, std::span<const std::byte> b) override {
    WRIT_CHECK(step());
    return real_.write(f, o, b);
  }
  Result<void> sync(const Fd& f) override { return then([&] { return real_.sync(f); }); }
  Result<void> sync_file_system(const Fd& f) override { return then([&] { return real_.sync_file_system(f); }); }
  Result<void> rename(const Fd& f, const std::string& n, const Fd& t, const std::string& m) override {
    return then([&] { return real_.rename(f, n, t, m); });
  }
  Result<void> exchange(const Fd& f, const std::string& n, const std::string& w) override {
    if (before_exchange) std::exchange(before_exchange, nullptr)();
    return then([&] { return real_.exchange(f, n, w); });
  }
  Result<void> remove_file(const Fd& f, const std::string& n) override { return then([&] { return real_.remove_file(f, n); }); }
  Result<void> remove_folder(const Fd& f, const std::string& n) override { return then([&] { return real_.remove_folder(f, n); }); }
  Result<void> make_folder(const Fd& f, const std::string& n, mode_t m) override {
    return then([&] { return real_.make_folder(f, n, m); });
  }
  Result<void> make_link(const Fd& f, const std::string& n, const std::string& t) override {
    return then([&] { return real_.make_link(f, n, t); });
  }
  Result<void> add_name(const Fd& f, const std::string& n, const Fd& t, const std::string& m) override {
    return then([&] { return has_second_names ? real_.add_name(f, n, t, m) : Result<void>(system_error(EPERM, "no second names", m)); });
  }
  Result<void> dress(const Fd& f, mode_t m, const Fd& l) override { return then([&] { return real_.dress(f, m, l); }); }
  Result<void> set_modified(const Fd& f, const std::string& n, WallTime t) override {
    return then([&] { return real_.set_modified(f, n, t); });
  }
  Result<struct stat> look(const Fd& f, const std::string& p) override { return real_.look(f, p); }
  Result<std::string> read_link(const Fd& f, const std::string& p) override { return real_.read_link(f, p); }
  Result<std::vector<std::string>> list(const Fd& f) override { return real_.list(f); }

 private:
  Result<void> step() {
    if (++done != at || how == How::count) return {};
    if (how == How::die) ::_exit(died);
    return system_error(number, "made to fail", "");
  }
  template <class F>
  Result<void> then(F&& f) {
    WRIT_CHECK(step());
    return f();
  }
  Files& real_ = host_files();
};

}  // namespace writ::workspace::testing
