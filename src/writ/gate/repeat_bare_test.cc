// A guest repeats effects more than it does anything else: the check and the record of one must not touch the allocator.
// In a program of its own, which counts what is allocated.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "writ/authority/grant.h"
#include "writ/gate/monitor.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace writ::gate {
namespace {

TEST(Repeat, AllocatesNothing) {
  const std::string path = "a/path/that/is/longer/than/a/string/holds/in/itself/and/then/some/more";
  const auto grant = [](std::string_view text) { return *authority::parse_grant(text, "/", system_clock().wall()); };
  authority::CapabilitySet capabilities({grant("state.write:b"), grant("state.read:a/,bytes=1GiB,uses=2000,rate=9000/s")}, {},
                                        system_clock());
  effect::Journal journal;
  Monitor monitor(capabilities, journal, 1u << 20, OnDenial::refuse);
  const auto key = monitor.perform({effect::Kind::state_read, path, 0, 0});
  ASSERT_TRUE(key) << key.error().text();
  ASSERT_TRUE(monitor.repeat(*key, 1, 1));  // makes room for the name
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i)
    if (!monitor.repeat(*key, 4096, 1u << 20)) break;
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(journal.effects(), 1002u);
  EXPECT_EQ(journal.entries().size(), 1u);
}

}  // namespace
}  // namespace writ::gate
