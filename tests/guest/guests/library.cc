// A C++ program as people write them: the standard library, allocation, floating-point text, virtual calls, sorting.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Circle : Shape {
  explicit Circle(double r) : radius(r) {}
  double area() const override { return M_PI * radius * radius; }
  double radius;
};
struct Square : Shape {
  explicit Square(double s) : side(s) {}
  double area() const override { return side * side; }
  double side;
};

int main(int argc, char** argv) {
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 1; i <= 5; ++i) {
    shapes.push_back(std::make_unique<Circle>(i));
    shapes.push_back(std::make_unique<Square>(i));
  }
  std::sort(shapes.begin(), shapes.end(), [](const auto& a, const auto& b) { return a->area() < b->area(); });
  double sum = 0;
  for (const auto& s : shapes) sum += std::sqrt(s->area());
  std::map<std::string, int> words;
  std::string word;
  for (int c; (c = std::getchar()) != EOF;)
    if (c == ' ' || c == '\n') words[word]++, word.clear();
    else word += static_cast<char>(c);
  std::printf("%d %s %.12f\n", argc, argc > 1 ? argv[1] : "-", sum);
  for (const auto& [w, n] : words) std::printf("%s=%d\n", w.c_str(), n);
  std::vector<int> many(1 << 20);
  for (unsigned i = 0; i < many.size(); ++i) many[i] = static_cast<int>(i * 2654435761u % 1000003);
  std::sort(many.begin(), many.end());
  std::printf("%d %d %d\n", many.front(), many[many.size() / 2], many.back());
  return 3;
}
