// A guest without a machine: a buffer for its memory, a real session over a real store and real host files, and its WASI
// calls made by hand. What a compiled program would do between calls, the test does.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "writ/actor/host_files.h"
#include "writ/actor/work_files.h"
#include "writ/authority/capability.h"
#include "writ/effect/journal.h"
#include "writ/gate/session.h"
#include "writ/guest/wasm/wasi_functions.h"
#include "writ/guest/wasm/wasi_guest.h"
#include "writ/store/store.h"

namespace writ::guest::wasm::wasi {

inline constexpr std::uint32_t memory_size = 2 * 65536;

// A folder that is gone when the test is over.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = WRIT_BINARY_DIR "/wasi-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Streams final : public Stdio {
 public:
  std::string input, out, err;
  std::size_t reads = 0;
  std::optional<Error> fail;
  Result<std::size_t> read(std::span<std::byte> to, Nanoseconds) override {
    ++reads;
    if (fail) return *fail;
    const std::size_t n = std::min(to.size(), input.size());
    std::copy_n(std::as_bytes(std::span(input)).begin(), n, to.begin());
    input.erase(0, n);
    return n;
  }
  Result<void> write(Stream stream, std::span<const std::byte> bytes) override {
    (stream == Stream::out ? out : err).append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
};

struct World {
  std::vector<std::string> grants = {}, denies = {}, environment = {}, arguments = {"test"};
  std::vector<std::pair<std::string, std::string>> objects = {};
  Limits limits = {};
  gate::OnDenial on_denial = gate::OnDenial::refuse;
  std::vector<gate::Mount> mounts = {};
};

// A snapshot whose disk may stop answering.
class Snapshot final : public store::View {
 public:
  explicit Snapshot(store::Reader reader) : reader_(std::move(reader)) {}
  bool broken = false;

  store::Sequence sequence() const override { return reader_.sequence(); }
  Result<std::optional<store::ObjectState>> object(std::string_view p) const override { return or_broken([&] { return reader_.object(p); }); }
  Result<ObjectVersion> version(std::string_view p) const override { return or_broken([&] { return reader_.version(p); }); }
  Result<Bytes> body(std::string_view p, ObjectVersion v) const override { return or_broken([&] { return reader_.body(p, v); }); }
  Result<std::vector<store::ObjectState>> list(std::string_view p, std::size_t n, std::string_view after) const override {
    return or_broken([&] { return reader_.list(p, n, after); });
  }
  Result<std::vector<store::ObjectState>> history(std::string_view p) const override { return or_broken([&] { return reader_.history(p); }); }
  Result<std::optional<Bytes>> record(std::string_view t, BytesView k) const override { return or_broken([&] { return reader_.record(t, k); }); }
  Result<void> scan(std::string_view t, BytesView first, BytesView last, const Visitor& v, store::Order o) const override {
    return or_broken([&] { return reader_.scan(t, first, last, v, o); });
  }

