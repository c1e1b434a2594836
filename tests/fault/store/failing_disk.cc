#include "failing_disk.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>

namespace writ::store {
namespace {

struct FailingFile {
  sqlite3_file seen;
  std::string* path;

  static FailingFile& of(sqlite3_file* f) { return *reinterpret_cast<FailingFile*>(f); }
  static constexpr std::size_t size() { return (sizeof(FailingFile) + 15) / 16 * 16; }
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + size()); }
};
sqlite3_file* below(sqlite3_file* f) { return FailingFile::of(f).below(); }
const std::string& path_of(sqlite3_file* f) { return *FailingFile::of(f).path; }
FailingDisk& disk() { return FailingDisk::instance(); }
using Operation = FailingDisk::Operation;

int x_close(sqlite3_file* f) {
  delete FailingFile::of(f).path;
  return below(f)->pMethods->xClose(below(f));
}
int x_read(sqlite3_file* f, void* data, int amount, sqlite3_int64 offset) {
  if (const int rc = disk().before(Operation::read)) return rc;
  return below(f)->pMethods->xRead(below(f), data, amount, offset);
}
int x_write(sqlite3_file* f, const void* data, int amount, sqlite3_int64 offset) {
  if (const int rc = disk().before(Operation::write)) return rc;
  disk().wrote(path_of(f), std::string(static_cast<const char*>(data), static_cast<std::size_t>(amount)), static_cast<std::uint64_t>(offset));
  return below(f)->pMethods->xWrite(below(f), data, amount, offset);
}
int x_truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (const int rc = disk().before(Operation::truncate)) return rc;
  disk().truncated(path_of(f), static_cast<std::uint64_t>(size));
  return below(f)->pMethods->xTruncate(below(f), size);
}
int x_sync(sqlite3_file* f, int) {  // the real sync is left out: the test is about what would be on disk, not about this one
  if (const int rc = disk().before(Operation::sync)) {
    disk().lost(path_of(f));
    return rc;
  }
  disk().synced(path_of(f));
  return SQLITE_OK;
}
int x_size(sqlite3_file* f, sqlite3_int64* size) { return below(f)->pMethods->xFileSize(below(f), size); }
int x_lock(sqlite3_file* f, int lock) { return below(f)->pMethods->xLock(below(f), lock); }
int x_unlock(sqlite3_file* f, int lock) { return below(f)->pMethods->xUnlock(below(f), lock); }
int x_reserved(sqlite3_file* f, int* out) { return below(f)->pMethods->xCheckReservedLock(below(f), out); }
int x_control(sqlite3_file* f, int op, void* argument) { return below(f)->pMethods->xFileControl(below(f), op, argument); }
int x_sector(sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); }
int x_device(sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); }
int x_shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
  if (const int rc = disk().before(Operation::share)) return rc;
  return below(f)->pMethods->xShmMap(below(f), region, size, extend, out);
}
int x_shm_lock(sqlite3_file* f, int offset, int n, int flags) { return below(f)->pMethods->xShmLock(below(f), offset, n, flags); }
void x_shm_barrier(sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); }
int x_shm_unmap(sqlite3_file* f, int remove) { return below(f)->pMethods->xShmUnmap(below(f), remove); }

constexpr sqlite3_io_methods methods = {2,         x_close,       x_read,      x_write,   x_truncate, x_sync,   x_size,
                                        x_lock,    x_unlock,      x_reserved,  x_control, x_sector,   x_device, x_shm_map,
                                        x_shm_lock, x_shm_barrier, x_shm_unmap, nullptr,   nullptr};

sqlite3_vfs* real() { return sqlite3_vfs_find("unix"); }

int v_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
  if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) return real()->xOpen(real(), name, f, flags, out);
  auto* file = new (f) FailingFile{{nullptr}, nullptr};
  if (const int rc = disk().before(Operation::open)) return rc;
  disk().opened(name);
  const int rc = real()->xOpen(real(), name, file->below(), flags, out);
  if (!file->below()->pMethods) return rc;
  file->path = new std::string(name);
  file->seen.pMethods = &methods;
  return rc;
}
int v_delete(sqlite3_vfs*, const char* name, int sync) {
  if (const int rc = disk().before(Operation::remove)) return rc;
  disk().removed(name);
  return real()->xDelete(real(), name, sync);
}
int v_access(sqlite3_vfs*, const char* n, int flags, int* out) { return real()->xAccess(real(), n, flags, out); }
int v_full_path(sqlite3_vfs*, const char* n, int size, char* out) { return real()->xFullPathname(real(), n, size, out); }
int v_random(sqlite3_vfs*, int size, char* out) { return real()->xRandomness(real(), size, out); }
int v_sleep(sqlite3_vfs*, int us) { return real()->xSleep(real(), us / 50); }  // nobody else is there to wait for
int v_time(sqlite3_vfs*, double* out) { return real()->xCurrentTime(real(), out); }
int v_last_error(sqlite3_vfs*, int, char*) { return 0; }
int v_time64(sqlite3_vfs*, sqlite3_int64* out) { return real()->xCurrentTimeInt64(real(), out); }

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

