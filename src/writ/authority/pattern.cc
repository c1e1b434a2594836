#include "writ/authority/pattern.h"

#include <fmt/format.h>

#include <bit>
#include <optional>

#include "writ/base/assert.h"
#include "writ/base/escape.h"

namespace writ::authority {
namespace {

using effect::ResourceForm;

// Bytes that mean themselves in a grant and in every shell, also after `:` and at the end of a word.
constexpr bool is_plain_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
         c == '/' || c == ':' || c == '@' || c == '+';
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool is_level(std::string_view name) {
  return name.size() > 2 || (!name.empty() && name != "." && name != "..");
}

// The resource without what does not belong to its levels (a leading '/' of host paths, the '/' of a listing), or
// nothing if it is not canonical.
std::optional<std::string_view> canonical(std::string_view resource, ResourceForm form) {
  if (resource.find('\0') != resource.npos) return std::nullopt;
  if (form == ResourceForm::name) return resource.empty() ? std::nullopt : std::optional(resource);
  if (form == ResourceForm::host_path) {
    if (!resource.starts_with('/')) return std::nullopt;
    resource.remove_prefix(1);
  } else if (resource == "/") {
    return std::string_view();
  }
  if (resource.empty()) return resource;
  if (resource.ends_with('/')) resource.remove_suffix(1);
  for (std::size_t begin = 0; begin <= resource.size();) {
    const std::size_t end = std::min(resource.find('/', begin), resource.size());
    if (!is_level(resource.substr(begin, end - begin))) return std::nullopt;
    begin = end + 1;
  }
  return resource;
}

Error refuse_byte(std::string_view text, std::size_t at) {
  const char c = text[at];
  const std::string where(escape_for_terminal(text));
  if (c == '~')
    return invalid("a grant does not expand `~`", where, "write $HOME or the absolute path; a file named ~ is %7E");
  std::string mended;
  for (char b : text) mended += b == '*' || b == '%' || b == '=' ? std::string(1, b) : escape_resource(std::string_view(&b, 1));
  return invalid(fmt::format("`{}` cannot stand in a resource as it is", escape_for_terminal(text.substr(at, 1))), where,
                 fmt::format("a literal one is written %{:02X}: {}", static_cast<unsigned char>(c), mended));
}

}  // namespace

struct Pattern::Token {
  char byte = 0;
  bool star = false;   // the wildcard, not the byte
  bool slash = false;  // the separator, not the byte
  bool raw = false;    // written as itself, not as %XX
};

bool Pattern::Level::matches(std::string_view name) const {
  const auto& first = pieces.front();
  const auto& last = pieces.back();
  if (pieces.size() == 1) return name == first;
  if (!name.starts_with(first)) return false;
  name.remove_prefix(first.size());
  if (!name.ends_with(last)) return false;
  name.remove_suffix(last.size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {  // the leftmost place of each piece leaves most for the next
    const auto at = name.find(pieces[i]);
    if (at == name.npos) return false;
    name.remove_prefix(at + pieces[i].size());
  }
  return true;
}

Result<std::vector<Pattern::Token>> Pattern::tokens(std::string_view text, ResourceForm form) {
  std::vector<Token> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
      if (!high || !low)
        return invalid("`%` is not followed by two hexadecimal digits", escape_for_terminal(text), "a literal % is written %25");
      const char byte = static_cast<char>(*high << 4 | *low);
      if (byte == '\0') return invalid("no resource holds a NUL byte", escape_for_terminal(text));
      if (byte == '/' && form != ResourceForm::name)
        return invalid("no name in a path holds a `/`", escape_for_terminal(text), "write / itself between levels");
      out.push_back({.byte = byte});
      i += 2;
    } else if (c == '*') {
      out.push_back({.star = true, .raw = true});
    } else if (c == '/' && form != ResourceForm::name) {
      out.push_back({.byte = c, .slash = true, .raw = true});
    } else if (c == '=' && form == ResourceForm::name) {
      return invalid("a name holds no value", escape_for_terminal(text), "write " + escape_resource(text.substr(0, i)));
    } else if (is_plain_byte(c) || c == '=' || static_cast<unsigned char>(c) >= 0x80) {
      out.push_back({.byte = c, .raw = true});
    } else {
      return refuse_byte(text, i);
    }
  }
  return out;
}

