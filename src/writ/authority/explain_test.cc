#include "writ/authority/explain.h"

#include <gtest/gtest.h>

#include <random>

#include "writ/authority/capability.h"

namespace writ::authority {
namespace {

using effect::Effect;
using effect::Entry;
using effect::Kind;
using effect::Refusal;

class StillClock final : public Clock {
 public:
  WallTime wall() const override { return {1'800'000'000'000'000'000}; }
  Nanoseconds monotonic() const override { return Nanoseconds(1); }
};
const StillClock still;

// What the journal says after this effect met these capabilities.
Entry refused(const CapabilitySet& set, const Effect& e) {
  const auto d = set.decide(e);
  EXPECT_FALSE(d.allowed()) << e.resource;
  effect::Journal journal;
  journal.record(e, d.refusal, d.by);
  return journal.entries().at(0);
}

Grant parse(std::string_view text) {
  auto g = parse_grant(text, "/nowhere", still.wall());
  EXPECT_TRUE(g) << text << ": " << (g ? "" : g.error().text());
  return g ? *g : Grant{};
}

TEST(Explain, NoCapability) {
  const auto d = explain(refused(CapabilitySet({}, {}, still), {.kind = Kind::file_read, .resource = "/etc/hostname"}));
  EXPECT_EQ(d.effect, "file.read");
  EXPECT_EQ(d.resource, "/etc/hostname");
  EXPECT_EQ(d.by, "no capability");
  EXPECT_EQ(d.grant, "file.read:/etc/hostname");
  EXPECT_EQ(d.grant_shell, "--grant file.read:/etc/hostname");
  EXPECT_EQ(d.reason, "nothing that was granted covers file.read of /etc/hostname");
  EXPECT_FALSE(d.sensitive);
  EXPECT_EQ(explain(refused(CapabilitySet({}, {}, still), {.kind = Kind::clock_real, .resource = {}})).grant, "clock.real");
}

TEST(Explain, OnlyRemovingADenyHelps) {
  const CapabilitySet set({parse("file.read:/")}, {parse("file.read:/srv/*")}, still);
  const auto d = explain(refused(set, {.kind = Kind::file_read, .resource = "/srv/x"}));
  EXPECT_EQ(d.by, "deny file.read:/srv/*");
  EXPECT_EQ(d.grant, "");
  EXPECT_EQ(d.grant_shell, "");
  EXPECT_NE(d.reason.find("only without that deny"), std::string::npos);
}

// Any bytes that a guest can put into a path: newlines, quotes, wildcards, invalid UTF-8, escapes of terminals.
TEST(Explain, TheGrantIsTheSmallestThatHelps) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::string_view nasty = "/\n\"'*%?[] \t$\\;~.,=a#&\x1b";
  int proposed = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto& word = effect::vocabulary[random() % 4];
    std::string resource = word.resource == effect::ResourceForm::host_path ? "/" : "";
    for (auto n = random() % 14; n > 0; --n)
      resource += random() % 2 ? nasty[random() % nasty.size()] : static_cast<char>(random() % 256);
    const CapabilitySet none({}, {}, still);
    const Effect e{.kind = word.kind, .resource = resource, .bytes = random() % 100};
    const auto d = explain(refused(none, e));
    for (const char c : d.reason) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20) << d.reason;
    if (d.grant.empty()) {
      const auto form = word.resource;
      ASSERT_TRUE(d.sensitive || !Pattern::literal(resource, form)) << resource;
      continue;
    }
    ++proposed;
    const CapabilitySet with({parse(d.grant)}, {}, still);
    ASSERT_TRUE(with.decide(e).allowed()) << d.grant;
    ASSERT_EQ(d.grant.find('*'), std::string::npos);
    ASSERT_EQ(d.grant_shell, "--grant " + d.grant);
    std::string other = resource;
    other.insert(random() % (other.size() + 1), 1, "a*\n/"[random() % 4]);
    if (other != resource && other != resource + "/") {
      ASSERT_FALSE(with.decide({.kind = word.kind, .resource = other}).allowed()) << d.grant << " allows " << other;
    }
  }
  EXPECT_GT(proposed, 5000);
}

struct Limited {
  const char* grant;
  Effect effect;
  const char* limit;
  const char* raised;
};

