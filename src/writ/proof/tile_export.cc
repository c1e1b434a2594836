#include "writ/proof/tile_export.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "writ/base/fd.h"
#include "writ/base/file.h"
#include "writ/proof/kept_receipt.h"
#include "writ/proof/log.h"
#include "writ/proof/merkle/tiles.h"
#include "writ/proof/notary.h"

namespace writ::proof {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount largest_checkpoint = 64 * KiB, largest_tile = 256 * KiB;
constexpr mode_t public_file = 0644;

// The folder, made if it is not there, and held against a second export.
Result<Fd> open_folder(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return system_error(failed.value(), "cannot make the folder", folder);
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error(errno, "cannot open the folder", folder);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(errno, "cannot lock the folder", folder);
    return Error{Code::conflict, "another export to this folder is under way", folder, "wait for it"};
  }
  return fd;
}

Result<void> check_unused(const std::string& folder) {
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    if (at->path().filename() != "tile") return invalid("the folder holds something else than a log", folder, "name an empty or a new folder");
  return failed ? Result<void>(system_error(failed.value(), "cannot read the folder", folder)) : Result<void>();
}

// How much of this very log the folder holds already.
Result<std::uint64_t> size_in(const store::View& view, const Log& log, const std::string& origin, const std::string& folder) {
  const std::string file = folder + "/checkpoint";
  const auto text = read_file(file, largest_checkpoint);
  if (!text && text.error().code == Code::unavailable) {
    WRIT_CHECK(check_unused(folder));
    return std::uint64_t{0};
  }
  if (!text) return text.error();
  const auto wrong = [&](std::string what, std::string hint) { return Error{Code::corrupt, std::move(what), file, std::move(hint)}; };
  const auto note = parse_note(*text);
  const auto checkpoint = note ? parse_checkpoint(note->text) : note.error();
  if (!checkpoint) return wrong(checkpoint.error().what, "export to a new folder");
  if (checkpoint->origin != origin) return wrong("the folder holds another log", "export to a new folder");
  const auto signer = find_signer(view, note->signatures[0].id);
  if (!signer || !check_note(*note, *signer)) return wrong("the folder's checkpoint is not signed by a key of this log", "export to a new folder");
  if (checkpoint->size > log.size())
    return wrong("the folder holds a longer log: this store was put back to an older state", "do not publish both; `writ audit --since` says more");
  WRIT_TRY(const merkle::Hash root, log.root(checkpoint->size));
  if (root != checkpoint->root) return wrong("the folder holds a log with another past", "do not publish both; `writ audit --since` says more");
  const merkle::TileNodes tiles(checkpoint->size, [&](const std::string& path) -> Result<Bytes> {
    WRIT_TRY(const std::string bytes, read_file(folder + "/" + path, largest_tile));
    return to_bytes(bytes);
  });
  const auto read = merkle::root(tiles, checkpoint->size);
  if (!read || *read != root) return wrong("the folder's tiles do not lead to its checkpoint", "export to a new folder");
  return checkpoint->size;
}

Result<void> write_file(const std::string& path, BytesView content) {
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);
  if (failed) return system_error(failed.value(), "cannot make the folder of", path);
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, public_file));
  if (!fd) return system_error(errno, "cannot create", beside);
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(errno, "cannot write", path);
    content = content.subspan(static_cast<std::size_t>(n));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return system_error(errno, "cannot write", path);
  return {};
}

Result<Bytes> entries(const Log& log, const merkle::Tile& tile) {
  std::vector<Bytes> leaves;
  for (std::uint64_t i = 0; i < tile.width; ++i) {
    WRIT_TRY(const Sha256 statement, log.statement(tile.index * merkle::tile_width + i));
    leaves.emplace_back(statement.bytes.begin(), statement.bytes.end());
  }
  return merkle::make_entries(leaves);
}

}  // namespace

Result<Exported> export_tiles(const store::View& view, const std::string& folder) {
  WRIT_TRY(const std::string newest, latest_checkpoint(view));
  WRIT_TRY(const Note note, parse_note(newest));
  WRIT_TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
  WRIT_TRY(const Log log, Log::open(view));
  WRIT_TRY(const Fd held, open_folder(folder));
  Exported done{0, checkpoint.size, 0};
  WRIT_TRY(done.before, size_in(view, log, checkpoint.origin, folder));
  if (done.before == done.size) return done;
  for (const merkle::Tile& tile : merkle::tiles_between(done.before, done.size)) {
    WRIT_TRY(const Bytes hashes, make_tile(log, tile));
    WRIT_CHECK(write_file(folder + "/" + tile_path(tile), hashes));
    ++done.files;
    if (tile.level != 0) continue;
    WRIT_TRY(const Bytes bundle, entries(log, tile));
    WRIT_CHECK(write_file(folder + "/" + merkle::entries_path(tile.index, tile.width), bundle));
    ++done.files;
  }
  if (::syncfs(held.get()) != 0) return system_error(errno, "cannot sync", folder);
  WRIT_CHECK(replace_file(folder + "/checkpoint", newest, public_file));
  ++done.files;
  return done;
}

}  // namespace writ::proof