 private:
  template <class Read>
  auto or_broken(Read read) const -> decltype(read()) {
    if (broken) return Error{Code::unavailable, "the disk does not answer", "writ.db", {}};
    return read();
  }
  store::Reader reader_;
};

class Guest {
 public:
  explicit Guest(World world) : limits_(world.limits) {
    store::OpenOptions options;
    options.access = store::Access::create;
    options.durability = store::Durability::none;
    auto opened = store::Store::open(folder_.path() + "/store", options);
    if (!opened) throw std::runtime_error(opened.error().text());
    store_ = std::move(*opened);
    for (const auto& [path, body] : world.objects)
      if (auto put = store_->write([&](store::Transaction& t) -> Result<void> { WRIT_CHECK(t.put_object(path, as_bytes(body))); return {}; }); !put)
        throw std::runtime_error(put.error().text());
    snapshot_.emplace(*store_->snapshot());
    const auto parse = [&](const std::vector<std::string>& texts) {
      std::vector<authority::Grant> out;
      for (const auto& text : texts) {
        auto grant = authority::parse_grant(text, folder_.path(), system_clock().wall());
        if (!grant) throw std::runtime_error(grant.error().text());
        out.push_back(std::move(*grant));
      }
      return out;
    };
    capabilities_.emplace(parse(world.grants), parse(world.denies), system_clock());
    for (std::uint32_t i = 0; i < capabilities_->grants().size(); ++i)
      if (const auto& g = capabilities_->grants()[i]; g.kind == effect::Kind::file_read)
        if (auto admitted = files_.admit(i, g.resource->root()); !admitted) throw std::runtime_error(admitted.error().text());
    std::vector<std::string> roots;
    for (const auto& m : world.mounts) roots.push_back(m.host);
    for (const auto& g : capabilities_->grants())
      if (g.kind == effect::Kind::file_write) roots.push_back(g.resource->root());
    if (!roots.empty()) {
      auto work = actor::WorkFiles::admit(roots, folder_.path() + "/shadow", folder_.path() + "/store",
                                          [this] { return session_ ? session_->virtual_time() : WallTime{}; });
      if (!work) throw std::runtime_error(work.error().text());
      work_ = std::move(*work);
    }
    session_.emplace(gate::Session::Setup{*capabilities_, journal_, world.limits.effects, world.on_denial, *snapshot_, files_,
                                          system_clock(), WallTime{1'763'700'000'000'000'000}, {}, world.environment, work_.get(), world.mounts});
    wasi_.emplace(WasiGuest::Setup{*session_, streams, cancellation, world.arguments, world.limits});
  }

  std::vector<effect::Entry> effects() const { return journal_.entries(); }
  void break_the_disk() { snapshot_->broken = true; }

  // --- calls ---
  // The errno, or -1 when the guest does not go on.
  template <class... Words>
  int call(std::string_view name, Words... words) {
    const auto all = functions();
    const auto f = std::find_if(all.begin(), all.end(), [&](const Function& g) { return g.name == name; });
    EXPECT_NE(f, all.end()) << name;
    EXPECT_EQ(f->parameters.size(), sizeof...(words)) << name;
    const std::vector<std::uint64_t> list{static_cast<std::uint64_t>(words)...};
    const auto answer = raw(static_cast<std::size_t>(f - all.begin()), list);
    return answer ? static_cast<int>(*answer) : -1;
  }
  std::optional<std::uint64_t> raw(std::size_t function, const std::vector<std::uint64_t>& words) {
    return wasi_->call(function, view(), words);
  }
  GuestMemory view() { return GuestMemory(memory); }
  Descriptors& descriptors() { return wasi_->descriptors(); }

  // --- its memory: text is laid down anew for each call, results at fixed places ---
  std::uint32_t put(std::string_view text, std::uint32_t at = 1024) {
    std::memcpy(memory.data() + at, text.data(), text.size());
    return at;
  }
  template <class T>
  void set(std::uint32_t at, const T& value) {
    std::memcpy(memory.data() + at, &value, sizeof value);
  }
  template <class T>
  T get(std::uint32_t at) const {
    T value;
    std::memcpy(&value, memory.data() + at, sizeof value);
    return value;
  }
  std::string text(std::uint32_t at, std::size_t n) const { return {reinterpret_cast<const char*>(memory.data()) + at, n}; }

