#include "writ/store/unsynced.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "writ/base/fd.h"
#include "writ/store/connection.h"
#include "writ/store/page_check.h"
#include "writ/store/schema.h"

namespace writ::store {
namespace {

// SQLite's own VFS writes no more than 128 KiB at once: of a length it keeps the low 17 bits, and then says that the disk is
// full. It promises no more than its largest page, 64 KiB.
constexpr sqlite3_int64 piece = 15 * page_size;
static_assert(piece <= 64 * 1024);
// No piece begins where a frame's page does, for that would be a read that the page checks look into: remains of an older log
// are written again as they are, sound or not.
static_assert((log_header + frame_header) % std::gcd(piece, frame_header + page_size) != 0);

// A log that was made by a process whose first sync was refused may lack its name.
bool sync_folder_of(const std::string& file) {
  const Fd folder(::open(file.substr(0, file.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && ::fsync(folder.get()) == 0;
}

}  // namespace

bool is_unsynced(const std::string& file) {
  struct stat found;
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & S_ISVTX) != 0;
}
// If this fails the file system takes no change at all any more, and so no commit.
void mark_unsynced(const std::string& file) {
  struct stat found;
  if (::stat(file.c_str(), &found) == 0) (void)::chmod(file.c_str(), (found.st_mode & 07777) | S_ISVTX);
}
void clear_unsynced(const std::string& file) {
  struct stat found;
  if (::stat(file.c_str(), &found) == 0) (void)::chmod(file.c_str(), found.st_mode & 06777);
}

int write_again(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (const int rc = file->pMethods->xFileSize(file, &size); rc != SQLITE_OK) return rc;
  std::vector<char> bytes(static_cast<std::size_t>(std::min(size, piece)));
  for (sqlite3_int64 at = 0; at < size; at += piece) {
    const int amount = static_cast<int>(std::min(piece, size - at));
    if (const int rc = file->pMethods->xRead(file, bytes.data(), amount, at); rc != SQLITE_OK) return rc;
    if (const int rc = file->pMethods->xWrite(file, bytes.data(), amount, at); rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

Result<void> settle_log(Connection& connection) {
  const std::string name = log_name(connection.file());
  if (!is_unsynced(name)) return {};
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection.raw(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (!log || !log->pMethods || write_again(log) != SQLITE_OK || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK ||
      !sync_folder_of(name))
    return Error{Code::poisoned, "the disk refused a sync of the write-ahead log, and refuses it still", name, "mend the disk, then try again"};
  clear_unsynced(name);
  return {};
}

}  // namespace writ::store
