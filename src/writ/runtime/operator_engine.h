// The operator's own writes to the state (`writ state put`, `rm`), as an engine: so that they pass the same gate, are
// committed by the same protocol and leave a receipt like any task's. Nothing is executed; there is no fence to enter.
#pragma once

#include <string>

#include "writ/guest/guest.h"
#include "writ/task/spec.h"

namespace writ::runtime {

class OperatorEngine final : public guest::Engine {
 public:
  // Puts this body at the path, or removes the object.
  static OperatorEngine put(std::string path, std::string body) { return {std::move(path), std::move(body)}; }
  static OperatorEngine remove(std::string path) { return {std::move(path), std::nullopt}; }

  // The task that does it: granted this one write.
  Result<task::Spec> spec() const;

  std::string_view fence() const override { return "none"; }
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte>) override;
  Result<guest::Run> run(const guest::Image&, guest::Call&) override;

 private:
  OperatorEngine(std::string path, std::optional<std::string> body) : path_(std::move(path)), body_(std::move(body)) {}
  Result<void> act(gate::Session&) const;

  std::string path_;
  std::optional<std::string> body_;
};

}  // namespace writ::runtime
