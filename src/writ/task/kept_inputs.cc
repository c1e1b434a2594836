#include "writ/task/kept_inputs.h"

#include <algorithm>

#include "writ/task/chunks.h"
#include "writ/task/kept_inputs_form.h"

namespace writ::task {
namespace {

constexpr std::string_view kept_table = "task.kept", content_table = "task.content";

Bytes first_chunk_key(const Sha256& digest) {
  Bytes key(digest.bytes.begin(), digest.bytes.end());
  key.resize(key.size() + 4);
  return key;
}

KeptError kept_error(const Error& e) { return {e.code, e.what, e.where, e.hint, e.number}; }

Result<Bytes> read_whole(effect::File& file, ByteCount limit) {
  const auto size = file.metadata().size;
  if (ByteCount(size) > limit) return Error{Code::exhausted, "too long to be kept", file.real_path(), {}};
  Bytes all(static_cast<std::size_t>(size));
  std::size_t at = 0;
  while (at < all.size()) {
    WRIT_TRY(const std::size_t n, file.read_at(at, std::span(all).subspan(at)));
    if (n == 0) break;
    at += n;
  }
  all.resize(at);
  return all;
}

// A file that is only bytes.
class KeptFile final : public effect::File {
 public:
  KeptFile(const KeptAnswer& answer, Bytes content) : answer_(answer), content_(std::move(content)), digest_(answer.content->hex()) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= content_.size()) return 0;
    const auto n = std::min(out.size(), content_.size() - static_cast<std::size_t>(offset));
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
    return n;
  }
  effect::Metadata metadata() const override { return answer_.metadata; }
  const std::string& real_path() const override { return answer_.real_path; }
  const std::string& host_path() const override { return answer_.host_path; }
  const std::string& digest() const override { return digest_; }

 private:
  KeptAnswer answer_;
  Bytes content_;
  std::string digest_;
};

}  // namespace

std::optional<Sha256> KeptInputs::take(Bytes bytes) {
  const Sha256 digest = sha256(bytes);
  if (contents.contains(digest)) return digest;
  if (ByteCount(bytes.size()) > max_kept - size) {
    complete = false;
    return std::nullopt;
  }
  size += ByteCount(bytes.size());
  contents.emplace(digest, std::move(bytes));
  return digest;
}

Result<void> put_kept(store::Transaction& t, const TaskId& id, const KeptInputs& kept) {
  for (const auto& [digest, bytes] : kept.contents) {
    WRIT_TRY(const auto there, t.record(content_table, first_chunk_key(digest)));
    if (!there) WRIT_CHECK(put_chunks(t, content_table, digest.view(), bytes));
  }
  return put_chunks(t, kept_table, id.bytes, as_bytes(write_form(kept)));
}

Result<std::optional<KeptInputs>> find_kept(const store::View& view, const TaskId& id) {
  WRIT_TRY(const auto text, find_chunks(view, kept_table, id.bytes));
  if (!text) return std::optional<KeptInputs>();
  auto kept = read_form<KeptInputs>(as_text(*text));
  if (!kept) return Error{Code::corrupt, "the kept inputs are malformed: " + kept.error().what, id.hex(), "run writ fsck"};
  return std::optional(std::move(*kept));
}

Result<Bytes> find_content(const store::View& view, const Sha256& digest) {
  WRIT_TRY(auto bytes, find_chunks(view, content_table, digest.view()));
  if (!bytes || sha256(*bytes) != digest)
    return Error{Code::corrupt, "a kept input is not what it was", digest.hex(), "run writ fsck"};
  return std::move(*bytes);
}

Result<void> load_contents(const store::View& view, KeptInputs& kept) {
  for (const auto& answer : kept.answers) {
    if (!answer.content || kept.contents.contains(*answer.content)) continue;
    WRIT_TRY(auto content, find_content(view, *answer.content));
    kept.contents.emplace(*answer.content, std::move(content));
  }
  return {};
}

// --- writing down ------------------------------------------------------------------------------------------------

KeptAnswer& KeepingFiles::note(KeptAnswer::Call call, const effect::Authorized& key) {
  auto& answer = kept_.answers.emplace_back();
  answer.call = call;
  answer.resource = key.effect().resource;
  return answer;
}

