// Replays a fuzzer's corpus in ordinary tests: each file of the folder as it is, cut short at every length up to a limit,
// and with each of its first bytes changed. No corpus is a failure, so that a fuzzer cannot be forgotten.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kDamagedBytes = 512;  // damage beyond this is the fuzzer's work, not the test's

void replay(const std::vector<std::uint8_t>& input) {
  LLVMFuzzerTestOneInput(input.data(), input.size());
  for (std::size_t n = 0; n < input.size() && n < kDamagedBytes; ++n) {
    std::vector<std::uint8_t> cut(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
    LLVMFuzzerTestOneInput(cut.data(), cut.size());
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::vector<std::uint8_t> damaged = input;
      damaged[n] = static_cast<std::uint8_t>(damaged[n] ^ flip);
      LLVMFuzzerTestOneInput(damaged.data(), damaged.size());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  std::error_code error;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], error)) {
      std::ifstream in(entry.path(), std::ios::binary);
      replay({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
      ++files;
    }
  }
  std::printf("%zu corpus files replayed\n", files);
  return files == 0 ? 1 : 0;
}
