#include "writ/proof/notary.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "writ/base/id.h"
#include "writ/proof/part.h"
#include "writ/proof/shorthand.h"
#include "writ/proof/verify/sample_receipt.h"

namespace writ::proof {
namespace {

store::OpenOptions test_options() {
  store::OpenOptions options;
  options.access = store::Access::create;
  options.durability = store::Durability::none;
  return options;
}

class NotaryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open(folder_, test_options());
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Issued issue() { return issue_by(notary_); }
  Issued issue_by(const Notary& notary) {
    Issued issued;
    EXPECT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      WRIT_TRY(issued, notary.issue(t, sample::input(), sample::output()));
      return {};
    }));
    return issued;
  }
  std::string receipt_of(const Issued& issued) {
    auto text = rebuild(*store_->snapshot(), issued.kept);
    EXPECT_TRUE(text) << text.error().text();
    return text ? *text : std::string();
  }
  const std::string folder_ = std::filesystem::temp_directory_path() / ("writ-notary-" + TaskId::random().brief());
  std::unique_ptr<store::Store> store_;
  Notary notary_{sample::key(7), "writ.example/store"};
};

TEST_F(NotaryTest, WhatItIssuesVerifiesOffline) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Issued issued = issue();
    EXPECT_EQ(issued.kept.index, i);
    const auto v = verify_receipt(receipt_of(issued), {{notary_.verifier()}, Trust::Strangers::refuse});
    EXPECT_EQ(v.verdict, Verdict::verified) << v.what;
    EXPECT_EQ(v.statement, issued.statement);
    EXPECT_EQ(v.checkpoint.size, i + 1);
  }
}

TEST_F(NotaryTest, EveryLeafIsProvedUnderTheLatestCheckpoint) {
  std::vector<Sha256> leaves;
  for (int i = 0; i < 11; ++i) leaves.push_back(issue().statement);
  const auto view = store_->snapshot();
  for (std::uint64_t i = 0; i < leaves.size(); ++i) {
    const auto proof = parse_log_proof(*prove_leaf(*view, i));
    const auto note = parse_note(proof->checkpoint);
    EXPECT_TRUE(check_note(*note, notary_.verifier()));
    const auto checkpoint = parse_checkpoint(note->text);
    EXPECT_TRUE(merkle::check_inclusion(merkle::leaf_hash(leaves[i].view()), i, checkpoint->size, proof->path, checkpoint->root));
  }
  EXPECT_EQ(prove_leaf(*view, leaves.size()).error().code, Code::invalid);
}

// A receipt is the same bytes whenever it is asked for, however much the log has grown since.
TEST_F(NotaryTest, AReceiptIsRebuiltByteForByte) {
  std::vector<Issued> issued;
  std::vector<std::string> receipts;
  for (int i = 0; i < 40; ++i) {
    issued.push_back(issue());
    receipts.push_back(receipt_of(issued.back()));
  }
  for (std::size_t i = 0; i < issued.size(); ++i) EXPECT_EQ(receipt_of(issued[i]), receipts[i]);
}

TEST_F(NotaryTest, WhatIsKeptIsTheReceipt) {
  for (const Signing signing : {Signing::each, Signing::batch}) {
    const Notary notary(sample::key(7), "writ.example/store", signing);
    InputManifest in = sample::input();
    OutputManifest out = sample::output();
    const auto check = [&] {
      Bytes bytes;
      Issued issued;
      ASSERT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
        WRIT_TRY(issued, notary.issue(t, in, out));
        WRIT_CHECK(keep(t, in.task, issued.kept, bytes));
        bytes.push_back(std::byte{42});  // what follows is not taken
        return notary.seal(t);
      }));
      const auto view = store_->snapshot();
      BytesView rest = bytes;
      const auto kept = take_kept(*view, in.task, rest);
      ASSERT_TRUE(kept) << kept.error().text();
      EXPECT_EQ(*kept, issued.kept);
      EXPECT_EQ(rest.size(), 1u);
      const auto v = verify_receipt(*rebuild(*view, *kept), {{notary.verifier()}, Trust::Strangers::refuse});
      EXPECT_EQ(v.verdict, Verdict::verified) << v.what;
      EXPECT_EQ(v.input, in);
      EXPECT_EQ(v.output, out);
      for (std::size_t n = 0; n + 1 < bytes.size(); ++n) {
        BytesView cut = BytesView(bytes).first(n);
        EXPECT_FALSE(take_kept(*view, in.task, cut)) << n;
      }
    };
    check();
    in.name = "\xff\xfe not UTF-8 \" \\ \n";
    in.arguments = {"", "\x01", "12", sha256({}).hex(), in.task.hex(), "2026-11-21T03:11:43.000000007Z"};
    in.input = digest({});
    in.policy = digest(as_bytes("policy"));
    in.labels = {"a=b"};
    in.parents.clear();
    out.nondeterminism = {"clock.real"};
    out.recalled = {"a", "b"};
    out.writes[0].digest.reset();
    check();
    out = sample::output();
    out.outcome = {.end = "trapped", .exit = -1, .function = "f", .reason = "unreachable"};
    out.settlement = Settlement::discarded;
    out.writes.clear();
    out.state = in.state;
    check();
  }
}

