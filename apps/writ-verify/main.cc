// writ-verify: verifies receipts offline. Built from wire, proof/merkle and proof/verify alone, so that an auditor can read
// all of it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "options.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/proof/verify/report.h"
#include "writ/proof/verify/trust.h"
#include "writ/wire/lean.h"

namespace writ::verify_app {
namespace {

constexpr int wrong_usage = 64, bad_input = 65, not_available = 69, our_bug = 70;
constexpr ByteCount max_receipt = 64 * MiB;

int fail(const Error& e, Output output, int status) {
  if (output == Output::json) {
    const Json document = {{"schema", "writ.verify/1"},
                           {"error", {{"code", name(e.code)}, {"what", escape_for_terminal(e.what)}, {"where", escape_for_terminal(e.where)},
                                      {"hint", escape_for_terminal(e.hint)}}}};
    fmt::print("{}\n", document.dump());
  } else {
    fmt::print(stderr, "writ-verify: {}\n", escape_for_terminal(e.text()));
  }
  return status;
}

Result<proof::Trust> trust_of(const Options& options) {
  proof::Trust trust;
  if (options.strangers == Strangers::accept) {
    trust.strangers = proof::Trust::Strangers::accept;
    return trust;
  }
  for (const std::string& text : options.keys) {
    WRIT_TRY(trust.keys.emplace_back(), proof::parse_vkey(text));
  }
  for (const std::string& file : options.key_files) {
    WRIT_TRY(const auto some, proof::read_keys_file(file));
    trust.keys.insert(trust.keys.end(), some.begin(), some.end());
  }
  if (!options.keys.empty() || !options.key_files.empty()) return trust;
  WRIT_TRY(const std::string folder, proof::trust_folder(std::getenv("XDG_CONFIG_HOME"), std::getenv("HOME")));
  WRIT_TRY(trust.keys, proof::read_trust_folder(folder));
  return trust;
}

Result<std::string> read_receipt(const std::string& name) {
  if (name != "-") return read_file(name, max_receipt);
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, n);
    if (text.size() > max_receipt.value()) return Error{Code::exhausted, "the receipt is too long", "standard input", "at most 64 MiB"};
  }
  if (std::ferror(stdin) != 0) return Error{Code::unavailable, "cannot read", "standard input", {}};
  return text;
}

int status_of(const Error& e) { return e.code == Code::unavailable || e.code == Code::denied ? not_available : bad_input; }

int run(const Options& options) {
  const auto trust = trust_of(options);
  if (!trust) return fail(trust.error(), options.output, status_of(trust.error()));
  int status = 0;
  Json receipts = Json::array();
  for (const std::string& file : options.receipts) {
    const auto text = read_receipt(file);
    if (!text) return fail(text.error(), options.output, status_of(text.error()));
    const proof::Verification v = proof::verify_receipt(*text, *trust);
    status = std::max(status, proof::exit_status(v.verdict));
    if (options.output == Output::json) receipts.push_back(proof::report_json(file, v));
    else fmt::print("{}\n", proof::report_line(file, v));
  }
  if (options.output == Output::json) {
    fmt::print("{}\n", Json{{"schema", "writ.verify/1"}, {"holds", status == 0}, {"receipts", std::move(receipts)}}.dump());
  }
  return status;
}

int start(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  if (!options) {
    const bool json = std::ranges::find(arguments, "--json") != arguments.end();
    return fail(options.error(), json ? Output::json : Output::text, wrong_usage);
  }
  switch (options->mode) {
    case Mode::help: fmt::print("{}", usage()); return 0;
    case Mode::version: fmt::print("writ-verify {}\n", WRIT_VERSION); return 0;
    case Mode::verify: return run(*options);
  }
  return our_bug;
}

}  // namespace
}  // namespace writ::verify_app

int main(int count, char** values) {
  writ::start_digests_lean();
  const int status = writ::verify_app::start(std::vector<std::string>(values + (count > 0 ? 1 : 0), values + count));
  // A verdict that could not be written is no verdict.
  if (std::fflush(stdout) != 0) {
    std::fputs("writ-verify: cannot write to standard output\n", stderr);
    return writ::verify_app::our_bug;
  }
  return status;
}
