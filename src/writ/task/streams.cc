#include "writ/task/streams.h"

#include "writ/base/quantity.h"

namespace writ::task {

Result<std::size_t> Streams::read(std::span<std::byte> out, Nanoseconds deadline) {
  totals_.input_asked = true;
  if (!input_ || input_ended_ || out.empty()) return 0;
  WRIT_TRY(const std::size_t n, input_(out, deadline));
  if (n == 0) input_ended_ = true;
  input_digest_.update(out.first(n));
  totals_.input += n;
  if (kept_ != nullptr) keep(out.first(n));
  return n;
}

Result<void> Streams::write(guest::Stream stream, std::span<const std::byte> bytes) {
  if (overflowed_ || bytes.size() > limit_.value() - totals_.out - totals_.err) {
    overflowed_ = true;
    return Error{Code::exhausted, "more output than the limit of " + format_size(limit_), "limit output", "raise it with --limit output=SIZE"};
  }
  if (output_) WRIT_CHECK(output_(stream, bytes));
  switch (stream) {
    case guest::Stream::out:
      out_digest_.update(bytes);
      totals_.out += bytes.size();
      break;
    case guest::Stream::err:
      err_digest_.update(bytes);
      totals_.err += bytes.size();
      break;
  }
  return {};
}

void Streams::keep(std::span<const std::byte> bytes) {
  if (!kept_->complete) return;
  if (ByteCount(read_.size() + bytes.size()) > max_kept) {
    kept_->complete = false;
    return;
  }
  kept_->pieces.push_back(bytes.size());
  read_.insert(read_.end(), bytes.begin(), bytes.end());
}

Streams::Totals Streams::finish() {
  if (kept_ != nullptr && totals_.input_asked) kept_->input = kept_->take(std::move(read_));
  totals_.input_digest = input_digest_.finish();
  totals_.out_digest = out_digest_.finish();
  totals_.err_digest = err_digest_.finish();
  return totals_;
}

}  // namespace writ::task
