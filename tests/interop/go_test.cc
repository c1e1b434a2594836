// The exported log is what Go's sumdb/note and sumdb/tlog read: at every size of a growing export, and not when a byte of
// it is changed. WRIT_GO_MOD names a checkout of golang.org/x/mod; with Go 1.19 (Debian 12) one of v0.14.0 or so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/interop/command.h"
#include "writ/base/file.h"
#include "writ/base/id.h"
#include "writ/proof/notary.h"
#include "writ/proof/tile_export.h"
#include "writ/proof/verify/sample_receipt.h"

namespace writ::interop {
namespace {

namespace fs = std::filesystem;

std::string go_line(const std::string& path) {  // the version after "go " in a go.mod
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("go ")) return line.substr(3);
  return {};
}

std::pair<int, int> version(const std::string& text) {  // of "1.19" or "go1.19.8"
  std::pair<int, int> v{0, 0};
  const auto digits = text.find_first_of("0123456789");
  if (digits != text.npos) std::sscanf(text.c_str() + digits, "%d.%d", &v.first, &v.second);
  return v;
}

// The checker, built once from Go's two packages; or why it cannot be.
class Checker {
 public:
  Checker() { build(); }
  Done check(const std::string& log, const std::string& vkey, std::uint64_t old_size, const std::string& old_root) const {
    return run({folder_ + "/check", log, vkey, std::to_string(old_size), old_root}, folder_);
  }
  std::string absent, problem;

 private:
  void build() {
    if (std::string(WRIT_GO).empty()) return missing("Go is not installed (golang-1.19-go)");
    const char* const named = std::getenv("WRIT_GO_MOD");
    const std::string checkout = named != nullptr ? named : "/usr/share/gocode/src/golang.org/x/mod";
    if (!fs::is_directory(fs::path(checkout) / "sumdb/tlog"))
      return missing(named != nullptr ? "WRIT_GO_MOD names no checkout of golang.org/x/mod"
                                      : "golang.org/x/mod is not here (golang-golang-x-mod-dev)");
    const auto has = version(run({WRIT_GO, "env", "GOVERSION"}, "/", environment()).output);
    if (version(go_line(checkout + "/go.mod")) > has)
      return missing("the checkout in WRIT_GO_MOD needs a newer Go; v0.14.0 does not");
    fs::remove_all(folder_);
    for (const char* package : {"note", "tlog"}) {
      fs::create_directories(folder_ + "/mod/sumdb/" + package);
      for (const auto& file : fs::directory_iterator(fs::path(checkout) / "sumdb" / package))
        if (file.path().extension() == ".go" && !file.path().stem().string().ends_with("_test"))
          fs::copy(file.path(), folder_ + "/mod/sumdb/" + package);
    }
    fs::copy(WRIT_SOURCE_DIR "/tests/interop/go/main.go", folder_);
    std::ofstream(folder_ + "/mod/go.mod") << "module golang.org/x/mod\n\ngo 1.18\n";
    std::ofstream(folder_ + "/go.mod") << "module check\n\ngo 1.18\n\nrequire golang.org/x/mod v0.0.0\n\n"
                                        << "replace golang.org/x/mod => ./mod\n";
    const Done built = run({WRIT_GO, "build", "-o", "check", "."}, folder_, environment());
    if (built.status != 0) problem = "go build: " + built.output;
  }
  void missing(std::string why) { absent = std::move(why); }
  std::vector<std::string> environment() const {
    return {"GOFLAGS=-mod=mod", "GOPROXY=off",  "GOSUMDB=off", "GOTOOLCHAIN=local", "GOPATH=" + folder_ + "/path",
            "CGO_ENABLED=0",    "GOCACHE=" + folder_ + "/cache"};
  }
  const std::string folder_ = WRIT_BINARY_DIR "/interop/go";
};

TEST(Go, ReadsTheExportAtEverySizeAndNothingElse) {
  const Checker go;
  if (!go.absent.empty()) GTEST_SKIP() << go.absent;
  ASSERT_EQ(go.problem, "");
  const std::string folder = fs::temp_directory_path() / ("writ-export-" + TaskId::random().brief());
  fs::create_directories(folder);
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  const auto opened = store::Store::open(folder + "/store", options);
  ASSERT_TRUE(opened) << opened.error().text();
  store::Store* const store = opened->get();
  const proof::Notary notary(proof::sample::key(7), "writ.example/log", proof::Signing::batch);
  store->seal_with([&](store::Transaction& t) { return notary.seal(t); });
  std::vector<std::uint64_t> sizes{1, 2, 255, 256, 257, 512, 700};
  if (std::getenv("WRIT_SOAK") != nullptr) sizes.insert(sizes.end(), {65'536, 70'000});
  std::uint64_t old_size = 0;
  std::string old_root;
  for (const std::uint64_t size : sizes) {
    ASSERT_TRUE(store->write([&](store::Transaction& t) -> Result<void> {
      for (std::uint64_t i = old_size; i < size; ++i) {
        auto in = proof::sample::input();
        auto out = proof::sample::output();
        in.task = out.task = TaskId::random();
        WRIT_CHECK(notary.issue(t, in, out));
      }
      return {};
    }));
    const auto exported = proof::export_tiles(*store->snapshot(), folder + "/log");
    ASSERT_TRUE(exported) << exported.error().text();
    EXPECT_EQ(exported->before, old_size);
    const Done done = go.check(folder + "/log", notary.verifier().text(), old_size, old_root);
    ASSERT_EQ(done.status, 0) << size << ": " << done.output;
    const std::string expected = "size " + std::to_string(size) + " root ";
    ASSERT_TRUE(done.output.starts_with(expected)) << done.output;
    old_root = done.output.substr(expected.size(), 44);
    old_size = size;
  }
  // A reader who remembers another past is told.
  EXPECT_EQ(go.check(folder + "/log", notary.verifier().text(), 255, base64(sha256({}).view())).status, 1);
  EXPECT_EQ(go.check(folder + "/log", proof::sample::verifier(proof::sample::key(8)).text(), 0, "").status, 1);
  for (const char* file : {"checkpoint", "tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001"}) {
    if (sizes.back() != 700) break;  // the names are those of the usual size
    const std::string path = folder + "/log/" + file;
    std::string bytes = *read_file(path, MiB);
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(path) << bytes;
    EXPECT_EQ(go.check(folder + "/log", notary.verifier().text(), 0, "").status, 1) << file;
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(path) << bytes;
  }
  EXPECT_EQ(go.check(folder + "/log", notary.verifier().text(), 0, "").status, 0);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace writ::interop
