// The durable transactional store: the one place where state, receipts and the log become visible, all in one commit
// or not at all (architecture.md sections 1, 3, 6; docs/formats/store.md).
//
// A store is a folder with one SQLite file. Every commit has a Sequence, one more than the commit before it. Reads are
// as of a Sequence and need no lock and no long transaction, because history is kept. Writes are closures that run one
// after the other, on the thread of one of their callers; those of several callers share one disk commit, each in a
// savepoint, so that a refused one leaves the others alone, and each caller goes on only when its own is durable.
//
// Threads: everything here may be called from any thread, except that a write may not be started within a write.
// A thread that writes takes no signals meanwhile. Several processes may use one store; they wait for each other up to `patience`.
//
// Errors, everywhere: `corrupt` what was read is not what was written (every page carries a checksum, every body its
// digest); `exhausted` the disk or a limit is full, nothing is lost, go on after making room; `unavailable` there is no
// store, or another process holds it; `denied` it may only be read; `unsupported` a newer Writ wrote it; `poisoned` the
// disk refused a sync: no more writes until the store is opened again, and a power cut may take the commit that failed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/store/object.h"
#include "writ/wire/bytes.h"

namespace writ::store {

// sync: each commit is on disk when write() returns. group: the same, but the writer waits a moment so that more callers
// share it: more throughput, more latency. none: survives the death of the process; a power cut may lose the last
// commits, in order and whole.
enum class Durability { sync, group, none };
enum class Access { read, write, create };  // create: write, and make the store if there is none
enum class Order { forward, backward };
enum class Visit { more, enough };

struct OpenOptions {
  Access access = Access::write;
  Durability durability = Durability::sync;
  std::chrono::milliseconds patience{5000};  // how long a write waits for another process
  ByteCount log_limit = 4 * MiB;  // of write-ahead log, which is then moved into the main file
  std::string disk;  // the SQLite VFS below the store's own; empty is the operating system's (tests bring failing ones)
};

// A consistent picture of the store. Tombstones are absent from object() and list(), and visible to version() and
// history().
class View {
 public:
  using Visitor = std::function<Result<Visit>(BytesView key, BytesView value)>;

  virtual ~View() = default;
  virtual Sequence sequence() const = 0;
  virtual Result<std::optional<ObjectState>> object(std::string_view path) const = 0;
  // The newest version, be it a tombstone; 0 if the path was never written. This is what a read set records.
  virtual Result<ObjectVersion> version(std::string_view path) const = 0;
  // The bytes of one version, checked against its digest. `unavailable` if there is no such version, or it is a tombstone.
  virtual Result<Bytes> body(std::string_view path, ObjectVersion) const = 0;
  // Objects whose path starts with `prefix`, in the order of their bytes, those after `after` only.
  virtual Result<std::vector<ObjectState>> list(std::string_view prefix, std::size_t limit,
                                                std::string_view after = {}) const = 0;
  // Every version, oldest first; empty if the path was never written.
  virtual Result<std::vector<ObjectState>> history(std::string_view path) const = 0;

  virtual Result<std::optional<Bytes>> record(std::string_view table, BytesView key) const = 0;
  // Records with first <= key < last (an empty `last` is the end of the table), until the visitor has enough or fails.
  // The visitor may use the store.
  virtual Result<void> scan(std::string_view table, BytesView first, BytesView last, const Visitor&,
                            Order = Order::forward) const = 0;
};

// The bytes of one version, or nothing if it is a tombstone or version 0. A read that failed is a failure and never nothing,
// though body() calls both `unavailable`.
Result<std::optional<Bytes>> body_if_there(const View&, std::string_view path, ObjectVersion);

// How far back a Reader sees records: superseded values go when they are this many commits old. An older Reader's
// record() and scan() answer `unavailable`; its objects it sees for ever.
inline constexpr std::uint64_t kept_record_commits = 4096;

// The store as of one Sequence. A value: copies see the same. It may outlive the Store.
class Reader final : public View {
 public:
  Sequence sequence() const override { return sequence_; }
  Result<std::optional<ObjectState>> object(std::string_view path) const override;
  Result<ObjectVersion> version(std::string_view path) const override;
  Result<Bytes> body(std::string_view path, ObjectVersion) const override;
  Result<std::vector<ObjectState>> list(std::string_view prefix, std::size_t limit,
                                        std::string_view after = {}) const override;
  Result<std::vector<ObjectState>> history(std::string_view path) const override;
  Result<std::optional<Bytes>> record(std::string_view table, BytesView key) const override;
  Result<void> scan(std::string_view table, BytesView first, BytesView last, const Visitor&,
                    Order = Order::forward) const override;

