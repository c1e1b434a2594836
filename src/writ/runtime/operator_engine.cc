#include "writ/runtime/operator_engine.h"

#include "writ/authority/protected.h"
#include "writ/base/escape.h"
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

OperatorEngine::OperatorEngine(std::string name, std::vector<Write> writes, const workspace::Changes& files)
    : name_(std::move(name)), writes_(std::move(writes)) {
  for (const auto& tree : files.trees) {
    roots_.push_back(tree.root);
    for (const auto& c : tree.changes) files_.push_back(workspace::absolute(tree, c.path));
  }
}

Result<task::Spec> OperatorEngine::spec() const {
  task::Spec spec;
  spec.code_name = name_;
  spec.entry = "";
  const bool each = writes_.size() + files_.size() <= most_grants;
  std::vector<std::string> grants;
  for (const auto& w : writes_) {
    WRIT_CHECK(store::check_object_path(w.path));
    if (!each) continue;
    spec.arguments.push_back(w.path);
    grants.push_back(authority::escape_resource(w.path));
  }
  if (!each && !writes_.empty()) grants.emplace_back("/");
  for (auto& resource : grants) resource.insert(0, "state.write:");
  // A folder does not cover what is protected: that is named whatever their number.
  for (const auto& path : files_)
    if (each || authority::protected_name_of(path) != nullptr) grants.push_back("file.write:" + authority::escape_resource(path));
  if (!each)
    for (const auto& root : roots_) grants.push_back("file.write:" + authority::escape_resource(root == "/" ? "" : root) + "/");
  if (each)
    for (const auto& path : files_) spec.arguments.push_back(escape_for_terminal(path));
  for (const auto& text : grants) {
    WRIT_TRY(auto grant, authority::parse_grant(text, "/", WallTime{}));
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
  for (const auto& path : files_) WRIT_CHECK(session.monitor().perform({effect::Kind::file_write, path, 0, 0}));
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
