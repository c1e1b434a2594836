#include "writ/runtime/operator_engine.h"

#include "writ/store/object.h"

namespace writ::runtime {
namespace {

class OperatorImage final : public guest::Image {
 public:
  const guest::Tool& engine() const override { return tool_; }
  const guest::Tool& toolchain() const override { return tool_; }

 private:
  guest::Tool tool_{"operator", digest({})};
};

}  // namespace

Result<task::Spec> OperatorEngine::spec() const {
  WRIT_CHECK(store::check_object_path(path_));
  task::Spec spec;
  spec.code_name = body_ ? "state put" : "state rm";
  spec.arguments = {path_};
  spec.entry = "";
  WRIT_TRY(auto grant, authority::parse_grant("state.write:" + authority::escape_resource(path_), "/", WallTime{}));
  spec.grants.push_back(std::move(grant));
  return spec;
}

Result<std::shared_ptr<const guest::Image>> OperatorEngine::prepare(std::span<const std::byte>) {
  return std::make_shared<const OperatorImage>();
}

Result<void> OperatorEngine::act(gate::Session& session) const {
  if (!body_) return session.remove_object(path_);
  WRIT_TRY(auto object, session.open_object(path_, effect::Access::write, gate::Creation::may_create));
  WRIT_CHECK(object->truncate(0));
  return object->write_at(0, as_bytes(*body_));
}

Result<guest::Run> OperatorEngine::run(const guest::Image&, guest::Call& call) {
  WRIT_CHECK(act(call.session));
  return guest::Run{};
}

}  // namespace writ::runtime
