// The index's hostile twin: a program that does what it was not asked to. Each mode first writes to the state it was
// granted, as an honest program would, and then misbehaves; nothing of what it wrote may remain.
//
//   hostile passwd | memory | recurse | loop
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

void write_something() {
  std::FILE* file = std::fopen("/state/index/stats.json", "w");
  if (!file) return;
  std::fputs("{\"documents\":0,\"note\":\"overwritten\"}\n", file);
  std::fclose(file);
}

// Tries every way to a file that was not granted. Ends with 1 if each was refused, with 0 if one was not.
int read_passwords() {
  constexpr const char* ways[] = {
      "/etc/passwd",
      "../../etc/passwd",
      "/usr/share/common-licenses/../../../etc/passwd",
      "/state/../../etc/passwd",
      "/proc/self/root/etc/passwd",
  };
  int read = 0;
  for (const char* way : ways) {
    std::FILE* file = std::fopen(way, "r");
    std::printf("%-48s %s\n", way, file ? "OPEN" : std::strerror(errno));
    if (!file) continue;
    ++read;
    std::fclose(file);
  }
  return read == 0 ? 1 : 0;
}

// Stores beyond the end of its memory, where another guest or the host might lie.
__attribute__((noinline)) int write_outside() {
  volatile std::uint32_t* far = reinterpret_cast<std::uint32_t*>(0xfffffff0u);
  *far = 0x77726974;
  return 0;
}

// Calls itself for ever: `last` is never reached, which only the machine finds out.
volatile int last = -1;
int recurse(int n) { return n == last ? 0 : n - recurse(n + 1); }

__attribute__((noinline)) int loop_for_ever() {
  volatile unsigned rounds = 0;
  for (;;) rounds = rounds + 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* mode = argc == 2 ? argv[1] : "";
  write_something();
  if (std::strcmp(mode, "passwd") == 0) return read_passwords();
  if (std::strcmp(mode, "memory") == 0) return write_outside();
  if (std::strcmp(mode, "recurse") == 0) return recurse(0);
  if (std::strcmp(mode, "loop") == 0) return loop_for_ever();
  std::fprintf(stderr, "usage: hostile passwd|memory|recurse|loop\n");
  return 64;
}
