#include "writ/task/streams.h"

#include <algorithm>

#include "writ/base/quantity.h"

namespace writ::task {

Result<std::size_t> Streams::read(std::span<std::byte> out, Nanoseconds deadline) {
  totals_.input_asked = true;
  if (!input_ || input_ended_ || out.empty()) return 0;
  WRIT_TRY(const std::size_t n, input_(out, deadline));
  if (n == 0) input_ended_ = true;
  take_last();
  last_.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
  return n;
}

void Streams::take_last() {
  input_digest_.update(last_);
  totals_.input += last_.size();
  if (kept_ != nullptr && !last_.empty()) keep(last_);
  last_.clear();
}

void Streams::give_back(std::size_t n) {
  n = std::min(n, last_.size());
  last_.resize(last_.size() - n);
  if (n > 0 && source_.give_back) source_.give_back(n);
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
  take_last();
  if (kept_ != nullptr && totals_.input_asked) kept_->input = kept_->take(std::move(read_));
  totals_.input_digest = input_digest_.finish();
  totals_.out_digest = out_digest_.finish();
  totals_.err_digest = err_digest_.finish();
  return totals_;
}

}  // namespace writ::task
