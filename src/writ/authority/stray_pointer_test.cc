// A stray pointer of the process's own code: it writes anywhere that can be written. What a capability allows must not grow.
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory_resource>

#include "writ/authority/capability.h"

namespace writ::authority {
namespace {

Grant grant(std::string_view text) {
  auto g = parse_grant(text, "/", WallTime{});
  EXPECT_TRUE(g) << text;
  return g ? std::move(*g) : Grant{};
}

// How many of the words there a child process can write to.
std::size_t writable_words(const void* at, std::size_t bytes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto* word = const_cast<volatile std::uint64_t*>(reinterpret_cast<const volatile std::uint64_t*>(static_cast<const char*>(at) + i));
      *word = ~*word;
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++count;
  }
  return count;
}

TEST(StrayPointer, FaultsInWhatACapabilityIs) {
  CapabilityTable table(8, system_clock());
  const auto root = *table.mint(grant("file.read:/a-path-that-is-too-long-for-the-string-itself/,uses=3"), "someone");
  const auto child = *table.attenuate(root, grant("file.read:/a-path-that-is-too-long-for-the-string-itself/x"));
  CapabilitySet set({grant("state.read:orders/")}, {grant("state.read:orders/secret")}, system_clock());
  set.add(table, child);
  for (const auto h : {root, child}) EXPECT_EQ(writable_words(table.find(h), sizeof(Capability)), 0u);
  EXPECT_EQ(writable_words(set.grants().data(), set.grants().size_bytes()), 0u);
  EXPECT_EQ(writable_words(set.denies().data(), set.denies().size_bytes()), 0u);
  ASSERT_TRUE(table.release(child));
  EXPECT_EQ(writable_words(table.find(root), sizeof(Capability)), 0u) << "sealed again after a change";
  const Grant ordinary = grant("state.read:x");
  EXPECT_GT(writable_words(&ordinary, sizeof ordinary), 0u) << "or this test sees nothing";
}

// --- everything in the process that can be written and says what a grant says is changed to say something else ---

struct Range {
  std::uintptr_t begin, end;
};
// Not the huge ones that a sanitizer keeps its books in.
std::vector<Range> writable_ranges() {
  std::vector<Range> all;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range r{};
    char write = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*c%c", &r.begin, &r.end, &write) == 3 && write == 'w' && r.end - r.begin <= 64u << 20) all.push_back(r);
  }
  return all;
}

// By the system calls that respect what may be written, so that only what a pointer could do is done.
std::size_t replace_everywhere(std::string from, std::string_view to) {
  constexpr std::size_t window = 1 << 20;
  std::vector<char> bytes(window + from.size());
  std::size_t replaced = 0;
  for (char& c : from) c ^= 0x55;  // this text is not to be found
  for (const Range& r : writable_ranges())
    for (std::uintptr_t at = r.begin; at < r.end; at += window) {
      iovec here{bytes.data(), std::min(bytes.size(), r.end - at)}, there{reinterpret_cast<void*>(at), here.iov_len};
      const auto got = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
      const auto self = reinterpret_cast<std::uintptr_t>(bytes.data());
      for (std::size_t i = 0; got > 0 && i + from.size() <= static_cast<std::size_t>(got); ++i) {
        const bool found = std::equal(from.begin(), from.end(), bytes.begin() + static_cast<std::ptrdiff_t>(i),
                                      [](char a, char b) { return (a ^ 0x55) == b; });
        if (!found || (at + i >= self && at + i < self + bytes.size())) continue;
        iovec text{const_cast<char*>(to.data()), to.size()}, place{reinterpret_cast<void*>(at + i), to.size()};
        if (::process_vm_writev(::getpid(), &text, 1, &place, 1, 0) > 0) ++replaced;
      }
    }
  return replaced;
}