Result<void> Pattern::add_level(const std::vector<Token>& level) {
  std::string bytes;
  bool wild = false;
  for (const auto& t : level) {
    bytes += t.star ? '*' : t.byte;
    wild = wild || t.star;
  }
  if (!wild && form_ == ResourceForm::host_path) {
    if (bytes.empty() || bytes == ".") return {};
    if (bytes == "..") {
      if (levels_.empty()) return {};
      if (wild_) return invalid("`..` after a wildcard means nothing certain", {}, "write the path without ..");
      levels_.pop_back();
      return {};
    }
  }
  if (form_ == ResourceForm::object_path && (bytes.empty() || bytes == "." || bytes == ".."))
    return invalid(bytes.empty() ? "an empty level in an object path" : "`" + bytes + "` in an object path", {},
                   "object paths are names joined by single /, such as orders/2026.json");
  Level made;
  if (level.size() == 2 && level[0].star && level[1].star && form_ != ResourceForm::name) {
    made.any_depth = true;
  } else {
    made.pieces.emplace_back();
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (level[i].star && i > 0 && level[i - 1].star)
        return form_ == ResourceForm::name ? invalid("a name has no levels for `**` to cross", {}, "write *")
                                           : invalid("`**` stands for whole levels", {}, "write * within a level, or /**/");
      if (level[i].star) made.pieces.emplace_back();
      else made.pieces.back() += level[i].byte;
    }
  }
  wild_ = wild_ || wild;
  levels_.push_back(std::move(made));
  return {};
}

Result<void> Pattern::add_levels(const std::vector<Token>& all) {
  std::vector<Token> level;
  for (const auto& t : all) {
    if (!t.slash) {
      level.push_back(t);
      continue;
    }
    WRIT_CHECK(add_level(level));
    level.clear();
  }
  if (!level.empty()) WRIT_CHECK(add_level(level));
  return {};
}

Result<void> Pattern::finish() {
  if (wild_ && levels_.size() > max_wild_levels)
    return invalid(fmt::format("more than {} levels in a path with a wildcard", max_wild_levels), {},
                   "end the path in / instead");
  plain_.clear();
  literal_.clear();
  if (form_ == ResourceForm::host_path) literal_.push_back('/');
  literal_levels_ = 0;
  any_depth_ = 0;
  for (std::size_t i = 0; wild_ && i < levels_.size(); ++i) any_depth_ |= std::uint64_t{levels_[i].any_depth} << i;
  while (wild_ && form_ != ResourceForm::name && !levels_[literal_levels_].any_depth && levels_[literal_levels_].pieces.size() == 1)
    literal_.append(levels_[literal_levels_++].pieces.front()).append("/");
  if (wild_) return {};
  for (std::size_t i = 0; i < levels_.size(); ++i) plain_.append(i > 0 ? "/" : "").append(levels_[i].pieces.front());
  return {};
}

Result<Pattern> Pattern::parse(std::string_view text, ResourceForm form, std::string_view working_folder) {
  WRIT_ASSERT(form != ResourceForm::none);
  if (text.empty()) return invalid("the resource is empty");
  Pattern p(form);
  const auto at = [&](Error e) {
    if (e.where.empty()) e.where = escape_for_terminal(text);
    return e;
  };
  WRIT_TRY(auto all, tokens(text, form));
  p.below_ = all.back().slash;
  if (form == ResourceForm::object_path) {
    if (text == "/" || text == ".") {  // everything; the top folder alone
      WRIT_CHECK(p.finish());
      return p;
    }
    if (all.front().slash)
      return invalid("an object path has no leading `/`", escape_for_terminal(text), "write " + std::string(text.substr(1)));
  }
  if (form == ResourceForm::host_path && !all.front().slash) {
    WRIT_ASSERT(working_folder.starts_with('/'));
    std::vector<Token> folder;
    for (char c : working_folder) folder.push_back({.byte = c, .slash = c == '/'});
    if (auto r = p.add_levels(folder); !r) return at(r.error());
  }
  if (auto r = p.add_levels(all); !r) return at(r.error());
  if (auto r = p.finish(); !r) return at(r.error());
  return p;
}

Result<Pattern> Pattern::literal(std::string_view resource, ResourceForm form) {
  const auto inner = canonical(resource, form);
  if (!inner || form == ResourceForm::none)
    return invalid("no grant can mean this resource: it is not canonical", escape_for_terminal(resource));
  Pattern p(form);
  std::vector<Token> all;
  for (char c : *inner) all.push_back({.byte = c, .slash = c == '/' && form != ResourceForm::name});
  WRIT_CHECK(p.add_levels(all));
  WRIT_CHECK(p.finish());
  return p;
}

