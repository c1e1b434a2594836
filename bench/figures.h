// What the benchmarks of this folder share: medians, and the small size that the tests run.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace writ::bench {

inline bool small() { return std::getenv("WRIT_BENCH_SMALL") != nullptr; }

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace writ::bench
