// The numbers and layouts of WASI preview 1, as a guest compiled against them reads and writes them.
//
// Every record that crosses into guest memory is a struct here without hidden padding: gaps are named members that are
// zero, so that no byte of the host's stack travels along. Little-endian, as WebAssembly memory is.
// Source: WASI snapshot preview 1 (the witx document); wasi-libc's wasi/api.h agrees.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace writ::guest::wasm::wasi {

static_assert(std::endian::native == std::endian::little, "records are copied to guest memory as they are");

enum class Errno : std::uint16_t {
  success = 0,
  acces = 2,
  again = 6,
  badf = 8,
  busy = 10,
  exist = 20,
  fault = 21,
  fbig = 22,
  ilseq = 25,
  inval = 28,
  io = 29,
  isdir = 31,
  loop = 32,
  mfile = 33,
  nametoolong = 37,
  noent = 44,
  nomem = 48,
  nospc = 51,
  nosys = 52,
  notdir = 54,
  notempty = 55,
  notsock = 57,
  notsup = 58,
  overflow = 61,
  perm = 63,
  rofs = 69,
  spipe = 70,
  xdev = 75,
  notcapable = 76,
};

enum class FileKind : std::uint8_t { unknown = 0, directory = 3, regular = 4, symbolic_link = 7 };
enum class ClockId : std::uint32_t { realtime = 0, monotonic = 1, process_cpu = 2, thread_cpu = 3 };
enum class Whence : std::uint8_t { set = 0, current = 1, end = 2 };
enum class EventKind : std::uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

inline constexpr std::uint32_t lookup_follow = 1;                                        // lookupflags
inline constexpr std::uint32_t open_create = 1, open_directory = 2, open_exclusive = 4, open_truncate = 8;  // oflags
inline constexpr std::uint32_t open_all = 15;
inline constexpr std::uint16_t flag_append = 1, flag_nonblock = 4, flags_all = 31;       // fdflags
inline constexpr std::uint16_t clock_absolute = 1;                                       // subclockflags
inline constexpr std::uint32_t set_accessed = 1, set_accessed_now = 2, set_modified = 4, set_modified_now = 8;  // fstflags
inline constexpr std::uint32_t last_advice = 5;
inline constexpr std::uint32_t last_signal = 30;

using Rights = std::uint64_t;
namespace right {
inline constexpr Rights datasync = 1ull << 0, read = 1ull << 1, seek = 1ull << 2, set_flags = 1ull << 3, sync = 1ull << 4,
                        tell = 1ull << 5, write = 1ull << 6, advise = 1ull << 7, allocate = 1ull << 8, readdir = 1ull << 14,
                        filestat = 1ull << 21, set_size = 1ull << 22, set_times = 1ull << 23, poll = 1ull << 27;
inline constexpr Rights path_create_folder = 1ull << 9, path_create_file = 1ull << 10, path_link_from = 1ull << 11,
                        path_link_to = 1ull << 12, path_open = 1ull << 13, path_readlink = 1ull << 15, path_rename_from = 1ull << 16,
                        path_rename_to = 1ull << 17, path_filestat = 1ull << 18, path_set_size = 1ull << 19,
                        path_set_times = 1ull << 20, path_symlink = 1ull << 24, path_remove_folder = 1ull << 25,
                        path_unlink = 1ull << 26;
inline constexpr Rights all = (1ull << 30) - 1;
inline constexpr Rights paths = 0x071f'fe00;  // every path_* right and fd_readdir
inline constexpr Rights of_console = set_flags | filestat | poll;
inline constexpr Rights of_file = datasync | read | seek | set_flags | sync | tell | write | advise | allocate | filestat |
                                  set_size | set_times | poll;
inline constexpr Rights of_folder = paths | set_flags | sync | filestat | set_times | poll;
}  // namespace right

struct IoVector {
  std::uint32_t address, length;
};
struct DescriptorStat {
  FileKind kind;
  std::uint8_t zero1;
  std::uint16_t flags;
  std::uint32_t zero2;
  Rights rights, inheriting;
};
struct FileStat {
  std::uint64_t device, inode;
  FileKind kind;
  std::uint8_t zero[7];
  std::uint64_t links, size, accessed, modified, changed;
};
struct Prestat {
  std::uint32_t kind, name_length;  // kind 0: a folder
};
struct DirectoryRecord {  // followed by the name
  std::uint64_t next, inode;
  std::uint32_t name_length;
  FileKind kind;
  std::uint8_t zero[3];
};
struct Subscription {
  std::uint64_t userdata;
  EventKind kind;
  std::uint8_t gap[7];
  union {
    struct {
      std::uint32_t id, gap;
      std::uint64_t timeout, precision;
      std::uint16_t flags;
      std::uint8_t gap2[6];
    } clock;
    std::uint32_t descriptor;
  };
};
struct Event {
  std::uint64_t userdata;
  Errno error;
  EventKind kind;
  std::uint8_t zero1[5];
  std::uint64_t bytes;
  std::uint16_t flags;
  std::uint8_t zero2[6];
};

static_assert(sizeof(IoVector) == 8 && sizeof(Prestat) == 8);
static_assert(sizeof(DescriptorStat) == 24 && std::has_unique_object_representations_v<DescriptorStat>);
static_assert(sizeof(FileStat) == 64 && std::has_unique_object_representations_v<FileStat>);
static_assert(sizeof(DirectoryRecord) == 24 && std::has_unique_object_representations_v<DirectoryRecord>);
static_assert(sizeof(Subscription) == 48 && sizeof(Event) == 32 && std::has_unique_object_representations_v<Event>);

}  // namespace writ::guest::wasm::wasi
