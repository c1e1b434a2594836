// A workshop for tests that run whole tasks: a runtime over a store of its own in a folder that is gone afterwards. What
// was compiled is kept in the build folder and shared, so that a second run of the tests compiles nothing.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "writ/base/file.h"
#include "writ/runtime/runtime.h"

namespace writ::testing {

struct Job {
  std::string module;  // path of the .wasm
  std::vector<std::string> arguments = {}, grants = {}, environment = {};
  guest::Limits limits = {};
  gate::OnDenial on_denial = gate::OnDenial::refuse;
  std::vector<gate::Mount> mounts = {};
};

struct Done {
  task::Report report;
  std::string out, err;
  bool committed() const { return report.settlement == proof::Settlement::committed; }
  bool moved_state() const { return report.state_before != report.state_after; }
  // "file.read:/etc/passwd no_capability" for every refusal on record.
  std::vector<std::string> denials() const {
    std::vector<std::string> list;
    for (const auto& e : report.journal)
      if (e.refusal != effect::Refusal::none)
        list.push_back(std::string(effect::name(e.kind)) + ":" + e.resource + " " + std::string(effect::name(e.refusal)));
    return list;
  }
  std::string story() const {
    return std::string(guest::name(report.outcome.end)) + " " + std::to_string(report.outcome.exit_code) + " " + report.outcome.reason +
           "\n" + out + err;
  }
};

class Workshop {
 public:
  explicit Workshop(runtime::TierChoice tier = runtime::TierChoice::automatic) {
    std::string name = WRIT_BINARY_DIR "/workshop-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    runtime::Options options;
    options.store = folder_ + "/store";
    options.keys = folder_ + "/keys";
    options.cache = WRIT_BINARY_DIR "/test-images";
    options.durability = store::Durability::none;
    options.tier = tier;
    auto opened = runtime::Runtime::open(options);
    if (!opened) throw std::runtime_error(opened.error().text());
    runtime_ = std::move(*opened);
  }
  ~Workshop() {
    runtime_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // A task that could not be run at all is a failure of the test.
  Done run(const Job& job) {
    auto code = read_file(job.module, 64 * MiB);
    if (!code) throw std::runtime_error(code.error().text());
    task::Spec spec;
    spec.code_name = std::filesystem::path(job.module).filename();
    spec.code = to_bytes(*code);
    spec.arguments = job.arguments;
    spec.environment = job.environment;
    spec.limits = job.limits;
    spec.on_denial = job.on_denial;
    spec.mounts = job.mounts;
    for (const auto& text : job.grants) {
      auto grant = authority::parse_grant(text, folder_, system_clock().wall());
      if (!grant) throw std::runtime_error(grant.error().text());
      spec.grants.push_back(std::move(*grant));
    }
    Done done;
    spec.output = [&done](guest::Stream stream, std::span<const std::byte> bytes) -> Result<void> {
      (stream == guest::Stream::out ? done.out : done.err) += as_text(bytes);
      return {};
    };
    auto report = runtime_->execute(std::move(spec));
    if (!report) throw std::runtime_error(report.error().text());
    done.report = std::move(*report);
    return done;
  }

  runtime::Runtime& runtime() { return *runtime_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::unique_ptr<runtime::Runtime> runtime_;
};

}  // namespace writ::testing
