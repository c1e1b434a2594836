// Executable images of the native fence (fence.h, Code).
#pragma once

#include <memory>
#include <vector>

#include "writ/fence/fence.h"

namespace writ::fence {

class NativeCode final : public Code {
 public:
  // shared_key: -1 where there are no keys.
  static Result<std::unique_ptr<NativeCode>> reserve(ByteCount size, int shared_key, const Machine&,
                                                     std::shared_ptr<void> owner);
  ~NativeCode() override;
  NativeCode(const NativeCode&) = delete;

  std::uint64_t base() const override { return reinterpret_cast<std::uint64_t>(base_); }
  ByteCount size() const override { return size_; }
  Result<void> load(std::span<const Segment>) override;
  Result<void> open_data(Slot&) override;
  Result<void> seal(Seal) override;

 private:
  enum class State { reserved, loaded, initialising, sealed, sealed_for_ever };
  struct Range {
    std::byte* at;
    std::size_t size;
    Segment::Kind kind;
  };
  NativeCode(std::byte* mapping, ByteCount size, int shared_key, const Machine& machine, std::shared_ptr<void> owner);
  Result<std::vector<Range>> plan(std::span<const Segment>) const;
  Result<void> scan_text(std::span<const Range>) const;
  Result<void> protect(const Range&, int prot, int key) const;
  void forget();

  std::shared_ptr<void> owner_;  // keeps the keys
  std::byte* mapping_;  // with a page without access on either side, so that no instruction crosses into a neighbour
  std::byte* base_;
  ByteCount size_;
  int shared_key_;
  bool mseal_;
  State state_ = State::reserved;
  std::vector<Range> ranges_;
};

}  // namespace writ::fence
