#include "writ/proof/state_map.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace writ::proof {
namespace {

constexpr unsigned key_bits = 256;
constexpr std::size_t leaf_size = 1 + 32 + 8 + 32, inner_size = 1 + 2 + 32 + 32 + 32;
constexpr std::byte leaf_tag{2}, inner_tag{3};

struct Node {
  bool is_leaf = true;
  Sha256 key;           // leaf: of the path; inner: the bits above depth, the rest zero
  unsigned depth = 0;   // inner: the bit in which its two halves differ
  Sha256 left, right;   // inner
  Bytes encoded;
};

bool bit(const Sha256& key, unsigned i) { return (std::to_integer<unsigned>(key.bytes[i / 8]) >> (7 - i % 8) & 1) != 0; }

unsigned first_difference(const Sha256& a, const Sha256& b) {
  for (unsigned i = 0; i < key_bits; ++i)
    if (bit(a, i) != bit(b, i)) return i;
  return key_bits;
}

Sha256 bits_above(const Sha256& key, unsigned depth) {
  Sha256 out;
  std::copy_n(key.bytes.begin(), depth / 8, out.bytes.begin());
  if (depth % 8 != 0) out.bytes[depth / 8] = key.bytes[depth / 8] & static_cast<std::byte>(0xff00u >> (depth % 8));
  return out;
}

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes encode_leaf(const Sha256& key, ObjectVersion version, const Sha256& body) {
  Bytes out{leaf_tag};
  append(out, key.view());
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(version.value() >> shift));
  append(out, body.view());
  return out;
}

Bytes encode_inner(const Sha256& key, unsigned depth, const Sha256& left, const Sha256& right) {
  Bytes out{inner_tag, static_cast<std::byte>(depth >> 8), static_cast<std::byte>(depth & 255)};
  append(out, bits_above(key, depth).view());
  append(out, left.view());
  append(out, right.view());
  return out;
}

// Where a node stands: below a parent that divides at bit n - 1, all of its keys begin with these n bits. The root: n = 0.
Bytes place(const Sha256& key, unsigned n) {
  Bytes out{static_cast<std::byte>(n >> 8), static_cast<std::byte>(n & 255)};
  append(out, bits_above(key, n).view().first((n + 7) / 8));
  return out;
}

Result<Node> load(store::Transaction& t, const Sha256& key, unsigned n, const Sha256& hash) {
  WRIT_TRY(auto bytes, t.current(state_node_table, place(key, n)));
  const auto broken = Error{Code::corrupt, "the state map lacks a node or has a broken one", hash.hex(), "run writ audit"};
  if (!bytes || sha256(*bytes) != hash) return broken;
  Node node;
  const BytesView all = *bytes;
  if (all.size() == leaf_size && all[0] == leaf_tag) {
    node.key = *Sha256::from(all.subspan(1, 32));
  } else if (all.size() == inner_size && all[0] == inner_tag) {
    node.is_leaf = false;
    node.depth = std::to_integer<unsigned>(all[1]) << 8 | std::to_integer<unsigned>(all[2]);
    node.key = *Sha256::from(all.subspan(3, 32));
    node.left = *Sha256::from(all.subspan(35, 32));
    node.right = *Sha256::from(all.subspan(67, 32));
    if (node.depth >= key_bits || node.depth < n) return broken;
  } else {
    return broken;
  }
  node.encoded = std::move(*bytes);
  return node;
}

Result<Sha256> save(store::Transaction& t, const Sha256& key, unsigned n, const Bytes& encoded) {
  WRIT_CHECK(t.put_current(state_node_table, place(key, n), encoded));
  return sha256(encoded);
}

// An inner node at place n that divides at `depth`: on the key's side stands `here`.
Result<Sha256> join(store::Transaction& t, const Sha256& key, unsigned n, unsigned depth, const Sha256& here, const Sha256& sibling) {
  return save(t, key, n, bit(key, depth) ? encode_inner(key, depth, sibling, here) : encode_inner(key, depth, here, sibling));
}

// The subtree at place n, whose hash is given, with the leaf in it.
Result<Sha256> put(store::Transaction& t, const Sha256& hash, unsigned n, const Sha256& key, const Bytes& leaf) {
  WRIT_TRY(const Node node, load(t, key, n, hash));
  const unsigned differs = first_difference(node.key, key);
  if (node.is_leaf ? differs < key_bits : differs < node.depth) {
    WRIT_CHECK(save(t, node.key, differs + 1, node.encoded));
    WRIT_TRY(const Sha256 made, save(t, key, differs + 1, leaf));
    return join(t, key, n, differs, made, hash);
  }
  if (node.is_leaf) return save(t, key, n, leaf);
  const bool right = bit(key, node.depth);
  WRIT_TRY(const Sha256 child, put(t, right ? node.right : node.left, node.depth + 1, key, leaf));
  return join(t, key, n, node.depth, child, right ? node.left : node.right);
}

