// What the tests of tasks share: a store, a notary, and an engine whose guests are functions of the test. What they ask of
// the session is real, and so are store, receipts and log.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "writ/base/id.h"
#include "writ/proof/state_map.h"
#include "writ/proof/verify/receipt.h"
#include "writ/runtime/audit.h"
#include "writ/task/executor.h"

namespace writ::task {

inline store::OpenOptions test_options() {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  return options;
}

using Body = std::function<guest::Outcome(guest::Call&)>;

class FunctionEngine final : public guest::Engine {
 public:
  explicit FunctionEngine(Body body) : body_(std::move(body)) {}
  std::string_view fence() const override { return "none"; }
  Result<std::shared_ptr<const guest::Image>> prepare(std::span<const std::byte> code) override {
    if (code.empty()) return invalid("no code");
    return std::make_shared<const FunctionImage>();
  }
  Result<guest::Run> run(const guest::Image&, guest::Call& call) override { return guest::Run{body_(call), {}}; }

 private:
  class FunctionImage final : public guest::Image {
    const guest::Tool& engine() const override { return tool_; }
    const guest::Tool& toolchain() const override { return tool_; }
    guest::Tool tool_{"function", digest({})};
  };
  Body body_;
};

inline Result<void> write(gate::Session& session, std::string_view path, std::string_view text) {
  WRIT_TRY(auto object, session.open_object(path, effect::Access::write, gate::Creation::may_create));
  WRIT_CHECK(object->truncate(0));
  return object->write_at(0, as_bytes(text));
}

inline Result<std::string> read(gate::Session& session, std::string_view path) {
  WRIT_TRY(auto object, session.open_object(path, effect::Access::read, gate::Creation::must_exist));
  WRIT_TRY(const auto size, object->size());
  std::string text(size, 0);
  WRIT_CHECK(object->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

class ExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override { open_store(proof::Signing::each); }
  void open_store(proof::Signing signing) {
    auto opened = store::Store::open(folder_, test_options());
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    notary_ = std::make_unique<proof::Notary>(std::move(*SigningKey::generate()), "writ/test", signing);
    if (signing == proof::Signing::batch) store_->seal_with([this](store::Transaction& t) { return notary_->seal(t); });
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  Spec spec(std::vector<std::string> grants) {
    Spec s;
    s.code_name = "test.wasm";
    s.code = to_bytes("code");
    for (const auto& g : grants) s.grants.push_back(*authority::parse_grant(g, "/", system_clock().wall()));
    return s;
  }
  Result<Report> execute(Spec s, Body body) {
    FunctionEngine engine(std::move(body));
    return Executor({*store_, engine, nullptr, *notary_, system_clock()}).execute(std::move(s));
  }
  proof::Verification verify(const Report& r) {
    return proof::verify_receipt(r.receipt, {{notary_->verifier()}, proof::Trust::Strangers::refuse});
  }
  std::string state() { return proof::state_root(*store_->snapshot())->hex(); }
  runtime::AuditReport audit() { return *runtime::audit(*store_->snapshot(), {notary_->verifier()}, system_clock()); }
  void expect_sound() {
    const auto report = audit();
    EXPECT_EQ(report.total, report.verified);
    for (const auto& f : report.failed) ADD_FAILURE() << f.task << ": " << f.what;
  }

  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-executor-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<proof::Notary> notary_;
};

}  // namespace writ::task