TEST(Explain, ALimitIsNamedAndRaised) {
  const Effect small{.kind = Kind::state_write, .resource = "out/x", .bytes = 1, .size = 1};
  const Effect large{.kind = Kind::state_write, .resource = "out/x", .bytes = 3000, .size = 4096};
  const Limited cases[] = {
      {"state.write:out/,uses=1", small, "uses", "state.write:out/,uses=2"},
      {"state.write:out/,rate=1/h", small, "rate", "state.write:out/,rate=2/h"},
      {"state.write:out/,bytes=1KiB", large, "bytes", "state.write:out/,bytes=4024B"},
      {"state.write:out/,max_size=1KiB", large, "max_size", "state.write:out/,max_size=4KiB"},
      {"state.write:out/*,max_size=1KiB,bytes=72B,uses=9", large, "bytes,max_size",
       "state.write:out/*,uses=9,bytes=3KiB,max_size=4KiB"},
      {"state.write:out/,expires=2020-01-01T00:00:00Z,uses=9", small, "expires", "state.write:out/,uses=9"},
  };
  for (const auto& c : cases) {
    CapabilitySet set({parse(c.grant)}, {}, still);
    static_cast<void>(set.use(c.effect));
    const auto d = explain(refused(set, c.effect));
    EXPECT_EQ(d.by, "limit " + std::string(c.limit) + " of " + parse(c.grant).text());
    EXPECT_EQ(d.grant, c.raised);
    EXPECT_NE(d.reason.find(c.limit), std::string::npos);
    EXPECT_EQ(d.grant_shell, d.grant.find('*') == d.grant.npos ? "--grant " + d.grant : "--grant '" + d.grant + "'");
    EXPECT_TRUE(CapabilitySet({parse(c.grant), parse(d.grant)}, {}, still).decide(c.effect).allowed()) << d.grant;
  }
}

TEST(Explain, AnEscapeIsProposedOnlyIfItIsKnownWhereItLeads) {
  Entry e{.sequence = 0,
          .kind = Kind::file_read,
          .refusal = Refusal::escape,
          .resource = "/data/link",
          .by = "/data/link",
          .digest = {}};
  EXPECT_EQ(explain(e).grant, "");
  e.resource = "/srv/other";
  EXPECT_EQ(explain(e).grant, "file.read:/data/link");
  EXPECT_NE(explain(e).reason.find("/data/link leads out of what was granted, to /srv/other"), std::string::npos);
  e.resource = "/root/.ssh/id_ed25519";
  EXPECT_EQ(explain(e).grant, "");
  EXPECT_TRUE(explain(e).sensitive);
}

TEST(Explain, ForeignJournalsCannotMakeItPropose) {
  for (const char* by :
       {"", "bytes", " of ", "bytes of ", "bytes of file.read:/", "bytes of state.write:out/", "x of file.read:/a",
        "bytes,, of file.read:/a", "bytes of file.read:/a?x", "uses of clock.real", "uses of file.read:/,bytes=1"}) {
    const auto d = explain(
        {.sequence = 0, .kind = Kind::file_read, .refusal = Refusal::constraint, .resource = "/srv/a", .by = by, .digest = {}});
    EXPECT_EQ(d.grant, "") << by;
  }
}

TEST(Explain, CredentialsAreNeverProposed) {
  for (const char* path : {"/home/me/.ssh/id_ed25519",
                           "/root/.ssh",
                           "/root/.ssh/",
                           "/home/me/.gnupg/private-keys-v1.d/x.key",
                           "/home/me/.aws/credentials",
                           "/home/me/.config/gcloud/application_default_credentials.json",
                           "/home/me/.kube/config",
                           "/home/me/.docker/config.json",
                           "/home/me/.netrc",
                           "/srv/app/.env",
                           "/srv/app/.env.production",
                           "/etc/shadow",
                           "/etc/shadow-",
                           "/etc/gshadow",
                           "/home/me/.bash_history",
                           "/home/me/.zsh_history",
                           "/home/me/.mozilla/firefox/x/logins.json",
                           "/home/me/.config/google-chrome/Default/Cookies",
                           "/srv/tls/site.pem",
                           "/srv/tls/site.KEY",
                           "/home/me/id_rsa",
                           "/proc/self/environ",
                           "/proc/1/environ",
                           "/proc/self/mem",
                           "/proc/self/root/etc/shadow",
                           "/var/lib/cloud/instance/user-data.txt",
                           "/run/secrets/db",
                           "/home/me/.git-credentials",
                           "/home/me/.npmrc",
                           "/home/me/.config/writ/keys/signing"}) {
    EXPECT_TRUE(is_sensitive(Kind::file_read, path)) << path;
    const auto d = explain(refused(CapabilitySet({}, {}, still), {.kind = Kind::file_read, .resource = path}));
    EXPECT_TRUE(d.sensitive && d.grant.empty() && d.grant_shell.empty()) << path;
  }
  for (const char* name :
       {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "openai_api_key", "PGPASSWORD_FILE_PASSWORD", "SSH_AUTH_SOCK", "DB_PASS"})
    EXPECT_TRUE(is_sensitive(Kind::env, name)) << name;
  for (const char* path : {"/etc/hostname", "/usr/share/common-licenses/GPL", "/home/me/environ", "/srv/monkey",
                           "/srv/.environment", "/home/me/ssh/x"})
    EXPECT_FALSE(is_sensitive(Kind::file_read, path)) << path;
  for (const char* name : {"HOME", "PATH", "PWD", "LC_ALL", "MONKEY", "KEYBOARD"})
    EXPECT_FALSE(is_sensitive(Kind::env, name)) << name;
  EXPECT_FALSE(is_sensitive(Kind::state_read, "certificates/site.pem"));
}

}  // namespace
}  // namespace writ::authority
