// A version without a body was never written, or it removed the object. A version that is not there at all is an error: who
// takes one for the other deletes what it should bring back.
#include <gtest/gtest.h>

#include "writ/store/store.h"
#include "writ/store/testing_folder.h"

namespace writ::store {
namespace {

TEST(BodyIfThere, TellsRemovedFromUnreadable) {
  const TestingFolder folder;
  const auto store = Store::open(folder.path(), {.access = Access::create, .disk = {}});
  ASSERT_TRUE(store);
  const auto put = [](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.put_object("a", as_bytes("one")));
    return {};
  };
  const auto remove = [](Transaction& t) -> Result<void> {
    WRIT_CHECK(t.remove_object("a"));
    return {};
  };
  ASSERT_TRUE((*store)->write(put) && (*store)->write(remove));
  const Reader view = *(*store)->snapshot();
  EXPECT_EQ(*body_if_there(view, "a", ObjectVersion(0)), std::nullopt);
  EXPECT_EQ(as_text(**body_if_there(view, "a", ObjectVersion(1))), "one");
  EXPECT_EQ(*body_if_there(view, "a", ObjectVersion(2)), std::nullopt);
  EXPECT_EQ(body_if_there(view, "a", ObjectVersion(3)).error().code, Code::unavailable);
}

}  // namespace
}  // namespace writ::store