  // --- what C would do ---
  static constexpr std::uint32_t result = 16, vectors = 32, buffer = 32768;
  int open(std::string_view path, Rights rights = right::read, std::uint32_t how = 0, std::uint16_t flags = 0, std::uint32_t dir = 3) {
    const int e = call("path_open", dir, lookup_follow, put(path), path.size(), how, rights | right::seek | right::tell | right::filestat |
                           right::readdir | right::set_size | right::allocate | right::paths, right::all, flags, result);
    return e == 0 ? static_cast<int>(get<std::uint32_t>(result)) : -1000 - e;  // so that an errno is never taken for a number
  }
  int write(int fd, std::string_view bytes) {
    set(vectors, IoVector{put(bytes, buffer), static_cast<std::uint32_t>(bytes.size())});
    return call("fd_write", fd, vectors, 1, result);
  }
  std::string read(int fd, std::uint32_t n = 4096) {
    set(vectors, IoVector{buffer, n});
    const int e = call("fd_read", fd, vectors, 1, result);
    return e == 0 ? text(buffer, get<std::uint32_t>(result)) : "errno " + std::to_string(e);
  }
  std::string content(std::string_view path) {
    const int fd = open(path);
    if (fd < 0) return "errno " + std::to_string(-1000 - fd);
    const std::string body = read(fd);
    EXPECT_EQ(call("fd_close", fd), 0);
    return body;
  }
  int create(std::string_view path, std::string_view body) {
    const int fd = open(path, right::write, open_create | open_truncate);
    if (fd < 0) return -1000 - fd;
    const int e = write(fd, body);
    EXPECT_EQ(call("fd_close", fd), 0);
    return e;
  }
  int stat(std::string_view path) { return call("path_filestat_get", 3, lookup_follow, put(path), path.size(), 256); }
  FileStat stat_result() const { return get<FileStat>(256); }
  int on_path(std::string_view function, std::string_view path) { return call(function, 3, put(path), path.size()); }
  int rename(std::string_view from, std::string_view to) {
    return call("path_rename", 3, put(from), from.size(), 3, put(to, 8192), to.size());
  }
  // "a b/ c@": folders end in '/', links in '@', the unknown in '?'; without . and ..
  std::string names(std::string_view path, std::uint32_t room = 4096) {
    const int fd = open(path, 0, open_directory);
    if (fd < 0) return "errno " + std::to_string(-1000 - fd);
    std::string out;
    for (std::uint64_t cookie = 0;;) {
      const int e = call("fd_readdir", fd, buffer, room, cookie, result);
      if (e != 0) return "errno " + std::to_string(e);
      const std::uint32_t used = get<std::uint32_t>(result);
      std::uint32_t at = 0;
      while (at + sizeof(DirectoryRecord) <= used) {
        const auto record = get<DirectoryRecord>(buffer + at);
        if (at + sizeof record + record.name_length > used) break;
        const std::string name = text(buffer + at + static_cast<std::uint32_t>(sizeof record), record.name_length);
        if (name != "." && name != "..")
          out += (out.empty() ? "" : " ") + name + (record.kind == FileKind::directory       ? "/"
                                                     : record.kind == FileKind::symbolic_link ? "@" : record.kind == FileKind::unknown ? "?" : "");
        at += static_cast<std::uint32_t>(sizeof record) + record.name_length;
        cookie = record.next;
      }
      if (used < room) break;
    }
    EXPECT_EQ(call("fd_close", fd), 0);
    return out;
  }

  // --- what became of it ---
  const std::optional<Outcome>& end() const { return wasi_->end(); }
  // "file.read:/etc/passwd no_capability" for every refusal, in order.
  std::vector<std::string> denials() const {
    std::vector<std::string> out;
    for (const auto& e : journal_.entries())
      if (e.refusal != effect::Refusal::none)
        out.push_back(std::string(effect::name(e.kind)) + ":" + e.resource + " " + std::string(effect::name(e.refusal)));
    return out;
  }
  std::optional<std::string> staged(std::string_view path) {
    const auto changes = session_->shadow().changes();
    for (const auto& w : changes.writes)
      if (w.path == path) return w.body.value_or("(removed)");
    return std::nullopt;
  }
  // "+a ~b -c" of what would be committed, or the error.
  std::string sealed() {
    const auto changes = work_->seal();
    if (!changes) return changes.error().text();
    std::string out;
    for (const auto& tree : changes->trees)
      for (const auto& c : tree.changes) out += (out.empty() ? "" : " ") + std::string(1, "+~-"[static_cast<int>(c.happened)]) + c.path;
    return out;
  }
  gate::Session& session() { return *session_; }
  const std::string& folder() const { return folder_.path(); }

  std::vector<std::byte> memory{memory_size};
  Streams streams;
  Cancellation cancellation;

 private:
  Limits limits_;
  TemporaryFolder folder_;
  std::unique_ptr<store::Store> store_;
  std::optional<Snapshot> snapshot_;
  std::optional<authority::CapabilitySet> capabilities_;
  effect::Journal journal_;
  actor::HostFiles files_;
  std::unique_ptr<actor::WorkFiles> work_;
  std::optional<gate::Session> session_;
  std::optional<WasiGuest> wasi_;
};

}  // namespace writ::guest::wasm::wasi
