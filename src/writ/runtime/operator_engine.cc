#include "writ/runtime/operator_engine.h"

#include "writ/store/object.h"

namespace writ::runtime {
namespace {

constexpr std::size_t most_grants = 256;  // each effect is compared with each grant, and all are in the receipt

class OperatorImage final : public guest::Image {
 public:
  const guest::Tool& engine() const override { return tool_; }
  const guest::Tool& toolchain() const override { return tool_; }

 private:
  guest::Tool tool_{"operator", digest({})};
};

}  // namespace

Result<task::Spec> OperatorEngine::spec() const {
  task::Spec spec;
  spec.code_name = name_;
  spec.entry = "";
  const bool each = writes_.size() <= most_grants;
  std::vector<std::string> grants;
  for (const auto& w : writes_) {
    WRIT_CHECK(store::check_object_path(w.path));
    if (!each) continue;
    spec.arguments.push_back(w.path);
    grants.push_back(authority::escape_resource(w.path));
  }
  if (!each) grants.emplace_back("/");
  for (const auto& resource : grants) {
    WRIT_TRY(auto grant, authority::parse_grant("state.write:" + resource, "/", WallTime{}));
    spec.grants.push_back(std::move(grant));
  }
  return spec;
}

Result<std::shared_ptr<const guest::Image>> OperatorEngine::prepare(std::span<const std::byte>) {
  return std::make_shared<const OperatorImage>();
}

Result<void> OperatorEngine::act(gate::Session& session) const {
  for (const auto& w : writes_) {
    if (!w.body) {
      WRIT_CHECK(session.remove_object(w.path));
      continue;
    }
    WRIT_TRY(auto object, session.open_object(w.path, effect::Access::write, gate::Creation::may_create));
    WRIT_CHECK(object->truncate(0));
    WRIT_CHECK(object->write_at(0, as_bytes(*w.body)));
  }
  return {};
}

Result<guest::Run> OperatorEngine::run(const guest::Image&, guest::Call& call) {
  const auto acted = act(call.session);
  if (acted) return guest::Run{};
  if (acted.error().code != Code::denied) return acted.error();
  guest::Run refused;  // by a policy: on record, as of any task
  refused.outcome = {guest::End::denied, 0, acted.error().text(), {}};
  return refused;
}

}  // namespace writ::runtime
