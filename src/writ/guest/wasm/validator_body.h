// Types of operands in the body of a function: the algorithm of the core specification's appendix 7.3. What no way leads to is
// checked too, with operands of any type.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "writ/base/result.h"
#include "writ/guest/wasm/cursor.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// What bodies refer to, besides what a Module says (3.1.1).
struct ValidationContext {
  struct Global {
    Value type = Value::i32;
    bool is_mutable = false;
  };
  const Module& module;
  std::vector<Global> globals;
  std::vector<Value> elements;               // the type of each element segment
  std::optional<std::uint32_t> data_count;   // if its section is there
  std::vector<bool> referenced;              // functions that a body may take a reference of
};

class BodyValidator {
 public:
  explicit BodyValidator(const ValidationContext& context) : context_(context) {}
  Result<void> check(std::uint32_t function, Cursor body);

 private:
  enum class Kind : std::uint8_t { function, block, loop, if_then, if_else };
  struct Frame {
    Kind kind = Kind::block;
    bool dead = false;  // no way leads here
    std::size_t height = 0;
    std::span<const Value> parameters, results;
    std::span<const Value> label_types() const { return kind == Kind::loop ? parameters : results; }
  };
  struct Run {
    std::uint64_t end = 0;  // of locals, exclusive
    Value type = Value::i32;
  };

  void fail(std::string_view what);
  void read_locals();
  void operate(std::uint8_t op);
  void reference_operator(std::uint8_t op), further_operator(std::uint32_t op);
  void memory_access(std::uint8_t op);

  void push(Value v) { stack_.push_back(v); }
  void push(std::span<const Value>);
  Value pop();
  void pop(Value wanted);
  void pop(std::span<const Value> wanted);
  void check_top(std::span<const Value>);
  void apply(std::initializer_list<Value> from, std::optional<Value> to);

  void begin(Kind), otherwise(), end(), die();
  void branch_table(), select();
  void call(const Signature&);
  const Frame* label();
  std::optional<Value> local();
  std::optional<Value> table();
  bool exists(std::uint64_t index, std::uint64_t count, std::string_view what);
  bool memory_exists();
  void zero_byte();

  const ValidationContext& context_;
  Cursor in_{BytesView{}};
  std::optional<Error> error_;
  std::vector<Run> locals_;
  std::vector<Value> stack_;
  std::vector<Frame> frames_;
  std::uint64_t work_ = 0;  // operands compared, in all functions
};

}  // namespace writ::guest::wasm
