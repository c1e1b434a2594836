// One run of one image in an arena: instantiate, then the entry function, with every host call in between.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "writ/guest/guest.h"
#include "writ/guest/wasm/host.h"
#include "writ/guest/wasm/image.h"
#include "writ/memory/arena.h"

namespace writ::guest::wasm {

Nanoseconds thread_time();  // the CPU time of the calling thread so far

class GuestRun final : public fence::HostCalls {
 public:
  GuestRun(const WasmImage&, std::span<const HostModule>, memory::Arena&, Call&);

  // `entry` is the address of an exported function of no parameters; `initialize`, if any, is called before it.
  Result<Run> run(std::uint64_t entry, std::optional<std::uint64_t> initialize);

  fence::HostReply call(std::uint64_t index, std::span<const std::uint64_t> arguments) override;

 private:
  bool commit_memory();  // false: there is no room, and outcome_ says so
  Result<bool> enter(std::uint64_t function);  // whether the guest goes on; if not, outcome_ says why
  fence::HostReply leave(Outcome);
  fence::HostReply trap(std::span<const std::uint64_t> arguments);
  fence::HostReply memory_init(std::uint64_t pages, std::uint64_t maximum);
  fence::HostReply memory_grow(std::uint64_t pages);
  fence::HostReply import(std::size_t index, std::span<const std::uint64_t> arguments);

  const WasmImage& image_;
  memory::Arena& arena_;
  Call& call_;
  Nanoseconds start_;
  std::vector<std::unique_ptr<HostRun>> host_;  // by table; null for tables that the image does not import from
  std::optional<Outcome> outcome_;
  std::uint64_t host_calls_ = 0;
  bool memory_told_ = false;  // the instance asks once
};

}  // namespace writ::guest::wasm
