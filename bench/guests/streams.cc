#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
int main() {
  std::map<std::string, int> count;
  int total = 0;
  for (std::string word; std::cin >> word;) ++count[word], ++total;
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [w, n] : count) order.emplace_back(-n, w);
  std::sort(order.begin(), order.end());
  for (const auto& [n, w] : order) std::cout << std::setw(6) << -n << ' ' << w << '\n';
  double mean = count.empty() ? 0 : static_cast<double>(total) / static_cast<double>(count.size());
  std::cout << total << " words, " << count.size() << " distinct, " << std::fixed << std::setprecision(3) << mean << " each\n";
}