TEST_F(NotaryTest, RunsOfOneProgramShareTheirParts) {
  const auto parts = [&] {
    std::size_t n = 0;
    EXPECT_TRUE(store_->snapshot()->scan(part_table, {}, {}, [&](BytesView, BytesView) -> Result<store::Visit> {
      ++n;
      return store::Visit::more;
    }));
    return n;
  };
  InputManifest in = sample::input();
  OutputManifest out = sample::output();
  const auto file = [&] {
    Bytes bytes;
    EXPECT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      WRIT_TRY(const auto issued, notary_.issue(t, in, out));
      return keep(t, in.task, issued.kept, bytes);
    }));
    return bytes.size();
  };
  file();
  EXPECT_EQ(parts(), 2u);
  for (int i = 0; i < 20; ++i) {
    in.task = out.task = TaskId::random();
    in.started.real.ns += 12'345'678;
    in.state = sha256(as_bytes(std::to_string(i)));
    out.resources.host_calls += 3;
    EXPECT_LT(file(), 800u) << "of a receipt of 7 kB";
  }
  EXPECT_EQ(parts(), 2u);
  in.capabilities.pop_back();
  file();
  EXPECT_EQ(parts(), 3u);
}

// Somebody made another text whose digest begins alike: the part then goes by its whole digest.
TEST_F(NotaryTest, APartIsNeverTakenForAnother) {
  const std::string text = "a text";
  Bytes name;
  EXPECT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
    Bytes other;
    ShorthandWriter(other, {}).text("another text");
    WRIT_CHECK(t.put_record(part_table, sha256(as_bytes(text)).view().first(8), other));
    return put_part(t, text, name);
  }));
  const auto view = store_->snapshot();
  BytesView whole = name;
  EXPECT_EQ(*take_part(*view, whole), text);
  EXPECT_EQ(name.size(), 33u);
  Bytes short_name{std::byte{8}};
  short_name.insert(short_name.end(), name.begin() + 1, name.begin() + 9);
  BytesView wrong = short_name;
  EXPECT_EQ(take_part(*view, wrong).error().code, Code::corrupt);
}

// One commit, one signature: every receipt of the batch verifies under it, and a batch ends where its commit does.
TEST_F(NotaryTest, ABatchIsCoveredByOneCheckpoint) {
  const Notary notary(sample::key(7), "writ.example/store", Signing::batch);
  std::size_t seals = 0;
  store_->seal_with([&](store::Transaction& t) {
    ++seals;
    return notary.seal(t);
  });
  std::vector<Issued> issued;
  for (const int size : {1, 3, 17}) {
    EXPECT_TRUE(store_->write([&](store::Transaction& t) -> Result<void> {
      for (int i = 0; i < size; ++i) {
        WRIT_TRY(auto one, notary.issue(t, sample::input(), sample::output()));
        EXPECT_FALSE(rebuild(t, one.kept)) << "before the seal there is no receipt";
        issued.push_back(std::move(one));
      }
      return {};
    }));
  }
  EXPECT_EQ(seals, 3u);
  for (std::size_t i = 0; i < issued.size(); ++i) {
    const std::string text = receipt_of(issued[i]);
    const auto v = verify_receipt(text, {{notary.verifier()}, Trust::Strangers::refuse});
    EXPECT_EQ(v.verdict, Verdict::verified) << v.what << " " << v.where;
    EXPECT_EQ(v.form, Form::batch);
    EXPECT_EQ(v.index, i);
    EXPECT_EQ(v.checkpoint.size, i < 1 ? 1u : i < 4 ? 4u : 21u);
    EXPECT_EQ(v.statement, issued[i].statement);
  }
  EXPECT_EQ(verify_receipt(receipt_of(issued[5]), {}).verdict, Verdict::untrusted);
  const Issued later = issue();  // signed by itself, after a batch
  EXPECT_EQ(verify_receipt(receipt_of(later), {{notary.verifier()}, Trust::Strangers::refuse}).verdict, Verdict::verified);
}

TEST_F(NotaryTest, ACommitWhoseSealFailsIsNone) {
  const Notary notary(sample::key(7), "writ.example/store", Signing::batch);
  bool fails = true;
  store_->seal_with([&](store::Transaction& t) -> Result<void> {
    if (fails) return Error{Code::exhausted, "no signature today", {}, {}};
    return notary.seal(t);
  });
  const auto issue_one = [&] {
    return store_->write([&](store::Transaction& t) -> Result<void> {
      WRIT_CHECK(notary.issue(t, sample::input(), sample::output()));
      return {};
    });
  };
  EXPECT_EQ(issue_one().error().code, Code::exhausted);
  EXPECT_EQ(Log::open(*store_->snapshot())->size(), 0u);
  fails = false;
  EXPECT_TRUE(issue_one());
  EXPECT_TRUE(latest_checkpoint(*store_->snapshot()));
}

TEST_F(NotaryTest, AnEmptyLogHasNoCheckpoint) {
  EXPECT_EQ(latest_checkpoint(*store_->snapshot()).error().code, Code::unavailable);
}

TEST_F(NotaryTest, TheEffectRootIsTheTreeOverTheEntries) {
  std::vector<effect::Entry> entries;
  EXPECT_EQ(effect_root(entries), merkle::empty_root());
  sample::MapNodes nodes;
  for (std::uint64_t i = 0; i < 40; ++i) {
    effect::Entry e;
    e.sequence = i;
    e.resource = "r" + std::to_string(i);
    entries.push_back(e);
    nodes.add(merkle::leaf_hash(as_bytes(effect::encode(e))));
    EXPECT_EQ(effect_root(entries), *merkle::root(nodes, nodes.size));
  }
}

}  // namespace
}  // namespace writ::proof
