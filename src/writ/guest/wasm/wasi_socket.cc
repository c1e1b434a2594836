// There are no sockets: no descriptor is one, and every call says so.
#include "writ/guest/wasm/wasi_calls.h"

namespace writ::guest::wasm::wasi {

// (descriptor, ...). A folder has no stream that could be meant, as with fd_seek: badf.
Errno sock_any(WasiGuest& guest, const Call& call) {
  Descriptor* d = guest.descriptors().find(call.word(0));
  return !d || d->folder() ? Errno::badf : Errno::notsock;
}

}  // namespace writ::guest::wasm::wasi
