#include "writ/runtime/doorbell.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "writ/base/id.h"

namespace writ::runtime {
namespace {

class DoorbellTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(store_); }
  void TearDown() override { std::filesystem::remove_all(store_); }
  // Longer than a socket's name may be.
  const std::string store_ =
      std::filesystem::temp_directory_path() / ("writ-doorbell-" + TaskId::random().hex() + std::string(150, 'x'));
};

TEST_F(DoorbellTest, EveryProcessIsAskedAndThoseWhoHaveItAnswer) {
  std::atomic<int> heard = 0;
  const auto listening = [&](std::string own) {
    return *Doorbell::hang(store_, [&heard, own](std::string_view task) {
      ++heard;
      return task == own;
    });
  };
  EXPECT_EQ(*ring(store_, "mine"), 0) << "nobody is there";
  const auto a = listening("mine"), b = listening("other");
  EXPECT_EQ(*ring(store_, "mine"), 1);
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(*ring(store_, "nobody"), 0);
  EXPECT_EQ(*ring(store_, std::string(65, 'x')), 0);
  EXPECT_EQ(*ring(store_, ""), 0);
}

TEST_F(DoorbellTest, WhoIsGoneIsForgotten) {
  { const auto d = Doorbell::hang(store_, [](std::string_view) { return true; }); }
  EXPECT_TRUE(std::filesystem::is_empty(store_ + "/running")) << "it took its own away";
  std::ofstream(store_ + "/running/plain.socket") << "no socket at all";
  EXPECT_EQ(*ring(store_, "x"), 0);
}

TEST_F(DoorbellTest, ManyRingAtOnce) {
  const auto d = Doorbell::hang(store_, [](std::string_view) { return true; });
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) answered += *ring(store_, "x");
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(answered, 160);
}

TEST_F(DoorbellTest, AFolderThatIsALinkIsRefused) {
  std::filesystem::create_directory(store_ + "/elsewhere");
  std::filesystem::create_symlink("elsewhere", store_ + "/running");
  EXPECT_FALSE(Doorbell::hang(store_, [](std::string_view) { return true; }));
  EXPECT_FALSE(ring(store_, "x"));
}

}  // namespace
}  // namespace writ::runtime
