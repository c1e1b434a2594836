#include "writ/store/page_check.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <bit>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "writ/store/unsynced.h"

namespace writ::store {
namespace {

// The file format's sums are over little-endian words, and so are the frame checksums of a write-ahead log made here.
static_assert(std::endian::native == std::endian::little);

constexpr int op_damaged = 0x57524901;  // xFileControl: which page was found damaged
constexpr int op_survey = 0x57524902;   // xFileControl: note damaged pages, do not refuse them
constexpr std::uint32_t sum_seed = 0x57524954;  // not zero, so that a page of zeros has a wrong sum

struct Sum {
  std::uint32_t a, b;
};
Sum add(Sum s, const unsigned char* data, std::size_t size) {
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint32_t x, y;
    std::memcpy(&x, data + i, 4);
    std::memcpy(&y, data + i + 4, 4);
    s.a += x + s.b;
    s.b += y + s.a;
  }
  return s;
}
Sum big_endian(const unsigned char* p) {
  std::uint32_t a, b;
  std::memcpy(&a, p, 4);
  std::memcpy(&b, p + 4, 4);
  return {__builtin_bswap32(a), __builtin_bswap32(b)};
}

enum class Role { pages, log };

// What SQLite sees as the file; the file of the VFS below follows it in the same allocation.
struct CheckedFile {
  sqlite3_file seen;
  Role role;
  const char* name;  // SQLite keeps it as long as the file is open
  std::uint32_t damaged;
  std::vector<std::uint32_t>* survey;

  static CheckedFile& of(sqlite3_file* f) { return *reinterpret_cast<CheckedFile*>(f); }
  static constexpr std::size_t size() { return (sizeof(CheckedFile) + 15) / 16 * 16; }
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + size()); }
};
sqlite3_file* below(sqlite3_file* f) { return CheckedFile::of(f).below(); }

bool is_page(int amount, sqlite3_int64 offset) { return amount == page_size && offset % page_size == 0; }
std::uint32_t page_number(sqlite3_int64 offset) { return static_cast<std::uint32_t>(offset / page_size + 1); }

int refuse(CheckedFile& file, std::uint32_t number) {
  if (file.survey) {
    file.survey->push_back(number);
    return SQLITE_OK;
  }
  file.damaged = number;
  return SQLITE_IOERR_DATA;
}

int check_page(CheckedFile& file, int rc, const void* data, sqlite3_int64 offset) {
  if (rc == SQLITE_IOERR_SHORT_READ) return offset == 0 ? rc : refuse(file, page_number(offset));
  if (rc != SQLITE_OK) return rc;
  std::uint64_t stored;
  std::memcpy(&stored, static_cast<const char*>(data) + page_size - page_check_size, sizeof stored);
  return stored == page_sum(data, page_number(offset)) ? SQLITE_OK : refuse(file, page_number(offset));
}

// A frame's checksum goes on from that of the frame before it, which lies in that frame's header: no chain to walk.
int check_frame(CheckedFile& file, const void* data, sqlite3_int64 offset) {
  constexpr sqlite3_int64 frame = frame_header + page_size;
  sqlite3_file* const disk = file.below();
  const sqlite3_int64 index = (offset - log_header) / frame;
  const sqlite3_int64 before = index == 0 ? log_header - 8 : offset - frame - 8;
  unsigned char previous[8], header[frame_header];
  if (const int rc = disk->pMethods->xRead(disk, previous, sizeof previous, before); rc != SQLITE_OK) return rc;
  if (const int rc = disk->pMethods->xRead(disk, header, sizeof header, offset - frame_header); rc != SQLITE_OK) return rc;
  const Sum sum = add(add(big_endian(previous), header, 8), static_cast<const unsigned char*>(data), page_size);
  const Sum stored = big_endian(header + 16);
  if (sum.a == stored.a && sum.b == stored.b) return SQLITE_OK;
  file.damaged = static_cast<std::uint32_t>(index + 1);
  return SQLITE_IOERR_DATA;
}

