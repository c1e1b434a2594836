// Session: everything one guest may ask for, as one object; each call is an effect that goes through the Monitor.
//
// State objects are read from the task's snapshot and written to its shadow: the task sees its own writes, nobody else
// does until the commit. Host files are read through one actor, and those that the task may change are read and changed through
// another, whose changes are staged too. Time and randomness are virtual (deterministic from the
// seed) unless the task holds clock.real or random.real.
//
// Errors are for the guest: `denied` (in the journal), `unavailable` (is not there), `invalid` (bad name), `exhausted`
// (a limit). After any call, monitor().must_end() says whether the guest may go on.
//
// Threads: one task, one thread. Paths: state paths have no leading '/'; file paths are absolute and canonical, as the guest
// names them: a mount says which folder of the host stands where in its view, everything else stands at its own path. The
// journal and the capabilities have the host's paths.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/clock.h"
#include "writ/effect/actor.h"
#include "writ/effect/work_files.h"
#include "writ/gate/ambient.h"
#include "writ/gate/monitor.h"
#include "writ/gate/shadow.h"

namespace writ::gate {

// What lies directly below a folder of the state: objects, and the folders that longer paths make.
struct StateEntry {
  std::string name;
  effect::FileType type = effect::FileType::regular;
  std::uint64_t size = 0;
};

enum class Creation : std::uint8_t { must_exist, may_create, must_create };

// A folder of the host, and where the guest sees it.
struct Mount {
  std::string at, host;  // both absolute and canonical
};

// A file or folder of the host that a guest which the kernel holds may use as it likes, from its start to its end.
struct Standing {
  enum class Reach : std::uint8_t { exact, below };  // below: it is a folder, with everything in it
  effect::Kind kind = effect::Kind::file_read;       // or file_write
  std::string host;
  Reach reach = Reach::exact;
};
struct Standings {
  std::vector<Standing> granted, denied;
};

class OpenFile;    // an authorised host file
class OpenObject;  // an authorised state object

class Session {
 public:
  struct Setup {
    authority::CapabilitySet& capabilities;
    effect::Journal& journal;
    std::uint64_t effect_limit;
    OnDenial on_denial;
    const store::View& snapshot;
    effect::HostFiles& host_files;
    const Clock& clock;
    WallTime admitted;                        // virtual time starts here
    std::array<std::byte, 32> seed;
    std::vector<std::string> environment;     // NAME=VALUE of the caller; the guest sees what `env` grants cover
    effect::WorkFiles* work_files = nullptr;  // what the task may change; null: nothing
    std::vector<Mount> mounts = {};
    Policing* policing = nullptr;             // null: no policy
  };
  explicit Session(Setup);
  ~Session();

  // --- state ---------------------------------------------------------------------------------------------------
  // Opens an object for reading (state.read) and, if `write`, for writing (state.write, staged). A new object is empty.
  Result<std::unique_ptr<OpenObject>> open_object(std::string_view path, effect::Access access, Creation creation);
  Result<StateEntry> stat_object(std::string_view path);                  // state.read; a folder if something lies below
  Result<std::vector<StateEntry>> list_objects(std::string_view folder);  // state.read of FOLDER/; "" is the root
  Result<void> remove_object(std::string_view path);                      // state.write
  // A folder is implied by what lies in it, so making one writes nothing: `denied` if nothing in it may be written.
  Result<void> make_folder(std::string_view path);
  Result<void> rename_object(std::string_view from, std::string_view to); // state.read + state.write of both

  // --- host files ----------------------------------------------------------------------------------------------
  struct FileWish {
    effect::Follow follow = effect::Follow::yes;
    effect::Access access = effect::Access::read;
    effect::Making making = effect::Making::never;
    effect::Cut cut = effect::Cut::no;
    bool writes() const { return access != effect::Access::read || making != effect::Making::never || cut == effect::Cut::yes; }
  };
  Result<std::unique_ptr<OpenFile>> open_file(const std::string& path);
  Result<std::unique_ptr<OpenFile>> open_file(const std::string& path, const FileWish&);  // file.read, file.write
  Result<effect::Metadata> stat_file(const std::string& path, effect::Follow follow);  // file.read
  Result<std::vector<effect::DirectoryEntry>> list_files(const std::string& folder);   // file.read of FOLDER/
  Result<std::string> read_link(const std::string& path);                              // file.read
  // Changes are staged. Errors carry the errno of a file system. Who may change something may also look at it (stat, list,
  // read_link), though not read it; and what is moved or named again where it can be read must be readable before.
  Result<void> make_file_folder(const std::string& path);                                   // file.write of PATH/
  Result<void> remove_file_folder(const std::string& path);                                 // file.write of PATH/
  Result<void> remove_file(const std::string& path);                                        // file.write
  Result<void> rename_file(const std::string& from, const std::string& to);                 // file.write of both, and all below
  Result<void> make_file_link(const std::string& target, const std::string& path);          // file.write
  Result<void> add_file_name(const std::string& existing, const std::string& path);         // file.write of both
  Result<void> set_file_times(const std::string& path, effect::Follow, effect::FileTimes);  // file.write
  // Folders on the way to something granted exist for the guest, although only what is granted can be seen in them.
  // What is granted itself is not on the way: it is listed in full.
  bool is_on_the_way(const std::string& folder) const;
  std::vector<std::string> names_on_the_way(const std::string& folder) const;
  // Whether anything that has a path was granted at all. Where nothing was, no file is there, and refusals say so.
  bool has_paths() const;
  // Whether list_files() would be allowed; asking leaves no trace. For what a virtual root shows without being asked.
  bool may_list(const std::string& folder) const;