TEST(StrayPointer, WritesNoGrantThatDecides) {
  const std::string granted = "/qzj7vw3kx9-granted-5m2p8r4t6y-folder/", other = "/qzj7vw3kx9-another-5m2p8r4t6y-folder/";
  ASSERT_EQ(granted.size(), other.size());
  CapabilitySet set({grant("file.read:" + granted)}, {}, system_clock());
  CapabilityTable table(4, system_clock());
  const auto h = *table.mint(grant("file.read:" + granted + "deeper"));
  std::array<std::byte, 4096> stack{};
  std::pmr::monotonic_buffer_resource on_stack(stack.data(), stack.size());
  const Grant ordinary = grant("file.read:" + granted).in(&on_stack);
  const std::string inside = granted + "x", outside = other + "x";
  ASSERT_TRUE(ordinary.covers(effect::Kind::file_read, inside));
  // What lies in a pattern has no slash around it.
  ASSERT_GT(replace_everywhere("qzj7vw3kx9-granted-5m2p8r4t6y", "qzj7vw3kx9-another-5m2p8r4t6y"), 0u);
  EXPECT_FALSE(ordinary.covers(effect::Kind::file_read, "/qzj7vw3kx9-gra" "nted-5m2p8r4t6y-folder/x")) << "or this test changes nothing";
  EXPECT_FALSE(set.permits(effect::Kind::file_read, outside));
  EXPECT_FALSE(table.find(h)->grant.covers(effect::Kind::file_read, "/qzj7vw3kx9-another-5m2p8r4t6y-folder/deeper"));
  std::string again = "/qzj7vw3kx9-";
  again += "granted-5m2p8r4t6y-folder/";
  EXPECT_TRUE(set.permits(effect::Kind::file_read, again + "x"));
  EXPECT_TRUE(table.find(h)->grant.covers(effect::Kind::file_read, again + "deeper"));
}

// --- the words that change with every use ---

struct Words {
  Words() { secret.store(epoch, 0); }
  std::array<Live, 2> live{};
  std::atomic<std::uint64_t> epoch{0};
  const Secret secret = Secret::random();
  CapabilityTable table{{epoch, live, secret}, system_clock(), CapabilityTable::Measure::monotonic};
};

TEST(StrayPointer, OnlyDeniesByTheWordsThatChange) {
  constexpr std::array<std::uint64_t, 8> patterns{0, 1, 2, ~std::uint64_t{0}, std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1,
                                                  0x4141414141414141, std::uint64_t{1} << 63};
  for (const std::uint64_t pattern : patterns) {
    Words words;
    auto& [live, epoch, secret, table] = words;
    const auto spent = *table.mint(grant("state.write:out/,uses=1,bytes=100"));
    const auto revoked = *table.mint(grant("state.read:in/"));
    ASSERT_TRUE(table.use(spent, 100).allowed());
    ASSERT_TRUE(table.revoke(revoked));
    ASSERT_TRUE(table.stands(spent));
    const auto before_uses = live[0].uses.load();
    live[0].uses = pattern;
    live[0].bytes = pattern;
    EXPECT_FALSE(table.use(spent, 1).allowed()) << pattern;
    live[0].uses = before_uses;
    live[1].standing = pattern;
    EXPECT_FALSE(table.stands(revoked)) << pattern;
    epoch = pattern;
    EXPECT_FALSE(table.stands(revoked)) << pattern;
    live[0].standing = pattern;
    EXPECT_FALSE(table.stands(spent)) << pattern;
  }
}

// One bit of a word, or one more or less: near misses of the host's own code.
TEST(StrayPointer, OnlyDeniesByOneBit) {
  for (int change = 0; change < 66; ++change) {
    const auto changed = [change](std::uint64_t word) {
      return change < 64 ? word ^ std::uint64_t{1} << change : change == 64 ? word - 1 : word + 1;
    };
    Words words;
    auto& [live, epoch, secret, table] = words;
    const auto spent = *table.mint(grant("state.write:out/,uses=1000"));
    const auto revoked = *table.mint(grant("state.read:in/"));
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(table.use(spent, 0).allowed());
    ASSERT_TRUE(table.revoke(revoked));
    live[0].uses = changed(live[0].uses);
    EXPECT_FALSE(table.use(spent, 0).allowed()) << change;
    live[1].standing = changed(live[1].standing);
    EXPECT_FALSE(table.stands(revoked)) << change;
  }
}

TEST(Secret, KeepsNumbersUnderEachValue) {
  for (const auto secret : {Secret(0), Secret(1), Secret(2), Secret(~std::uint64_t{0}), Secret::random()})
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
      std::atomic<std::uint64_t> word{secret.of(n)};
      EXPECT_EQ(secret.load(word), n);
      secret.add(word, 5);
      secret.subtract(word, 3);
      EXPECT_EQ(secret.load(word), n + 2);
    }
  EXPECT_EQ(Secret(0).of(77), 77u);
}

}  // namespace
}  // namespace writ::authority