int code_of(FailingDisk::Operation operation) {
  switch (operation) {
    case Operation::open: return SQLITE_CANTOPEN;
    case Operation::read: return SQLITE_IOERR_READ;
    case Operation::write: return SQLITE_IOERR_WRITE;
    case Operation::truncate: return SQLITE_IOERR_TRUNCATE;
    case Operation::sync: return SQLITE_IOERR_FSYNC;
    case Operation::remove: return SQLITE_IOERR_DELETE;
    case Operation::share: return SQLITE_IOERR_SHMMAP;
  }
  return SQLITE_IOERR;
}

}  // namespace

FailingDisk& FailingDisk::instance() {
  static FailingDisk* const disk = [] {
    static sqlite3_vfs vfs{};
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(FailingFile::size()) + real()->szOsFile;
    vfs.mxPathname = real()->mxPathname;
    vfs.zName = name;
    vfs.xOpen = v_open; vfs.xDelete = v_delete; vfs.xAccess = v_access; vfs.xFullPathname = v_full_path;
    vfs.xRandomness = v_random; vfs.xSleep = v_sleep; vfs.xCurrentTime = v_time; vfs.xGetLastError = v_last_error;
    vfs.xCurrentTimeInt64 = v_time64;
    sqlite3_vfs_register(&vfs, 0);
    return new FailingDisk;
  }();
  return *disk;
}

void FailingDisk::arm(Fault fault, std::uint64_t at) {
  const std::lock_guard lock(mutex_);
  fault_ = fault, at_ = at, count_ = 0, cut_after_ = UINT64_MAX, fired_ = false, mended_ = false;
  files_.clear();
}
void FailingDisk::fail(Fault fault, std::uint64_t from_now) {
  const std::lock_guard lock(mutex_);
  fault_ = fault, at_ = count_ + from_now, fired_ = false;
}
void FailingDisk::cut_power_after(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  cut_after_ = operations;
}
void FailingDisk::mend() {
  const std::lock_guard lock(mutex_);
  mended_ = true;
}
std::uint64_t FailingDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return count_;
}
bool FailingDisk::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

FailingDisk::Operation FailingDisk::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

int FailingDisk::before(Operation operation) {
  const std::lock_guard lock(mutex_);
  ++count_;
  if (mended_) return SQLITE_OK;
  if (fired_ && fault_ == Fault::error && count_ - at_ > cut_after_) return code_of(operation);
  switch (fault_) {
    case Fault::none: return SQLITE_OK;
    case Fault::error:
      if (count_ != at_) return SQLITE_OK;
      fired_ = true, failed_ = operation;
      return code_of(operation);
    case Fault::full:
      if (count_ < at_ || operation != Operation::write) return SQLITE_OK;
      fired_ = true;
      return SQLITE_FULL;
    case Fault::power_cut:
      if (count_ < at_) return SQLITE_OK;
      fired_ = true;
      return code_of(operation);
  }
  return SQLITE_OK;
}

void FailingDisk::apply(std::string& content, const Write& w) {
  if (!w.data) return content.resize(w.offset);
  if (content.size() < w.offset + w.data->size()) content.resize(w.offset + w.data->size());
  content.replace(w.offset, w.data->size(), *w.data);
}

void FailingDisk::opened(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const bool there = std::filesystem::exists(path);
  auto [place, first] = files_.try_emplace(path);
  File& file = place->second;
  if (first && there) file.synced = content_of(path);
  if (!first && !there) file.since.clear();  // a new file under an old name, whose old content may yet come back
  file.exists = true;
}
void FailingDisk::wrote(const std::string& path, std::string data, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  files_[path].since.push_back({offset, std::move(data)});
}
void FailingDisk::truncated(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  files_[path].since.push_back({size, std::nullopt});
}
void FailingDisk::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  File& file = files_[path];
  std::string content = file.synced.value_or("");
  for (const Write& w : file.since) apply(content, w);
  file.synced = std::move(content);
  file.since.clear();
}
void FailingDisk::lost(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_[path].since.clear();
}
void FailingDisk::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_[path].exists = false;  // its name and synced content may come back: the folder is not synced
  files_[path].since.clear();
}

void FailingDisk::leave_image(const std::string& from, const std::string& to, Image image, std::mt19937_64& random) const {
  const std::lock_guard lock(mutex_);
  constexpr std::size_t sector = 512;
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string path = entry.path();
    if (!files_.contains(path) && !path.ends_with("-shm")) std::filesystem::copy(path, to + path.substr(from.size()));
  }
  for (const auto& [path, file] : files_) {
    if (!path.starts_with(from + "/")) continue;
    const std::string target = to + path.substr(from.size());
    std::filesystem::remove(target);
    std::optional<std::string> content = file.synced;
    if (image == Image::written) {
      content = file.exists && std::filesystem::exists(path) ? std::optional(content_of(path)) : std::nullopt;
    } else if (image == Image::torn) {
      if (!file.exists && random() % 2) content.reset();
      for (const Write& w : file.since) {
        if (!content) content.emplace();
        if (!w.data) {
          if (random() % 2) apply(*content, w);
          continue;
        }
        for (std::size_t i = 0; i < w.data->size(); i += sector)
          if (random() % 2) apply(*content, {w.offset + i, w.data->substr(i, sector)});
      }
    }
    if (content) std::ofstream(target, std::ios::binary) << *content;
    // The process died, the kernel did not: what it knows of the file besides its content is there too.
    if (content && image == Image::written) std::filesystem::permissions(target, std::filesystem::status(path).permissions());
  }
}

}  // namespace writ::store