Sha256 beside(Sha256 key, unsigned i) {
  key.bytes[i / 8] ^= static_cast<std::byte>(0x80u >> (i % 8));
  return key;
}

// The subtree without the key; nothing if it is empty then.
Result<std::optional<Sha256>> remove(store::Transaction& t, const Sha256& hash, unsigned n, const Sha256& key) {
  WRIT_TRY(const Node node, load(t, key, n, hash));
  const unsigned differs = first_difference(node.key, key);
  if (node.is_leaf ? differs < key_bits : differs < node.depth)
    return Error{Code::corrupt, "the state map lacks an object that the state has", key.hex(), "run writ audit"};
  if (node.is_leaf) {
    WRIT_CHECK(t.remove_current(state_node_table, place(key, n)));
    return std::optional<Sha256>();
  }
  const bool right = bit(key, node.depth);
  const Sha256& sibling = right ? node.left : node.right;
  WRIT_TRY(const auto child, remove(t, right ? node.right : node.left, node.depth + 1, key));
  if (child) {
    WRIT_TRY(const Sha256 joined, join(t, key, n, node.depth, *child, sibling));
    return std::optional<Sha256>(joined);
  }
  const Sha256 other = beside(key, node.depth);  // what is left moves up
  WRIT_TRY(const Node left, load(t, other, node.depth + 1, sibling));
  WRIT_CHECK(t.remove_current(state_node_table, place(other, node.depth + 1)));
  WRIT_CHECK(save(t, key, n, left.encoded));
  return std::optional<Sha256>(sibling);
}

struct Leaf {
  Sha256 key, hash;
};

Sha256 build(std::span<const Leaf> sorted) {
  if (sorted.empty()) return Sha256{};
  if (sorted.size() == 1) return sorted[0].hash;
  const unsigned depth = first_difference(sorted.front().key, sorted.back().key);
  const auto middle = std::partition_point(sorted.begin(), sorted.end(), [&](const Leaf& l) { return !bit(l.key, depth); });
  const auto n = static_cast<std::size_t>(middle - sorted.begin());
  return sha256(encode_inner(sorted.front().key, depth, build(sorted.first(n)), build(sorted.subspan(n))));
}

}  // namespace

Result<Sha256> state_root(const store::View& view) {
  WRIT_TRY(const auto bytes, view.record(state_root_table, as_bytes("root")));
  if (!bytes) return Sha256{};
  const auto root = Sha256::from(*bytes);
  if (!root) return Error{Code::corrupt, "the state root is malformed", std::string(state_root_table), "run writ fsck"};
  return *root;
}

Result<Sha256> put_state(store::Transaction& t, const Sha256& root, std::string_view path, ObjectVersion version, const Sha256& body) {
  const Sha256 key = sha256(as_bytes(path));
  const Bytes leaf = encode_leaf(key, version, body);
  return root == Sha256{} ? save(t, key, 0, leaf) : put(t, root, 0, key, leaf);
}

Result<Sha256> remove_state(store::Transaction& t, const Sha256& root, std::string_view path) {
  if (root == Sha256{}) return Error{Code::corrupt, "the state map is empty", std::string(path), "run writ audit"};
  WRIT_TRY(const auto made, remove(t, root, 0, sha256(as_bytes(path))));
  return made.value_or(Sha256{});
}

Result<void> write_state_root(store::Transaction& t, const Sha256& root) {
  return t.put_record(state_root_table, as_bytes("root"), root.view());
}

Result<Sha256> recompute_state_root(const store::View& view) {
  constexpr std::size_t page = 1000;
  std::vector<Leaf> leaves;
  for (std::string after;;) {
    WRIT_TRY(const auto objects, view.list("", page, after));
    for (const auto& o : objects) {
      const Sha256 key = sha256(as_bytes(o.path));
      leaves.push_back({key, sha256(encode_leaf(key, o.version, o.digest.sha256))});
    }
    if (objects.size() < page) break;
    after = objects.back().path;
  }
  std::sort(leaves.begin(), leaves.end(), [](const Leaf& a, const Leaf& b) { return a.key < b.key; });
  return build(leaves);
}

}  // namespace writ::proof
