#include "writ/runtime/git_form.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "writ/base/assert.h"
#include "writ/wire/bytes.h"

namespace writ::runtime {
namespace {

constexpr std::string_view digits85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
static_assert(digits85.size() == 85);
constexpr std::size_t bytes_a_line = 52;
constexpr std::size_t longest_block = 65'535;  // of a stored block

void append_number(std::string& out, std::uint32_t n, std::initializer_list<int> shifts) {
  for (const int shift : shifts) out += static_cast<char>((n >> shift) & 0xff);
}

std::uint32_t adler32(std::string_view text) {
  std::uint32_t a = 1, b = 0;
  for (const char c : text) {
    a = (a + static_cast<unsigned char>(c)) % 65'521;
    b = (b + a) % 65'521;
  }
  return b << 16 | a;
}

std::string stored(std::string_view content) {
  std::string out = "\x78\x01";
  std::string_view rest = content;
  do {
    const auto block = rest.substr(0, longest_block);
    rest.remove_prefix(block.size());
    const auto size = static_cast<std::uint32_t>(block.size());
    out += static_cast<char>(rest.empty() ? 1 : 0);
    append_number(out, size, {0, 8});
    append_number(out, ~size, {0, 8});
    out += block;
  } while (!rest.empty());
  append_number(out, adler32(content), {24, 16, 8, 0});
  return out;
}

void append_base85(std::string& out, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    std::uint32_t n = 0;
    for (std::size_t i = at; i < at + 4; ++i) n = n << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
    std::array<char, 5> group;
    for (std::size_t i = group.size(); i-- > 0; n /= 85) group[i] = digits85[n % 85];
    out.append(group.data(), group.size());
  }
}

void append_literal(std::string& out, std::string_view content) {
  out += "literal " + std::to_string(content.size()) + "\n";
  const std::string stream = stored(content);
  for (std::string_view rest = stream; !rest.empty();) {
    const auto line = rest.substr(0, bytes_a_line);
    rest.remove_prefix(line.size());
    out += static_cast<char>(line.size() <= 26 ? 'A' + line.size() - 1 : 'a' + line.size() - 27);
    append_base85(out, line);
    out += '\n';
  }
  out += '\n';
}

}  // namespace

std::string blob_name(std::string_view content) {
  const std::string head = "blob " + std::to_string(content.size()) + '\0';
  std::array<std::byte, 20> hash;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool made = context != nullptr && EVP_DigestInit_ex(context, EVP_sha1(), nullptr) == 1 &&
                    EVP_DigestUpdate(context, head.data(), head.size()) == 1 &&
                    EVP_DigestUpdate(context, content.data(), content.size()) == 1 &&
                    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1;
  EVP_MD_CTX_free(context);
  WRIT_ASSERT(made);
  return hex(hash);
}

std::string binary_patch(std::string_view before, std::string_view after) {
  std::string out = "GIT binary patch\n";
  append_literal(out, after);
  append_literal(out, before);
  return out;
}

}  // namespace writ::runtime
