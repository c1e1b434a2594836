#include "writ/proof/verify/note.h"

#include <gtest/gtest.h>

#include "writ/proof/verify/log_proof.h"
#include "writ/proof/verify/sample_receipt.h"
#include "writ/proof/verify/statement.h"

namespace writ::proof {
namespace {

// The example of Go's sumdb/note package documentation, which has a published key.
constexpr std::string_view go_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view go_note =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Vkey, RoundTripWithOthersKey) {
  const auto key = parse_vkey(go_key);
  ASSERT_TRUE(key) << key.error().text();
  EXPECT_EQ(key->name, "PeterNeumann");
  EXPECT_EQ(key->text(), go_key);
}

TEST(Vkey, Refusals) {
  for (const char* bad : {"", "PeterNeumann", "PeterNeumann+c74f20a3", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW ",
                          "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
    EXPECT_FALSE(parse_vkey(bad)) << bad;
  EXPECT_FALSE(is_key_name("a\u00a0b"));
  EXPECT_FALSE(is_key_name("a\u3000b"));
  EXPECT_TRUE(is_key_name("\u00fcber.example/log"));
}

TEST(Note, VerifiesOthersNote) {
  const auto note = parse_note(go_note);
  ASSERT_TRUE(note) << note.error().text();
  EXPECT_TRUE(check_note(*note, *parse_vkey(go_key)));
  EXPECT_EQ(format_note(*note), go_note);
  Note changed = *note;
  changed.text[0] = 'i';
  EXPECT_EQ(check_note(changed, *parse_vkey(go_key)).error().code, Code::corrupt);
  EXPECT_EQ(check_note(*note, sample::verifier(sample::key(1))).error().code, Code::unavailable);
}

TEST(Note, Refusals) {
  const std::string good(go_note);
  for (const std::string& bad : {std::string(), std::string("text\n"), std::string("text\n\n"), good.substr(0, good.size() - 1), good + "\n",
                                 good + "x\n", "a\tb" + good, "\xff" + good, good + "\u2014 x eHh4eA==\n"})
    EXPECT_FALSE(parse_note(bad)) << bad;
  std::string many = good;
  for (int i = 0; i < 15; ++i) many += "\u2014 witness" + std::to_string(i) + " eHh4eHh4eHh4\n";
  EXPECT_TRUE(parse_note(many));  // at least 16 signatures
  EXPECT_TRUE(check_note(*parse_note(many), *parse_vkey(go_key)));
  for (int i = 0; i < 100; ++i) many += "\u2014 w" + std::to_string(i) + " eHh4eHh4eHh4\n";
  EXPECT_FALSE(parse_note(many));
}

TEST(Checkpoint, RoundTripAndRefusals) {
  // The example of C2SP tlog-checkpoint.
  const std::string text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  const auto checkpoint = parse_checkpoint(text);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->size, 20852163u);
  EXPECT_EQ(format_checkpoint(*checkpoint), text);
  for (const char* bad : {"", "a\n1\n", "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", 
                          "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                          "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nCsUYapGGPo4d\n",
                          "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
                          "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n", "a\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                          "a\n18446744073709551616\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"})
    EXPECT_FALSE(parse_checkpoint(bad)) << bad;
}

TEST(LogProof, RoundTripAndRefusals) {
  LogProof proof{{}, 7, {sha256({}), sha256(as_bytes("x"))}, "checkpoint\n"};
  EXPECT_EQ(parse_log_proof(format_log_proof(proof)), proof);
  proof.extra = to_bytes("more");
  EXPECT_EQ(parse_log_proof(format_log_proof(proof)), proof);
  proof.path.clear();
  EXPECT_EQ(parse_log_proof(format_log_proof(proof)), proof);
  proof.path.assign(64, sha256({}));
  EXPECT_FALSE(parse_log_proof(format_log_proof(proof)));
  for (const char* bad : {"", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 1\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
                          "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 1\n",
                          "c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx\n",
                          "c2sp.org/tlog-proof@v1\n\nx\n"})
    EXPECT_FALSE(parse_log_proof(bad)) << bad;
}

TEST(Dsse, PreAuthenticationEncoding) {
  // The example of the DSSE protocol, version 1.
  EXPECT_EQ(as_text(pre_authentication_encoding("http://example.com/HelloWorld", as_bytes("hello world"))),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

}  // namespace
}  // namespace writ::proof
