#include "writ/workspace/line_diff.h"

#include <algorithm>

namespace writ::workspace {
namespace {

using Texts = std::vector<std::string_view>;

// A rectangle of the edit graph: old lines [a, b), new lines [c, d).
struct Box {
  std::size_t a, b, c, d;
};

// The middle snake of a box: a point that some shortest path runs through. Both ends are searched at once, so that only
// two rows are kept. Nothing if it would take more than max_edits steps.
struct Point {
  std::size_t x, y;
};

std::optional<Point> middle(const Texts& before, const Texts& after, const Box& box) {
  const auto n = static_cast<std::ptrdiff_t>(box.b - box.a), m = static_cast<std::ptrdiff_t>(box.d - box.c);
  const std::ptrdiff_t delta = n - m;
  const std::ptrdiff_t most = std::min<std::ptrdiff_t>((n + m + 1) / 2, static_cast<std::ptrdiff_t>(max_edits));
  const std::ptrdiff_t width = most + 1;
  std::vector<std::ptrdiff_t> forward(static_cast<std::size_t>(2 * width + 1), 0), backward = forward;
  const auto f = [&](std::ptrdiff_t k) -> std::ptrdiff_t& { return forward[static_cast<std::size_t>(k + width)]; };
  const auto g = [&](std::ptrdiff_t k) -> std::ptrdiff_t& { return backward[static_cast<std::size_t>(k + width)]; };
  const auto old_line = [&](std::ptrdiff_t x) { return before[box.a + static_cast<std::size_t>(x)]; };
  const auto new_line = [&](std::ptrdiff_t y) { return after[box.c + static_cast<std::size_t>(y)]; };
  const auto point = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return Point{box.a + static_cast<std::size_t>(x), box.c + static_cast<std::size_t>(y)};
  };
  for (std::ptrdiff_t steps = 0; steps <= most; ++steps) {
    for (std::ptrdiff_t k = -steps; k <= steps; k += 2) {
      std::ptrdiff_t x = k == -steps || (k != steps && f(k - 1) < f(k + 1)) ? f(k + 1) : f(k - 1) + 1;
      std::ptrdiff_t y = x - k;
      if (x > n || y > m || y < 0) {  // outside: no path comes here
        f(k) = x;
        continue;
      }
      while (x < n && y < m && old_line(x) == new_line(y)) ++x, ++y;
      f(k) = x;
      const std::ptrdiff_t back = delta - k;  // the diagonal as the other end counts it
      if (delta % 2 != 0 && back >= -(steps - 1) && back <= steps - 1 && x + g(back) >= n) return point(x, y);
    }
    for (std::ptrdiff_t k = -steps; k <= steps; k += 2) {
      std::ptrdiff_t x = k == -steps || (k != steps && g(k - 1) < g(k + 1)) ? g(k + 1) : g(k - 1) + 1;
      std::ptrdiff_t y = x - k;
      if (x > n || y > m || y < 0) {
        g(k) = x;
        continue;
      }
      while (x < n && y < m && old_line(n - 1 - x) == new_line(m - 1 - y)) ++x, ++y;
      g(k) = x;
      const std::ptrdiff_t back = delta - k;
      if (delta % 2 == 0 && back >= -steps && back <= steps && x + f(back) >= n) return point(n - x, m - y);
    }
  }
  return std::nullopt;
}

void add(std::vector<Edit>& edits, const Box& box) {
  if (box.a == box.b && box.c == box.d) return;
  if (!edits.empty() && edits.back().old_end == box.a && edits.back().new_end == box.c) {
    edits.back().old_end = box.b;
    edits.back().new_end = box.d;
  } else {
    edits.push_back({box.a, box.b, box.c, box.d});
  }
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  Texts lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool is_text(std::string_view s) { return s.size() <= max_text.value() && s.find('\0') == s.npos; }

std::vector<Edit> diff_lines(const Texts& before, const Texts& after) {
  std::vector<Edit> edits;
  std::vector<Box> boxes{{0, before.size(), 0, after.size()}};  // the last is the first in the text
  while (!boxes.empty()) {
    Box box = boxes.back();
    boxes.pop_back();
    while (box.a < box.b && box.c < box.d && before[box.a] == after[box.c]) ++box.a, ++box.c;
    while (box.a < box.b && box.c < box.d && before[box.b - 1] == after[box.d - 1]) --box.b, --box.d;
    if (box.a == box.b || box.c == box.d) {
      add(edits, box);
      continue;
    }
    const auto split = middle(before, after, box);
    const bool halves = split && !(split->x == box.a && split->y == box.c) && !(split->x == box.b && split->y == box.d);
    if (!halves) {
      add(edits, box);
      continue;
    }
    boxes.push_back({split->x, box.b, split->y, box.d});
    boxes.push_back({box.a, split->x, box.c, split->y});
  }
  return edits;
}

Lines count_lines(std::string_view before, std::string_view after) {
  Lines count;
  if (!is_text(before) || !is_text(after)) return count;
  for (const auto& e : diff_lines(split_lines(before), split_lines(after))) {
    count.removed += e.old_end - e.old_begin;
    count.added += e.new_end - e.new_begin;
  }
  return count;
}

}  // namespace writ::workspace