int x_close(sqlite3_file* f) { return below(f)->pMethods->xClose(below(f)); }
int x_read(sqlite3_file* f, void* data, int amount, sqlite3_int64 offset) {
  CheckedFile& file = CheckedFile::of(f);
  const int rc = below(f)->pMethods->xRead(below(f), data, amount, offset);
  if (file.role == Role::pages) return is_page(amount, offset) ? check_page(file, rc, data, offset) : rc;
  const bool frame = amount == page_size && (offset - log_header - frame_header) % (frame_header + page_size) == 0;
  return frame && rc == SQLITE_OK ? check_frame(file, data, offset) : rc;
}
int x_write(sqlite3_file* f, const void* data, int amount, sqlite3_int64 offset) {
  if (CheckedFile::of(f).role != Role::pages || !is_page(amount, offset))
    return below(f)->pMethods->xWrite(below(f), data, amount, offset);
  unsigned char page[page_size];
  std::memcpy(page, data, page_size);
  const std::uint64_t sum = page_sum(page, page_number(offset));
  std::memcpy(page + page_size - page_check_size, &sum, sizeof sum);
  return below(f)->pMethods->xWrite(below(f), page, amount, offset);
}
int x_truncate(sqlite3_file* f, sqlite3_int64 size) { return below(f)->pMethods->xTruncate(below(f), size); }
// Only who moves the log into the file writes to the file, and that is who syncs it. The log has writers at such a time, so it
// is left to settle_log.
int x_sync(sqlite3_file* f, int flags) {
  const CheckedFile& file = CheckedFile::of(f);
  const bool in_doubt = file.role == Role::pages && is_unsynced(file.name);
  if (in_doubt)
    if (const int rc = write_again(below(f)); rc != SQLITE_OK) return rc;
  const int rc = below(f)->pMethods->xSync(below(f), flags);
  if (rc != SQLITE_OK) mark_unsynced(file.name);
  else if (in_doubt) clear_unsynced(file.name);
  return rc;
}
int x_size(sqlite3_file* f, sqlite3_int64* size) { return below(f)->pMethods->xFileSize(below(f), size); }
int x_lock(sqlite3_file* f, int lock) { return below(f)->pMethods->xLock(below(f), lock); }
int x_unlock(sqlite3_file* f, int lock) { return below(f)->pMethods->xUnlock(below(f), lock); }
int x_reserved(sqlite3_file* f, int* out) { return below(f)->pMethods->xCheckReservedLock(below(f), out); }
int x_control(sqlite3_file* f, int op, void* argument) {
  if (op == op_damaged) {
    *static_cast<std::uint32_t*>(argument) = std::exchange(CheckedFile::of(f).damaged, 0);
    return SQLITE_OK;
  }
  if (op == op_survey) {
    CheckedFile::of(f).survey = static_cast<std::vector<std::uint32_t>*>(argument);
    return SQLITE_OK;
  }
  return below(f)->pMethods->xFileControl(below(f), op, argument);
}
int x_sector(sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); }
int x_device(sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); }
int x_shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
  return below(f)->pMethods->xShmMap(below(f), region, size, extend, out);
}
int x_shm_lock(sqlite3_file* f, int offset, int n, int flags) { return below(f)->pMethods->xShmLock(below(f), offset, n, flags); }
void x_shm_barrier(sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); }
int x_shm_unmap(sqlite3_file* f, int remove) { return below(f)->pMethods->xShmUnmap(below(f), remove); }

// Version 2: shared memory, but no xFetch, which would hand out pages unchecked.
constexpr sqlite3_io_methods methods = {2,         x_close,   x_read,   x_write,    x_truncate, x_sync,    x_size,
                                        x_lock,    x_unlock,  x_reserved, x_control, x_sector,   x_device,  x_shm_map,
                                        x_shm_lock, x_shm_barrier, x_shm_unmap, nullptr, nullptr};

sqlite3_vfs* vfs_below(sqlite3_vfs* v) { return static_cast<sqlite3_vfs*>(v->pAppData); }

