// Files that a session may change: every change is authorised by the name that the guest gave and by where that leads, before
// anything happens there.
#include <algorithm>
#include <cerrno>

#include "writ/gate/session.h"

namespace writ::gate {

using effect::Authorized;
using effect::Follow;
using effect::Kind;

namespace {

std::string without_slash(std::string path) {
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

// Who may change something may look at it.
Kind Session::look_kind(const std::string& host) const {
  const auto& c = setup_.capabilities;
  return c.permits(Kind::file_read, host) || !c.permits(Kind::file_write, host) ? Kind::file_read : Kind::file_write;
}

Result<Authorized> Session::authorise(Kind kind, const std::string& resource, Follow follow) {
  WRIT_TRY(auto key, monitor_.perform({kind, resource, 0, 0}));
  if (!is_work(resource)) return Error{Code::unavailable, "the folder of what was granted is not there", resource, {}, ENOENT};
  auto where = setup_.work_files->resolve(resource, follow);
  if (!where) return refused(key, std::move(where.error()));
  const std::string end = resource.size() > 1 && resource.ends_with('/') ? "/" : "";
  WRIT_CHECK(monitor_.confirm(key, where->granted + end, where->host + end));
  return key;
}

Result<std::unique_ptr<OpenFile>> Session::open_work_file(const std::string& host, const FileWish& wish) {
  const Follow follow = wish.making == effect::Making::always ? Follow::no : wish.follow;
  std::optional<Authorized> read, write;
  if (wish.writes()) {
    WRIT_TRY(write, authorise(Kind::file_write, host, follow));
  }
  if (wish.access != effect::Access::write) {
    WRIT_TRY(read, authorise(Kind::file_read, host, follow));
  }
  const Authorized& key = write ? *write : *read;
  auto file = setup_.work_files->open(key, wish.follow, wish.access, wish.making, wish.cut);
  if (!file) return std::move(file.error());
  if (read) {
    WRIT_TRY(const auto digest, (*file)->digest());
    if (!digest.empty()) setup_.journal.set_digest(host, digest);
  }
  WRIT_TRY(auto where, setup_.work_files->resolve(host, follow));
  return std::unique_ptr<OpenFile>(
      new OpenFile(*this, host, std::move(read), std::move(write), std::move(*file), std::move(where)));
}

Result<void> Session::make_file_folder(const std::string& path) {
  WRIT_TRY(const auto key, authorise(Kind::file_write, host_of(path) + "/", Follow::no));
  return setup_.work_files->make_folder(key);
}

Result<void> Session::remove_file_folder(const std::string& path) {
  WRIT_TRY(const auto key, authorise(Kind::file_write, host_of(path) + "/", Follow::no));
  return setup_.work_files->remove_folder(key);
}

Result<void> Session::remove_file(const std::string& path) {
  WRIT_TRY(const auto key, authorise(Kind::file_write, host_of(path), Follow::no));
  return setup_.work_files->remove_file(key);
}

// What lies below a folder moves along: nothing may leave or arrive that could not be removed there or written here, and
// nothing becomes readable that was not.
Result<void> Session::check_moved(const std::string& from, const std::string& to) {
  const auto& c = setup_.capabilities;
  WRIT_TRY(const auto source, setup_.work_files->resolve(from, Follow::no));
  WRIT_TRY(const auto target, setup_.work_files->resolve(to, Follow::no));
  WRIT_TRY(const auto all, setup_.work_files->below(source.granted));
  for (const auto& old_path : all) {
    const auto rest = old_path.substr(std::min(source.granted.size(), old_path.size()));
    const auto new_path = target.granted + rest;
    for (const auto& path : {old_path, new_path})
      if (!c.permits(Kind::file_write, path)) WRIT_CHECK(monitor_.perform({Kind::file_write, path, 0, 0}));
    for (const auto& path : {source.host + rest, target.host + rest})
      if (c.deny_of(Kind::file_write, path) != nullptr) WRIT_CHECK(monitor_.perform({Kind::file_write, path, 0, 0}));
    if (c.permits(Kind::file_read, new_path) && !c.permits(Kind::file_read, old_path))
      WRIT_CHECK(monitor_.perform({Kind::file_read, old_path, 0, 0}));
  }
  return {};
}

Result<void> Session::rename_file(const std::string& from, const std::string& to) {
  const auto source = without_slash(host_of(from)), target = without_slash(host_of(to));
  WRIT_TRY(const auto take, authorise(Kind::file_write, source, Follow::no));
  WRIT_TRY(const auto put, authorise(Kind::file_write, target, Follow::no));
  WRIT_CHECK(check_moved(source, target));
  return setup_.work_files->rename(take, put);
}

Result<void> Session::make_file_link(const std::string& target, const std::string& path) {
  WRIT_TRY(const auto key, authorise(Kind::file_write, host_of(path), Follow::no));
  auto made = setup_.work_files->make_link(key, target);
  if (!made) return refused(key, std::move(made.error()));
  return {};
}

Result<void> Session::add_file_name(const std::string& existing, const std::string& path) {
  const auto source = host_of(existing), target = host_of(path);
  WRIT_TRY(const auto from, authorise(Kind::file_write, source, Follow::no));
  WRIT_TRY(const auto to, authorise(Kind::file_write, target, Follow::no));
  const auto& c = setup_.capabilities;
  if (c.permits(Kind::file_read, target) && !c.permits(Kind::file_read, source))
    WRIT_CHECK(monitor_.perform({Kind::file_read, source, 0, 0}));
  return setup_.work_files->add_name(from, to);
}

Result<void> Session::set_file_times(const std::string& path, Follow follow, effect::FileTimes times) {
  WRIT_TRY(const auto key, authorise(Kind::file_write, host_of(path), follow));
  return setup_.work_files->set_times(key, follow, times);
}

// --- open files -----------------------------------------------------------------------------------------------------

// What is open is meant, whatever its name leads to by now: so it is decided about where it was when it was opened.
Result<void> OpenFile::authorise_writing() {
  if (write_) return session_.monitor_.repeat(*write_, 0, metadata().size);
  WRIT_TRY(auto key, session_.monitor_.perform({Kind::file_write, resource_, 0, metadata().size}));
  if (!work_) return Error{Code::unavailable, "the folder of what was granted is not there", resource_, {}, ENOENT};
  return session_.monitor_.confirm(key, where_.granted, where_.host);
}

Result<void> OpenFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (!write_) return Error{Code::denied, "the file was opened for reading only", resource_, {}};
  const auto end = std::max<std::uint64_t>(metadata().size, offset + bytes.size());
  WRIT_CHECK(session_.monitor_.repeat(*write_, bytes.size(), end));
  return work_->write_at(offset, bytes);
}

Result<void> OpenFile::truncate(std::uint64_t size) {
  if (!write_) return Error{Code::denied, "the file was opened for reading only", resource_, {}};
  WRIT_CHECK(session_.monitor_.repeat(*write_, 0, size));
  return work_->resize(size);
}

Result<void> OpenFile::set_times(effect::FileTimes times) {
  WRIT_CHECK(authorise_writing());
  return work_->set_times(times);
}

}  // namespace writ::gate