Result<std::unique_ptr<effect::File>> KeepingFiles::open(const effect::Authorized& key) {
  auto file = below_->open(key);
  auto& answer = note(KeptAnswer::Call::open, key);
  if (!file) {
    answer.error = kept_error(file.error());
    return file;
  }
  answer.metadata = (*file)->metadata();
  answer.real_path = (*file)->real_path();
  answer.host_path = (*file)->host_path();
  auto content = read_whole(**file, max_kept);
  if (content) answer.content = kept_.take(std::move(*content));
  if (!answer.content) kept_.complete = false;
  return file;
}

Result<effect::Located<effect::Metadata>> KeepingFiles::stat(const effect::Authorized& key, effect::Follow follow) {
  auto found = below_->stat(key, follow);
  auto& answer = note(follow == effect::Follow::yes ? KeptAnswer::Call::stat : KeptAnswer::Call::look, key);
  if (!found) answer.error = kept_error(found.error());
  else answer.metadata = found->value, answer.real_path = found->real_path, answer.host_path = found->host_path;
  return found;
}

Result<effect::Located<std::vector<effect::DirectoryEntry>>> KeepingFiles::list(const effect::Authorized& key) {
  auto found = below_->list(key);
  auto& answer = note(KeptAnswer::Call::list, key);
  if (!found) answer.error = kept_error(found.error());
  else answer.entries = found->value, answer.real_path = found->real_path, answer.host_path = found->host_path;
  return found;
}

Result<effect::Located<std::string>> KeepingFiles::read_link(const effect::Authorized& key) {
  auto found = below_->read_link(key);
  auto& answer = note(KeptAnswer::Call::read_link, key);
  if (!found) answer.error = kept_error(found.error());
  else answer.target = found->value, answer.real_path = found->real_path, answer.host_path = found->host_path;
  return found;
}

// --- answering ---------------------------------------------------------------------------------------------------

KeptFiles::KeptFiles(KeptInputs kept) : kept_(std::move(kept)) {
  for (std::size_t i = kept_.answers.size(); i-- > 0;) waiting_[{kept_.answers[i].call, kept_.answers[i].resource}].push_back(i);
}

Result<const KeptAnswer*> KeptFiles::next(KeptAnswer::Call call, const effect::Authorized& key) {
  const auto it = waiting_.find({call, key.effect().resource});
  if (it == waiting_.end() || it->second.empty())
    return Error{Code::conflict, "the task did not ask this when its inputs were kept", key.effect().resource, {}};
  const auto& answer = kept_.answers[it->second.back()];
  it->second.pop_back();
  if (answer.error) {
    const auto& e = *answer.error;
    return Error{e.code, e.what, e.where, e.hint, static_cast<int>(e.number)};
  }
  return &answer;
}

Result<std::unique_ptr<effect::File>> KeptFiles::open(const effect::Authorized& key) {
  WRIT_TRY(const auto* answer, next(KeptAnswer::Call::open, key));
  const auto content = answer->content ? kept_.contents.find(*answer->content) : kept_.contents.end();
  if (content == kept_.contents.end()) return Error{Code::corrupt, "the content of this file was not kept", answer->resource, {}};
  return std::make_unique<KeptFile>(*answer, content->second);
}

Result<effect::Located<effect::Metadata>> KeptFiles::stat(const effect::Authorized& key, effect::Follow follow) {
  WRIT_TRY(const auto* a, next(follow == effect::Follow::yes ? KeptAnswer::Call::stat : KeptAnswer::Call::look, key));
  return effect::Located<effect::Metadata>{a->metadata, a->real_path, a->host_path};
}

Result<effect::Located<std::vector<effect::DirectoryEntry>>> KeptFiles::list(const effect::Authorized& key) {
  WRIT_TRY(const auto* a, next(KeptAnswer::Call::list, key));
  return effect::Located<std::vector<effect::DirectoryEntry>>{a->entries, a->real_path, a->host_path};
}

Result<effect::Located<std::string>> KeptFiles::read_link(const effect::Authorized& key) {
  WRIT_TRY(const auto* a, next(KeptAnswer::Call::read_link, key));
  return effect::Located<std::string>{a->target, a->real_path, a->host_path};
}

}  // namespace writ::task