int v_open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
  const bool pages = (flags & SQLITE_OPEN_MAIN_DB) != 0, log = (flags & SQLITE_OPEN_WAL) != 0;
  if (!pages && !log) return vfs_below(v)->xOpen(vfs_below(v), name, f, flags, out);
  auto* file = new (f) CheckedFile{{nullptr}, pages ? Role::pages : Role::log, name, 0, nullptr};
  const int rc = vfs_below(v)->xOpen(vfs_below(v), name, file->below(), flags, out);
  if (file->below()->pMethods) file->seen.pMethods = &methods;
  return rc;
}
int v_delete(sqlite3_vfs* v, const char* name, int sync) { return vfs_below(v)->xDelete(vfs_below(v), name, sync); }
int v_access(sqlite3_vfs* v, const char* name, int flags, int* out) { return vfs_below(v)->xAccess(vfs_below(v), name, flags, out); }
int v_full_path(sqlite3_vfs* v, const char* name, int size, char* out) {
  return vfs_below(v)->xFullPathname(vfs_below(v), name, size, out);
}
int v_random(sqlite3_vfs* v, int size, char* out) { return vfs_below(v)->xRandomness(vfs_below(v), size, out); }
int v_sleep(sqlite3_vfs* v, int us) { return vfs_below(v)->xSleep(vfs_below(v), us); }
int v_time(sqlite3_vfs* v, double* out) { return vfs_below(v)->xCurrentTime(vfs_below(v), out); }
int v_last_error(sqlite3_vfs* v, int size, char* out) { return vfs_below(v)->xGetLastError(vfs_below(v), size, out); }
int v_time64(sqlite3_vfs* v, sqlite3_int64* out) { return vfs_below(v)->xCurrentTimeInt64(vfs_below(v), out); }

sqlite3_file* log_file(sqlite3* db) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file));
  return file && file->pMethods == &methods ? file : nullptr;
}

}  // namespace

std::uint64_t page_sum(const void* page, std::uint32_t number) {
  const Sum s = add({sum_seed, number}, static_cast<const unsigned char*>(page), page_size - page_check_size);
  return std::uint64_t{s.b} << 32 | s.a;
}

Result<std::string> checked_disk(const std::string& below_name) {
  static std::mutex registering;
  const std::lock_guard lock(registering);
  sqlite3_vfs* const below = sqlite3_vfs_find(below_name.empty() ? nullptr : below_name.c_str());
  if (!below) return Error{Code::unavailable, "no such SQLite VFS", below_name, {}};
  std::string name = std::string("writ-checked-") + below->zName;
  if (sqlite3_vfs_find(name.c_str())) return name;
  struct Layer {
    std::string name;
    sqlite3_vfs vfs{};
  };
  auto layer = std::make_unique<Layer>();
  layer->name = name;
  sqlite3_vfs& v = layer->vfs;
  v.iVersion = 2;
  v.szOsFile = static_cast<int>(CheckedFile::size()) + below->szOsFile;
  v.mxPathname = below->mxPathname;
  v.zName = layer->name.c_str();
  v.pAppData = below;
  v.xOpen = v_open; v.xDelete = v_delete; v.xAccess = v_access; v.xFullPathname = v_full_path;
  v.xRandomness = v_random; v.xSleep = v_sleep; v.xCurrentTime = v_time; v.xGetLastError = v_last_error;
  v.xCurrentTimeInt64 = v_time64;
  if (sqlite3_vfs_register(&layer.release()->vfs, 0) != SQLITE_OK)
    return Error{Code::exhausted, "cannot register the page checks with SQLite", name, {}};
  return name;
}

std::string damaged_page(sqlite3* db) {
  std::uint32_t number = 0;
  sqlite3_file_control(db, "main", op_damaged, &number);
  if (number != 0) return fmt::format("page {} is damaged", number);
  if (sqlite3_file* const log = log_file(db)) log->pMethods->xFileControl(log, op_damaged, &number);
  return number != 0 ? fmt::format("frame {} of the write-ahead log is damaged", number) : std::string();
}

void survey_damage(sqlite3* db, std::vector<std::uint32_t>* damaged) {
  sqlite3_file_control(db, "main", op_survey, damaged);
}

}  // namespace writ::store
