// Result and Error: how an operation of Writ says that it could not be done.
//
// Three channels that never mix. A bug asserts (assert.h), in release too. A failure is a Result<T> with an Error: few
// codes, named by what the caller can do, and text that says what, where and what would be right. What a guest did
// (Outcome) and what a policy said (Decision) are values, not errors. No exception crosses a room.
//
// On failure everything is as it was before, unless a contract says otherwise.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace writ {

// What the caller can do about it. The number of codes is fixed: a new code needs a new action of callers.
enum class Code {
  invalid,      // mend the input: it is malformed, unknown, or contradicts itself
  denied,       // get the authority: a capability, a policy or an owner says no
  exhausted,    // free or raise something: a limit, a quota, memory, disk, a queue is full
  conflict,     // try again: somebody else was faster
  corrupt,      // repair or restore: what was stored is not what was written
  unavailable,  // wait or look elsewhere: it is not there, or not now
  poisoned,     // rebuild: the object ended in a state that nobody may use
  unsupported,  // use another way: this machine or this version cannot do it
};
std::string_view name(Code);

struct Error {
  Code code = Code::invalid;
  std::string what;   // what went wrong, one sentence without a full stop
  std::string where;  // the option, file, line, object or call it is about; may be empty
  std::string hint;   // what would be right, or what to do; may be empty
  int number = 0;     // the errno behind it, for those who must answer in errno themselves (WASI); 0: none

  // "what (where); hint"
  std::string text() const;
  friend bool operator==(const Error&, const Error&) = default;
};

// The error for a failed system call, from errno as given: ENOSPC is exhausted, EACCES denied, ENOENT unavailable, ...
Error system_error(int number, std::string_view what, std::string_view where);

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error e) : std::expected<T, Error>(std::unexpect, std::move(e)) {}
};

inline Error invalid(std::string what, std::string where = {}, std::string hint = {}) {
  return {Code::invalid, std::move(what), std::move(where), std::move(hint)};
}

}  // namespace writ

// WRIT_TRY(auto x, expression): x is the value, or this function returns the error.
// WRIT_CHECK(expression): the same for Result<void>.
#define WRIT_CONCAT_(a, b) a##b
#define WRIT_CONCAT(a, b) WRIT_CONCAT_(a, b)
#define WRIT_TRY_(declaration, expression, r)    \
  auto r = (expression);                         \
  if (!r) return ::writ::Error(std::move(r).error()); \
  declaration = std::move(*r)
#define WRIT_TRY(declaration, ...) WRIT_TRY_(declaration, (__VA_ARGS__), WRIT_CONCAT(writ_result_, __COUNTER__))
#define WRIT_CHECK_(r, expression)                                           \
  do {                                                                       \
    if (auto r = (expression); !r) return ::writ::Error(std::move(r).error()); \
  } while (false)
#define WRIT_CHECK(...) WRIT_CHECK_(WRIT_CONCAT(writ_result_, __COUNTER__), (__VA_ARGS__))
