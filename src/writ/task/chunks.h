// Chunks: bytes of any length as records of the store, which are bounded (store/object.h): the key, then the number of the
// chunk in four bytes. The last chunk is the one that is not full, so the length needs no record of its own.
//
// Threads: those of the View or Transaction.
#pragma once

#include <optional>
#include <string_view>

#include "writ/store/store.h"

namespace writ::task {

inline constexpr std::size_t chunk_size = 4u << 20;

// Nothing may lie there yet.
Result<void> put_chunks(store::Transaction&, std::string_view table, BytesView key, BytesView bytes);
// `corrupt` if one is missing in between; nothing if there are none.
Result<std::optional<Bytes>> find_chunks(const store::View&, std::string_view table, BytesView key);
// All whose keys begin with these bytes.
Result<void> remove_chunks(store::Transaction&, std::string_view table, BytesView key);

}  // namespace writ::task