 private:
  friend class Store;
  Reader(std::shared_ptr<class Pool> pool, Sequence sequence) : pool_(std::move(pool)), sequence_(sequence) {}
  std::shared_ptr<class Pool> pool_;
  Sequence sequence_;
};

// One commit in the making: a View of the newest state with its own changes in it. Lives inside Store::write only.
class Transaction final : public View {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // `conflict` unless version(path) is `expected`: how a read set is validated.
  Result<void> expect(std::string_view path, ObjectVersion expected);
  // The next version. A second put of one path in one transaction replaces the first: one commit, one version.
  Result<ObjectState> put_object(std::string_view path, BytesView body);
  // The same for a caller that has the digest already: hashing before the write leaves the others the time.
  Result<ObjectState> put_object(std::string_view path, BytesView body, const DigestPair& digest);
  Result<ObjectState> remove_object(std::string_view path);  // `unavailable` if there is no such object
  Result<void> put_record(std::string_view table, BytesView key, BytesView value);
  Result<void> remove_record(std::string_view table, BytesView key);  // nothing if there is none

  // Records without history, in tables of their own: replaced in place, and seen by transactions only. For what the next
  // commit builds on and nobody else looks at.
  Result<std::optional<Bytes>> current(std::string_view table, BytesView key) const;
  Result<void> put_current(std::string_view table, BytesView key, BytesView value);
  Result<void> remove_current(std::string_view table, BytesView key);

  // The Sequence that this commit will have.
  Sequence sequence() const override;
  Result<std::optional<ObjectState>> object(std::string_view path) const override;
  Result<ObjectVersion> version(std::string_view path) const override;
  Result<Bytes> body(std::string_view path, ObjectVersion) const override;
  Result<std::vector<ObjectState>> list(std::string_view prefix, std::size_t limit,
                                        std::string_view after = {}) const override;
  Result<std::vector<ObjectState>> history(std::string_view path) const override;
  Result<std::optional<Bytes>> record(std::string_view table, BytesView key) const override;
  Result<void> scan(std::string_view table, BytesView first, BytesView last, const Visitor&,
                    Order = Order::forward) const override;

 private:
  friend class Writer;
  Transaction(class Connection& connection, Sequence sequence) : connection_(connection), sequence_(sequence) {}
  template <class T>
  Result<T> remember(Result<T>);
  Result<void> check_alive();
  Result<void> grow(ByteCount size, ByteCount limit, std::string_view what, std::string_view where);
  Result<ObjectState> append(std::string_view path, ObjectKind, BytesView body, const DigestPair&);
  Result<void> forget(const ObjectState&);
  Result<void> supersede(std::string_view table, BytesView key, std::optional<BytesView> value);

  class Connection& connection_;
  Sequence sequence_;
  ByteCount written_;
  bool changed_ = false;
  std::optional<Error> broken_;  // a change failed half-way: this cannot be committed
};

class Store {
 public:
  using Change = std::function<Result<void>(Transaction&)>;

  // The folder itself, not one above it. Makes it with mode 0700 and the files with 0600.
  static Result<std::unique_ptr<Store>> open(const std::string& folder, const OpenOptions&);
  ~Store();  // waits for writes under way

  // Runs `change` once, on this thread or that of another caller, and returns when the commit is durable. An Error of
  // `change` is returned as it is and nothing is changed. A change that wrote nothing makes no commit and returns the
  // current Sequence. What `change` captures must be host memory that any thread may use. Throwing ends the program.
  Result<Sequence> write(const Change&);
  // Runs `seal` at the end of every commit that changes something, after all its closures and as part of the last of
  // them: what one signature is to cover. If it fails, the whole commit does. Called once, before the first write.
  void seal_with(Change seal);
  // As of the newest commit, of this process or another.
  Result<Reader> snapshot() const;
  // As of an older one. `invalid` if it is yet to come.
  Result<Reader> snapshot(Sequence) const;

  Access access() const;
  const std::string& folder() const;
  // 16 random bytes in hex, made with the store: two stores are never taken for one another.
  const std::string& identity() const;

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

}  // namespace writ::store
