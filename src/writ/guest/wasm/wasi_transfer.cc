// Reading, writing and seeking.
//
// The vectors of a transfer are copied and checked, all of them, before the first byte moves. Together they may not be
// longer than the memory: honest ones do not overlap, and a guest cannot make one call copy the same bytes for minutes.
#include <algorithm>
#include <limits>
#include <vector>

#include "writ/guest/wasm/wasi_calls.h"

namespace writ::guest::wasm::wasi {
namespace {

constexpr std::uint32_t most_vectors = 1024;  // IOV_MAX
constexpr std::uint64_t last_offset = std::numeric_limits<std::int64_t>::max();

Answer<std::vector<std::span<std::byte>>> vectors(const GuestMemory& memory, std::uint32_t at, std::uint32_t count) {
  if (count > most_vectors) return std::unexpected(Errno::inval);
  if (!memory.contains(at, std::uint64_t{count} * sizeof(IoVector))) return std::unexpected(Errno::fault);
  std::vector<std::span<std::byte>> out;
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto v = memory.load<IoVector>(at + i * static_cast<std::uint32_t>(sizeof(IoVector)));
    if (!v || !memory.contains(v->address, v->length)) return std::unexpected(Errno::fault);
    total += v->length;
    if (v->length > 0) out.push_back(memory.at(v->address, v->length));
  }
  if (total > memory.size()) return std::unexpected(Errno::inval);
  return out;
}

struct Transfer {
  Descriptor* descriptor;
  std::vector<std::span<std::byte>> vectors;
  std::uint32_t result;  // where the count goes
};

// (descriptor, vectors, count, ...). What holds for every transfer.
Answer<Transfer> begin(WasiGuest& guest, const Call& call, std::uint32_t result, Rights wanted) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  if (!d) return std::unexpected(Errno::badf);
  if (d->folder()) return std::unexpected(Errno::isdir);
  if (!d->may(wanted)) return std::unexpected(Errno::notcapable);
  auto spans = vectors(call.memory(), call.word(1), call.word(2));
  if (!spans) return std::unexpected(spans.error());
  if (!call.memory().contains(result, 4)) return std::unexpected(Errno::fault);
  return Transfer{d, std::move(*spans), result};
}

Answer<std::size_t> read_some(WasiGuest& guest, Descriptor& d, std::uint64_t offset, std::span<std::byte> out) {
  if (d.console()) return guest.read_input(out);
  const auto got = d.object() ? d.object()->read_at(offset, out) : d.file()->read_at(offset, out);
  if (!got) return std::unexpected(guest.refused(got.error()));
  return *got;
}

// Fills the vectors in order until one stays short. What has arrived before a failure is kept and counts.
Errno read_into(WasiGuest& guest, const Call& call, const Transfer& t, std::uint64_t& offset) {
  std::uint32_t total = 0;
  for (const auto out : t.vectors) {
    const auto got = read_some(guest, *t.descriptor, offset, out);
    if (guest.end()) return Errno::success;
    if (!got && total == 0) return got.error();
    if (!got) break;
    offset += *got;
    total += static_cast<std::uint32_t>(*got);
    if (*got < out.size()) break;
  }
  return call.memory().store(t.result, total) ? Errno::success : Errno::fault;
}

Errno write_some(WasiGuest& guest, Descriptor& d, std::uint64_t offset, std::span<const std::byte> bytes) {
  if (Console* console = d.console())
    return console->stream ? guest.write_output(*console->stream, bytes) : Errno::badf;
  if (offset > last_offset - bytes.size()) return Errno::fbig;
  const auto written = d.object() ? d.object()->write_at(offset, bytes) : d.file()->write_at(offset, bytes);
  return written ? Errno::success : guest.refused(written.error());
}

Errno write_from(WasiGuest& guest, const Call& call, const Transfer& t, std::uint64_t& offset) {
  std::uint32_t total = 0;
  for (const auto bytes : t.vectors) {
    const Errno written = write_some(guest, *t.descriptor, offset, bytes);
    if (guest.end()) return Errno::success;
    if (written != Errno::success && total == 0) return written;
    if (written != Errno::success) break;
    offset += bytes.size();
    total += static_cast<std::uint32_t>(bytes.size());
  }
  return call.memory().store(t.result, total) ? Errno::success : Errno::fault;
}