// The states after the whole resource: bit i says that levels_[i..] may still come, bit size() that all are matched.
std::uint64_t Pattern::run(std::string_view inner, std::size_t first) const {
  const auto skip_any_depth = [&](std::uint64_t states) {  // "**" may stand for no level, and so may the next one
    for (std::uint64_t before = 0; before != states;) {
      before = states;
      states |= (states & any_depth_) << 1;
    }
    return states;
  };
  const std::uint64_t end = std::uint64_t{1} << levels_.size();
  std::uint64_t states = skip_any_depth(std::uint64_t{1} << first);
  for (std::size_t begin = 0; states != 0 && begin < inner.size();) {
    const std::size_t stop = form_ == ResourceForm::name ? inner.size() : std::min(inner.find('/', begin), inner.size());
    const auto name = inner.substr(begin, stop - begin);
    if (form_ != ResourceForm::name && !is_level(name)) return 0;
    std::uint64_t next = below_ ? states & end : 0;  // below what matched, everything matches
    for (std::uint64_t left = states & (end - 1); left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      if (levels_[i].any_depth) next |= std::uint64_t{1} << i;
      else if (levels_[i].matches(name)) next |= std::uint64_t{2} << i;
    }
    states = skip_any_depth(next);
    begin = stop + 1;
  }
  return states;
}

bool Pattern::is_below(std::string_view inner) const {
  return plain_.empty() || (inner.starts_with(plain_) && (inner.size() == plain_.size() || inner[plain_.size()] == '/'));
}

bool Pattern::covers(std::string_view resource) const {
  // What begins as every resource of the pattern does is canonical so far, and only the rest is looked at.
  if (literal_levels_ != 0 && resource.size() > literal_.size() && resource.starts_with(literal_) && resource[literal_.size()] != '/') {
    auto rest = resource.substr(literal_.size());
    if (rest.find('\0') != rest.npos) return false;
    if (rest.ends_with('/')) rest.remove_suffix(1);
    return !rest.ends_with('/') && (run(rest, literal_levels_) >> levels_.size() & 1);
  }
  const auto inner = canonical(resource, form_);
  if (!inner) return false;
  if (!wild_) return below_ ? is_below(*inner) : *inner == plain_;
  return run(*inner) >> levels_.size() & 1;
}

bool Pattern::covers_below(std::string_view folder) const {
  const auto inner = canonical(folder, form_);
  if (!inner) return false;
  if (wild_) return run(*inner) != 0;
  if (below_ && is_below(*inner)) return true;
  return inner->empty() || plain_ == *inner || (plain_.starts_with(*inner) && plain_[inner->size()] == '/');
}

bool Pattern::covers_all_below(std::string_view folder) const {
  const auto inner = canonical(folder, form_);
  if (!inner || form_ == ResourceForm::name) return false;
  if (!wild_) return below_ && is_below(*inner);
  const auto states = run(*inner);
  const auto last = levels_.size() - 1;
  return (below_ && (states >> levels_.size() & 1)) || (levels_[last].any_depth && (states >> last & 1));
}

std::string Pattern::root() const {
  std::string out;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i].any_depth || levels_[i].pieces.size() > 1) break;
    out.append("/").append(levels_[i].pieces.front());
  }
  return out.empty() ? "/" : out;
}

std::string Pattern::thing() const {
  WRIT_ASSERT(is_plain());
  return std::string(form_ == ResourceForm::host_path ? "/" : "").append(plain_);
}

Pattern Pattern::in(std::pmr::memory_resource* memory) const {
  Pattern p(form_, memory);
  p.levels_.reserve(levels_.size());
  for (const Level& l : levels_)
    p.levels_.push_back({std::pmr::vector<std::pmr::string>(l.pieces, memory), l.any_depth});
  p.below_ = below_;
  p.wild_ = wild_;
  p.plain_ = plain_;
  p.literal_ = literal_;
  p.literal_levels_ = literal_levels_;
  p.any_depth_ = any_depth_;
  return p;
}

std::string Pattern::text() const {
  const bool host = form_ == ResourceForm::host_path;
  if (levels_.empty()) return host ? (below_ ? "/" : "/.") : (below_ ? "/" : ".");
  std::string out = host ? "/" : "";
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (i > 0) out += '/';
    if (levels_[i].any_depth) out += "**";
    for (std::size_t j = 0; j < levels_[i].pieces.size(); ++j) {
      if (j > 0) out += '*';
      out += escape_resource(levels_[i].pieces[j]);
    }
  }
  return below_ ? out + '/' : out;
}

std::string escape_resource(std::string_view resource) {
  std::string out;
  for (char c : resource) {
    if (is_plain_byte(c)) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace writ::authority
