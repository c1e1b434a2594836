// Writes a seccomp program, instruction by instruction: jumps count the instructions that are skipped. Into a FixedFilter it
// allocates nothing, for a child before exec; a std::vector<sock_filter> takes a program of any length.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstddef>

namespace writ::supervise {

template <std::size_t N>
struct FixedFilter {
  std::array<sock_filter, N> code;
  unsigned short size = 0;
  void push_back(sock_filter f) { code[size++] = f; }
};

template <class Filter>
class FilterWriter {
 public:
  void load(unsigned offset) { put(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void answer(unsigned value) { put(BPF_STMT(BPF_RET | BPF_K, value)); }
  void skip(unsigned instructions) { put(BPF_STMT(BPF_JMP | BPF_JA, instructions)); }
  void skip_unless(unsigned value, unsigned char instructions) { put(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions)); }
  void skip_if(unsigned value, unsigned char instructions) { put(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, instructions, 0)); }
  void skip_below(unsigned value, unsigned char instructions) { put(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, instructions)); }
  void skip_unless_any_bit(unsigned bits, unsigned char instructions) { put(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, instructions)); }
  // 32-bit and x32 calls have tables of their own, in which the numbers mean other calls.
  void kill_foreign_tables() {
    load(offsetof(seccomp_data, arch));
    skip_if(AUDIT_ARCH_X86_64, 1);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    skip_if(~0u, 2);  // what a tracer makes of a call that it skips (strace does); no program can ask for it
    skip_below(x32_bit, 1);
    answer(SECCOMP_RET_KILL_PROCESS);
  }
  Filter filter;

 protected:
  void put(sock_filter f) { filter.push_back(f); }

 private:
  static constexpr unsigned x32_bit = 0x40000000;
};

}  // namespace writ::supervise
