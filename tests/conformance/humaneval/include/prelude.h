/* What the programs of humaneval get beyond their own text.
   - rand() as glibc has it: one of them (32) looks for roots with Newton's iteration, which does not converge on every
     polynomial, and does on those that glibc's numbers make.
   - an object of the state, written before main(), that shows whether the task was committed.
   - what Boost asks of programs without exceptions (22). */
#ifndef WRIT_HUMANEVAL_PRELUDE
#define WRIT_HUMANEVAL_PRELUDE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <exception>

extern "C" int rand() {
  constexpr int degree = 31, separation = 3, discarded = 310;
  static uint32_t words[degree];
  static int at = -1;
  const auto step = [] {
    words[at] += words[(at + degree - separation) % degree];
    const uint32_t value = words[at];
    at = (at + 1) % degree;
    return value;
  };
  if (at < 0) {
    words[0] = 1;
    for (int i = 1; i < degree; ++i) words[i] = static_cast<uint32_t>(16807ull * words[i - 1] % 2147483647);
    at = separation;
    for (int i = 0; i < discarded; ++i) step();
  }
  return static_cast<int>(step() >> 1);
}

__attribute__((constructor)) static void leave_a_mark() {
  FILE* file = fopen("/state/verdict", "w");
  if (!file || fputs("reached", file) < 0 || fclose(file) != 0) exit(2);
}

namespace boost {
[[noreturn]] void throw_exception(const std::exception&) { abort(); }
}  // namespace boost
#endif
