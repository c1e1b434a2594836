#include "writ/authority/sensitive.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "writ/authority/pattern.h"
#include "writ/base/assert.h"

namespace writ::authority {
namespace {

constexpr std::array files{
    Sensitive{"/**/.ssh/", "SSH keys"},
    Sensitive{"/**/id_rsa*", "SSH keys"},
    Sensitive{"/**/id_dsa*", "SSH keys"},
    Sensitive{"/**/id_ecdsa*", "SSH keys"},
    Sensitive{"/**/id_ed25519*", "SSH keys"},
    Sensitive{"/etc/ssh/ssh_host_*", "SSH host keys"},
    Sensitive{"/**/.gnupg/", "GnuPG key rings"},
    Sensitive{"/**/.password-store/", "password store"},
    Sensitive{"/**/keyrings/", "desktop key rings"},
    Sensitive{"/**/kwalletd/", "desktop key rings"},
    Sensitive{"/**/*.kdbx", "password databases"},
    Sensitive{"/**/*.pem", "private keys and certificates"},
    Sensitive{"/**/*.key", "private keys"},
    Sensitive{"/**/*.p12", "private keys"},
    Sensitive{"/**/*.pfx", "private keys"},
    Sensitive{"/**/*.jks", "private keys"},
    Sensitive{"/**/*.keystore", "private keys"},
    Sensitive{"/**/*.ppk", "private keys"},
    Sensitive{"/etc/ssl/private/", "private keys"},
    Sensitive{"/etc/letsencrypt/", "private keys"},
    Sensitive{"/etc/krb5.keytab", "Kerberos keys"},
    Sensitive{"/tmp/krb5cc*", "Kerberos tickets"},
    Sensitive{"/**/.config/writ/", "Writ's own keys"},
    Sensitive{"/**/.writ/", "Writ's own store"},
    Sensitive{"/**/.aws/", "AWS credentials"},
    Sensitive{"/**/.azure/", "Azure credentials"},
    Sensitive{"/**/gcloud/", "Google Cloud credentials"},
    Sensitive{"/**/.boto", "Google Cloud credentials"},
    Sensitive{"/**/*credentials*.json", "service account keys"},
    Sensitive{"/**/.kube/", "Kubernetes credentials"},
    Sensitive{"/etc/kubernetes/", "Kubernetes credentials"},
    Sensitive{"/run/secrets/", "secrets of a container"},
    Sensitive{"/var/run/secrets/", "secrets of a container"},
    Sensitive{"/var/lib/cloud/", "metadata of a cloud instance"},
    Sensitive{"/run/cloud-init/", "metadata of a cloud instance"},
    Sensitive{"/**/.docker/", "registry credentials"},
    Sensitive{"/**/containers/auth.json", "registry credentials"},
    Sensitive{"/**/.dockercfg", "registry credentials"},
    Sensitive{"/**/.terraform.d/", "Terraform credentials"},
    Sensitive{"/**/*.tfstate*", "Terraform state, which holds secrets"},
    Sensitive{"/**/.vault-token", "Vault token"},
    Sensitive{"/**/.netrc", "passwords of hosts"},
    Sensitive{"/**/_netrc", "passwords of hosts"},
    Sensitive{"/**/.pgpass", "database passwords"},
    Sensitive{"/**/.my.cnf", "database passwords"},
    Sensitive{"/**/.git-credentials", "passwords of git"},
    Sensitive{"/**/.config/git/credentials", "passwords of git"},
    Sensitive{"/**/.config/gh/", "GitHub tokens"},
    Sensitive{"/**/.npmrc", "registry tokens"},
    Sensitive{"/**/.yarnrc*", "registry tokens"},
    Sensitive{"/**/.pypirc", "registry tokens"},
    Sensitive{"/**/.cargo/credentials*", "registry tokens"},
    Sensitive{"/**/.gem/credentials", "registry tokens"},
    Sensitive{"/**/.m2/settings*.xml", "registry tokens"},
    Sensitive{"/**/.claude/", "credentials of agents"},
    Sensitive{"/**/.claude.json", "credentials of agents"},
    Sensitive{"/**/.codex/", "credentials of agents"},
    Sensitive{"/**/.env", "secrets of a project"},
    Sensitive{"/**/.env.*", "secrets of a project"},
    Sensitive{"/**/.envrc", "secrets of a project"},
    Sensitive{"/etc/shadow*", "password hashes"},
    Sensitive{"/etc/gshadow*", "password hashes"},
    Sensitive{"/etc/security/opasswd", "password hashes"},
    Sensitive{"/etc/sudoers", "who may become root"},
    Sensitive{"/etc/sudoers.d/", "who may become root"},
    Sensitive{"/**/.htpasswd", "password hashes"},
    Sensitive{"/**/*_history", "shell history"},
    Sensitive{"/**/fish_history*", "shell history"},
    Sensitive{"/**/.mozilla/", "browser profiles"},
    Sensitive{"/**/.thunderbird/", "mail profiles"},
    Sensitive{"/**/google-chrome*/", "browser profiles"},
    Sensitive{"/**/chromium/", "browser profiles"},
    Sensitive{"/**/bravesoftware/", "browser profiles"},
    Sensitive{"/**/microsoft-edge*/", "browser profiles"},
    Sensitive{"/proc/*/environ", "environments of processes"},
    Sensitive{"/proc/*/mem", "memory of processes"},
    Sensitive{"/proc/*/auxv", "memory of processes"},
    Sensitive{"/proc/*/root/", "the file system by another name"},
    Sensitive{"/proc/*/cwd/", "the file system by another name"},
    Sensitive{"/proc/*/fd/", "open files of processes"},
    Sensitive{"/proc/*/task/", "threads of processes"},
    Sensitive{"/proc/kcore", "memory of the kernel"},
    Sensitive{"/dev/mem", "memory of the machine"},
    Sensitive{"/dev/kmem", "memory of the kernel"},
};

constexpr std::array<std::string_view, 17> words{"KEY",        "KEYS",        "APIKEY", "TOKEN",      "TOKENS", "SECRET",
                                                 "SECRETS",    "PASSWORD",    "PASSWD", "PASSPHRASE", "PASS",   "PWD",
                                                 "CREDENTIAL", "CREDENTIALS", "AUTH",   "COOKIE",     "PAT"};

std::string fold(std::string_view text, char first, char last, int by) {
  std::string out(text);
  for (char& c : out)
    if (c >= first && c <= last) c = static_cast<char>(c + by);
  return out;
}

const std::vector<Pattern>& patterns() {
  static const auto made = [] {
    std::vector<Pattern> out;
    for (const auto& f : files) {
      auto p = Pattern::parse(f.pattern, effect::ResourceForm::host_path, "/");
      WRIT_ASSERT(p.has_value());
      out.push_back(std::move(*p));
    }
    return out;
  }();
  return made;
}

bool is_secret_name(std::string_view name) {
  if (name == "PWD" || name == "OLDPWD") return false;  // the working folder, not a password
  const std::string upper = fold(name, 'a', 'z', 'A' - 'a');
  for (std::size_t begin = 0; begin <= upper.size();) {
    const std::size_t end = std::min(upper.find('_', begin), upper.size());
    if (std::ranges::find(words, std::string_view(upper).substr(begin, end - begin)) != words.end()) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::span<const Sensitive> sensitive_files() { return files; }
std::span<const std::string_view> sensitive_words() { return words; }

bool is_sensitive(effect::Kind kind, std::string_view resource) {
  switch (kind) {
    case effect::Kind::file_read:
    case effect::Kind::file_write: {
      const std::string lower = fold(resource, 'A', 'Z', 'a' - 'A');
      return std::ranges::any_of(patterns(), [&](const Pattern& p) { return p.covers(lower); });
    }
    case effect::Kind::env: return is_secret_name(resource);
    case effect::Kind::state_read:
    case effect::Kind::state_write:
    case effect::Kind::clock_real:
    case effect::Kind::random_real:
    case effect::Kind::own: return false;
  }
  std::unreachable();
}

}  // namespace writ::authority
