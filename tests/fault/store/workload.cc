#include "workload.h"

#include <gtest/gtest.h>

#include <set>

#include "writ/store/fsck.h"

namespace writ::store {
namespace {
constexpr const char* paths[] = {"a", "deep/er/b", "c"};
constexpr std::size_t sizes[] = {10, 4096, 9000};

std::string body_of(std::uint64_t number, std::size_t size) {
  std::string s = std::to_string(number) + ":";
  s.resize(size, static_cast<char>('a' + number % 26));
  return s;
}
}  // namespace

Result<Sequence> commit_number(Store& store, std::uint64_t number) {
  return store.write([&](Transaction& t) -> Result<void> {
    for (std::size_t i = 0; i < std::size(paths); ++i) {
      WRIT_TRY(const ObjectVersion version, t.version(paths[i]));
      WRIT_CHECK(t.expect(paths[i], version));
      WRIT_CHECK(t.put_object(paths[i], as_bytes(body_of(number, sizes[i]))));
    }
    WRIT_CHECK(t.put_record("marks", as_bytes(std::to_string(number)), as_bytes("done")));
    return t.put_record("last", as_bytes("number"), as_bytes(std::to_string(number)));
  });
}

Result<Sequence> commit_number_heedlessly(Store& store, std::uint64_t number) {
  return store.write([&](Transaction& t) -> Result<void> {
    for (std::size_t i = 0; i < std::size(paths); ++i) (void)t.put_object(paths[i], as_bytes(body_of(number, sizes[i])));
    (void)t.put_record("last", as_bytes("number"), as_bytes(std::to_string(number)));
    return {};
  });
}

std::uint64_t verified_number(const std::string& folder, const std::string& disk, const std::string& what) {
  SCOPED_TRACE(what);
  const auto report = fsck(folder, Repair::report, {.disk = disk});
  EXPECT_TRUE(report) << report.error().text();
  if (report)
    for (const Finding& f : report->findings) ADD_FAILURE() << "fsck: " << f.what << " (" << f.where << ")";
  const auto store = Store::open(folder, {.access = Access::write, .disk = disk});
  EXPECT_TRUE(store) << store.error().text();
  if (!store) return 0;
  const auto reader = (*store)->snapshot();
  EXPECT_TRUE(reader) << reader.error().text();
  if (!reader) return 0;

  std::set<std::uint64_t> numbers;
  const auto last = reader->record("last", as_bytes("number"));
  EXPECT_TRUE(last) << last.error().text();
  numbers.insert(last && *last ? std::stoull(std::string(as_text(**last))) : 0);
  for (std::size_t i = 0; i < std::size(paths); ++i) {
    const auto state = reader->object(paths[i]);
    EXPECT_TRUE(state) << state.error().text();
    if (!state || !*state) {
      numbers.insert(0);
      continue;
    }
    EXPECT_EQ((*state)->version.value(), reader->sequence().value());  // each commit wrote each object once
    const auto body = reader->body(paths[i], (*state)->version);
    EXPECT_TRUE(body) << body.error().text();
    if (!body) continue;
    const std::uint64_t number = std::stoull(std::string(as_text(*body)));
    EXPECT_EQ(as_text(*body), body_of(number, sizes[i]));
    numbers.insert(number);
  }
  EXPECT_EQ(numbers.size(), 1u) << "a mix of commits";
  return *numbers.begin();
}

}  // namespace writ::store