Answer<std::uint64_t> size_of(WasiGuest& guest, Descriptor& d) {
  if (auto* file = d.file()) return file->metadata().size;
  const auto size = d.object()->size();
  if (!size) return std::unexpected(guest.refused(size.error()));
  return *size;
}

Answer<Descriptor*> seekable(WasiGuest& guest, std::uint32_t number, Rights wanted) {
  Descriptor* d = guest.descriptors().find(number);
  if (!d || d->folder()) return std::unexpected(Errno::badf);
  if (d->console()) return std::unexpected(Errno::spipe);
  if (!d->may(wanted)) return std::unexpected(Errno::notcapable);
  return d;
}

}  // namespace

// (descriptor, vectors, count, result)
Errno fd_read(WasiGuest& guest, const Call& call) {
  const auto t = begin(guest, call, call.word(3), right::read);
  return t ? read_into(guest, call, *t, t->descriptor->offset) : t.error();
}

// (descriptor, vectors, count, offset, result)
Errno fd_pread(WasiGuest& guest, const Call& call) {
  const auto t = begin(guest, call, call.word(4), right::read);
  if (!t) return t.error();
  if (t->descriptor->console()) return Errno::spipe;
  std::uint64_t offset = call.wide(3);
  return offset > last_offset ? Errno::inval : read_into(guest, call, *t, offset);
}

// (descriptor, vectors, count, result)
Errno fd_write(WasiGuest& guest, const Call& call) {
  const auto t = begin(guest, call, call.word(3), right::write);
  if (!t) return t.error();
  if ((t->descriptor->flags & flag_append) != 0 && !t->descriptor->console()) {
    const auto size = size_of(guest, *t->descriptor);
    if (!size) return size.error();
    t->descriptor->offset = *size;
  }
  return write_from(guest, call, *t, t->descriptor->offset);
}

// (descriptor, vectors, count, offset, result)
Errno fd_pwrite(WasiGuest& guest, const Call& call) {
  const auto t = begin(guest, call, call.word(4), right::write);
  if (!t) return t.error();
  if (t->descriptor->console()) return Errno::spipe;
  std::uint64_t offset = call.wide(3);
  return offset > last_offset ? Errno::inval : write_from(guest, call, *t, offset);
}

// (descriptor, distance, whence, result)
Errno fd_seek(WasiGuest& guest, const Call& call) {
  const auto d = seekable(guest, call.word(0), right::seek);
  if (!d) return d.error();
  if (!call.memory().contains(call.word(3), sizeof(std::uint64_t))) return Errno::fault;
  std::uint64_t from = 0;
  if (call.word(2) > static_cast<std::uint32_t>(Whence::end)) return Errno::inval;
  switch (static_cast<Whence>(call.word(2))) {
    case Whence::set: break;
    case Whence::current: from = (*d)->offset; break;
    case Whence::end: {
      const auto size = size_of(guest, **d);
      if (!size) return size.error();
      from = *size;
    }
  }
  std::int64_t to = 0;  // offsets never exceed last_offset, so `from` fits
  if (__builtin_add_overflow(static_cast<std::int64_t>(from), static_cast<std::int64_t>(call.wide(1)), &to)) return Errno::overflow;
  if (to < 0) return Errno::inval;
  (*d)->offset = static_cast<std::uint64_t>(to);
  return call.memory().store(call.word(3), (*d)->offset) ? Errno::success : Errno::fault;
}

// (descriptor, result)
Errno fd_tell(WasiGuest& guest, const Call& call) {
  const auto d = seekable(guest, call.word(0), right::tell);
  if (!d) return d.error();
  return call.memory().store(call.word(1), (*d)->offset) ? Errno::success : Errno::fault;
}

}  // namespace writ::guest::wasm::wasi
