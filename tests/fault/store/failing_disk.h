// A disk that fails on purpose: a SQLite VFS over the system's one that counts every operation on a store's files, can make
// any one of them fail, and remembers what a real disk would still hold after a power cut.
//
// Files lie in the real file system, so what the program sees is what the kernel's page cache would hold. Beside it each
// file has an image of what was synced, and the writes since. A sync that fails loses those writes for good, as Linux does:
// the pages are called clean afterwards. Shared memory (the -shm file) is memory and is not tracked.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace writ::store {

enum class Fault {
  none,
  error,      // operation n fails with an I/O error, once
  full,       // from operation n on, every write fails for want of room, until mend()
  power_cut,  // from operation n on, everything fails
};
enum class Image {
  synced,   // nothing that was not synced
  written,  // everything: only the process died
  torn,     // what was synced and any part of the rest, sector by sector
};

class FailingDisk {
 public:
  static constexpr const char* name = "failing";
  // SQLite keeps the pointer of a VFS, so there is one for the life of the test program.
  static FailingDisk& instance();

  // Forgets all files, counts from 0, and fails at operation `at` (from 1).
  void arm(Fault, std::uint64_t at);
  // Keeps what is known of the files, and fails at the operation that is `from_now` away (from 1).
  void fail(Fault, std::uint64_t from_now);
  // After the operation that fails, so many more succeed, and then the power is cut.
  void cut_power_after(std::uint64_t operations);
  void mend();
  std::uint64_t operations() const;
  bool fired() const;
  enum class Operation { open, read, write, truncate, sync, remove, share };
  Operation failed() const;  // the operation that failed first, once fired
  // Writes what the disk holds of the files of a store into another folder.
  void leave_image(const std::string& from_folder, const std::string& to_folder, Image, std::mt19937_64&) const;

  // For the VFS functions only.
  int before(Operation);  // SQLITE_OK, or the error with which it fails
  void opened(const std::string& path);
  void wrote(const std::string& path, std::string data, std::uint64_t offset);
  void truncated(const std::string& path, std::uint64_t size);
  void synced(const std::string& path);
  void lost(const std::string& path);
  void removed(const std::string& path);

 private:
  struct Write {
    std::uint64_t offset;
    std::optional<std::string> data;  // none: a truncation to `offset`
  };
  struct File {
    std::optional<std::string> synced;  // none: the name itself may be lost
    std::vector<Write> since;
    bool exists = true;  // as the program sees it
  };
  static void apply(std::string& content, const Write&);

  mutable std::mutex mutex_;
  Fault fault_ = Fault::none;
  std::uint64_t at_ = 0, count_ = 0, cut_after_ = UINT64_MAX;
  Operation failed_ = Operation::open;
  bool fired_ = false, mended_ = false;
  std::map<std::string, File> files_;
};

}  // namespace writ::store
