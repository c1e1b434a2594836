#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
int main() {
  std::map<std::string, int> count;
  char word[64];
  int total = 0;
  while (std::scanf("%63s", word) == 1) ++count[word], ++total;
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [w, n] : count) order.emplace_back(-n, w);
  std::sort(order.begin(), order.end());
  for (const auto& [n, w] : order) std::printf("%6d %s\n", -n, w.c_str());
  double mean = count.empty() ? 0 : static_cast<double>(total) / static_cast<double>(count.size());
  std::printf("%d words, %zu distinct, %.3f each\n", total, count.size(), mean);
}
