// The operator's own writes to the state (`writ state put`, `rm`, `writ undo`), as an engine: so that they pass the same
// gate, are committed by the same protocol and leave a receipt like any task's. Nothing is executed; there is no fence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "writ/guest/guest.h"
#include "writ/task/spec.h"
#include "writ/workspace/changes.h"

namespace writ::runtime {

class OperatorEngine final : public guest::Engine {
 public:
  struct Write {
    std::string path;
    std::optional<std::string> body;  // none: the object is removed
  };
  static OperatorEngine put(std::string path, std::string body) { return {"state put", {{std::move(path), std::move(body)}}}; }
  static OperatorEngine remove(std::string path) { return {"state rm", {{std::move(path), std::nullopt}}}; }
  // `name` is what the receipt says for the code. `files` are changes that the task brings with it (task::Spec::files): here each
  // of them passes the gate.
  OperatorEngine(std::string name, std::vector<Write> writes, const workspace::Changes& files = {});

  // The task that does it: granted these writes and no other, unless they are so many that their names would not fit.
  Result<task::Spec> spec() const;

  bool changes() const { return !writes_.empty(); }
  std::string_view fence() const override { return "none"; }
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte>) override;
  Result<guest::Run> run(const guest::Image&, guest::Call&) override;

 private:
  Result<void> act(gate::Session&) const;

  std::string name_;
  std::vector<Write> writes_;
  std::vector<std::string> files_, roots_;
};

}  // namespace writ::runtime
