#include "writ/wire/digest.h"

#include <openssl/evp.h>

#include <algorithm>

#include "writ/base/assert.h"

namespace writ {
namespace {

// Fetched once: an implicit fetch costs more than the digest of a small content. Never freed: OpenSSL's own exit
// handler may run before ours.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  WRIT_ASSERT(fetched != nullptr);
  return fetched;
}
const EVP_MD* sha3_algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA3-256", nullptr);
  WRIT_ASSERT(fetched != nullptr);
  return fetched;
}

const EVP_MD* algorithm_of(const Sha256&) { return sha256_algorithm(); }
const EVP_MD* algorithm_of(const Sha3&) { return sha3_algorithm(); }

struct FreeContext {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// A scratch context for one algorithm and thread: making one costs as much as hashing a tree node. It carries
// nothing from call to call; only the pointer is kept.
EVP_MD_CTX* sha256_scratch() {
  thread_local const Context context(EVP_MD_CTX_new());
  return context.get();
}
EVP_MD_CTX* sha3_scratch() {
  thread_local const Context context(EVP_MD_CTX_new());
  return context.get();
}

// The type is set once; later calls only start it again.
void start(EVP_MD_CTX* context, const EVP_MD* algorithm) {
  WRIT_ASSERT(context != nullptr && EVP_DigestInit_ex2(context, algorithm, nullptr) == 1);
}
void add(EVP_MD_CTX* context, BytesView bytes) {
  WRIT_ASSERT(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}
template <class D>
D end(EVP_MD_CTX* context) {
  D out;
  unsigned size = 0;
  WRIT_ASSERT(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.bytes.data()), &size) == 1);
  WRIT_ASSERT(size == out.bytes.size());
  return out;
}

}  // namespace

template <class A>
std::optional<Digest<A>> Digest<A>::parse(std::string_view text) {
  Digest out;
  if (!parse_hex_into(text, out.bytes)) return std::nullopt;
  return out;
}
template <class A>
std::optional<Digest<A>> Digest<A>::from(BytesView view) {
  Digest out;
  if (view.size() != out.bytes.size()) return std::nullopt;
  std::ranges::copy(view, out.bytes.begin());
  return out;
}
template struct Digest<Sha256Algorithm>;
template struct Digest<Sha3Algorithm>;

Sha256 sha256(BytesView bytes) { return sha256_of_parts({bytes}); }

Sha256 sha256_of_parts(std::initializer_list<BytesView> parts) {
  EVP_MD_CTX* const context = sha256_scratch();
  start(context, sha256_algorithm());
  for (const BytesView part : parts) add(context, part);
  return end<Sha256>(context);
}

Sha3 sha3_256(BytesView bytes) {
  EVP_MD_CTX* const context = sha3_scratch();
  start(context, sha3_algorithm());
  add(context, bytes);
  return end<Sha3>(context);
}

DigestPair digest(BytesView bytes) { return {sha256(bytes), sha3_256(bytes)}; }

template <class D>
StreamOf<D>::StreamOf() : context_(EVP_MD_CTX_new()) {
  start(context_.get(), algorithm_of(D{}));
}
template <class D>
StreamOf<D>::StreamOf(StreamOf&&) noexcept = default;
template <class D>
StreamOf<D>& StreamOf<D>::operator=(StreamOf&&) noexcept = default;
template <class D>
StreamOf<D>::~StreamOf() = default;
template <class D>
void StreamOf<D>::Free::operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }

template <class D>
void StreamOf<D>::update(BytesView bytes) {
  WRIT_ASSERT(context_);
  add(context_.get(), bytes);
}
template <class D>
D StreamOf<D>::finish() {
  WRIT_ASSERT(context_);
  const D out = end<D>(context_.get());
  context_.reset();
  return out;
}
template class StreamOf<Sha256>;
template class StreamOf<Sha3>;

}  // namespace writ