  // --- of one's own ----------------------------------------------------------------------------------------------
  // "payments.charge:acme,amount=99.95" (effect/own_kind.h). Staged: it stands in the journal, and is true when the task
  // is committed. `invalid` if it is no such text.
  Result<void> perform_own(std::string_view text);

  // For a guest whose files the kernel serves: what was granted of the host's, decided once and on record. `unsupported` for a
  // grant or a deny that only somebody who sees each call could enforce (patterns, limits).
  Result<Standings> standing_files();
  const std::vector<Mount>& mounts() const { return setup_.mounts; }
  bool has_state() const;  // whether any object could be granted

  // --- ambient -------------------------------------------------------------------------------------------------
  const std::vector<std::string>& environment();  // NAME=VALUE, what `env` grants cover; decided once
  WallTime wall_time();                    // clock.real, else virtual
  Nanoseconds monotonic_time();
  void sleep_virtual(Nanoseconds);         // advances virtual time only
  bool real_clock();
  // Real time that passes while the guest sleeps: clock.real, from its beginning to its end. The wait says whether it ended
  // by itself. Whether it was allowed.
  bool sleep_really(const std::function<bool()>& wait);
  void fill_random(std::span<std::byte> out);  // random.real, else from the seed (ChaCha20)

  Monitor& monitor() { return monitor_; }
  Shadow& shadow() { return shadow_; }
  // Why a replay of this task may differ; empty: it may not.
  std::vector<std::string> nondeterminism() const;
  const std::vector<std::string>& environment_seen() const { return environment_seen_; }
  WallTime virtual_time() const { return ambient_.now(); }

 private:
  friend class OpenFile;
  friend class OpenObject;
  bool granted(effect::Kind);
  std::string host_of(const std::string& path) const;
  bool is_work(const std::string& host) const { return setup_.work_files != nullptr && setup_.work_files->covers(host); }
  effect::Kind look_kind(const std::string& host) const;
  Result<effect::Authorized> authorise(effect::Kind, const std::string& resource, effect::Follow);
  Result<std::unique_ptr<OpenFile>> open_work_file(const std::string& host, const FileWish&);
  Result<void> check_moved(const std::string& from, const std::string& to);
  template <class T>
  Result<T> confirmed(const effect::Authorized& key, Result<effect::Located<T>> found);
  Error refused(const effect::Authorized& key, Error e);

  Setup setup_;
  Monitor monitor_;
  Shadow shadow_;
  Ambient ambient_;
  bool environment_asked_ = false;
  std::vector<std::string> environment_seen_;
};

// An open state object. Writes land in the shadow at once; reads see them.
class OpenObject {
 public:
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);        // state.read again, counted
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);      // state.write again, counted
  Result<void> truncate(std::uint64_t size);
  Result<std::uint64_t> size() const;
  const std::string& path() const { return path_; }

 private:
  friend class Session;
  OpenObject(Session& s, std::string path, std::optional<effect::Authorized> read, std::optional<effect::Authorized> write)
      : session_(s), path_(std::move(path)), read_(std::move(read)), write_(std::move(write)) {}
  Session& session_;
  std::string path_;
  std::optional<effect::Authorized> read_, write_;
};

// An open host file: one that is only read, or one that the task may change.
class OpenFile {
 public:
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);    // file.read again, counted
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);  // file.write again, counted
  Result<void> truncate(std::uint64_t size);
  Result<void> set_times(effect::FileTimes);  // asks for file.write if it was opened for reading
  effect::Metadata metadata() const { return file_ ? file_->metadata() : work_->metadata(); }

 private:
  friend class Session;
  OpenFile(Session& s, effect::Authorized key, std::unique_ptr<effect::File> file)
      : session_(s), resource_(key.effect().resource), read_(std::move(key)), file_(std::move(file)) {}
  OpenFile(Session& s, std::string resource, std::optional<effect::Authorized> read, std::optional<effect::Authorized> write,
           std::unique_ptr<effect::WorkFile> work, effect::Whereabouts where)
      : session_(s), resource_(std::move(resource)), read_(std::move(read)), write_(std::move(write)), work_(std::move(work)),
        where_(std::move(where)) {}
  Result<void> authorise_writing();
  Session& session_;
  std::string resource_;
  std::optional<effect::Authorized> read_, write_;
  std::unique_ptr<effect::File> file_;  // one of the two
  std::unique_ptr<effect::WorkFile> work_;
  effect::Whereabouts where_;  // of the latter, when it was opened
};

inline Result<std::unique_ptr<OpenFile>> Session::open_file(const std::string& path) { return open_file(path, FileWish{}); }

}  // namespace writ::gate
