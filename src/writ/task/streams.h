// Streams: a task's standard streams, counted, limited and digested on their way between the guest and the operator.
//
// Input is read when the guest first asks, and only as far as it reads; its digest is sealed at the end. More output than
// the limit is not passed on, and ends the task badly: a cut-off output never commits.
#pragma once

#include "writ/guest/guest.h"
#include "writ/task/spec.h"
#include "writ/wire/digest.h"

namespace writ::task {

class Streams final : public guest::Stdio {
 public:
  // `kept` takes what is read, as it is read; null: nobody wants it.
  Streams(Input input, Output output, ByteCount limit, KeptInputs* kept = nullptr, InputSource source = {})
      : input_(std::move(input)), output_(std::move(output)), limit_(limit), kept_(kept), source_(std::move(source)) {}

  Result<std::size_t> read(std::span<std::byte> out, Nanoseconds deadline) override;
  Result<void> write(guest::Stream, std::span<const std::byte>) override;
  int readable() const override { return input_ ? source_.readable : -1; }
  void give_back(std::size_t) override;

  struct Totals {
    std::uint64_t input = 0, out = 0, err = 0;  // bytes
    bool input_asked = false;                   // the guest tried to read
    DigestPair input_digest, out_digest, err_digest;
  };
  Totals finish();  // once
  bool overflowed() const { return overflowed_; }

 private:
  void keep(std::span<const std::byte>);
  void take_last();  // what the last read() gave is now read for good

  Input input_;
  Output output_;
  ByteCount limit_;
  KeptInputs* kept_;
  InputSource source_;
  Bytes last_;
  Bytes read_;  // so far, if it is kept
  Totals totals_;
  DigestStream input_digest_, out_digest_, err_digest_;
  bool input_ended_ = false;
  bool overflowed_ = false;
};

}  // namespace writ::task
