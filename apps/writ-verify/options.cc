#include "options.h"

#include <array>

#include "writ/base/nearest.h"

namespace writ::verify_app {
namespace {

constexpr std::array<std::string_view, 6> words{"--key", "--keys", "--any-key", "--json", "--help", "--version"};

// The value of an option that takes one: `--key V` or `--key=V`.
Result<std::string> value_of(std::string_view name, const std::string& argument, const std::vector<std::string>& arguments,
                             std::size_t& at) {
  if (argument.size() > name.size()) return argument.substr(name.size() + 1);
  if (++at == arguments.size()) return invalid("an option needs a value", std::string(name));
  return arguments[at];
}

Error unknown(const std::string& argument) {
  const auto near = nearest(std::string_view(argument).substr(0, argument.find('=')), words);
  return invalid("unknown option", argument, near ? "did you mean " + std::string(*near) + "?" : "writ-verify --help lists them");
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options out;
  bool options_ended = false;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& argument = arguments[at];
    const auto is = [&](std::string_view name) { return argument == name || argument.starts_with(std::string(name) + '='); };
    if (options_ended || argument == "-" || !argument.starts_with('-')) out.receipts.push_back(argument);
    else if (argument == "--") options_ended = true;
    else if (argument == "--any-key") out.strangers = Strangers::accept;
    else if (argument == "--json") out.output = Output::json;
    else if (argument == "--help" || argument == "-h") out.mode = Mode::help;
    else if (argument == "--version") out.mode = Mode::version;
    else if (is("--keys")) { WRIT_TRY(out.key_files.emplace_back(), value_of("--keys", argument, arguments, at)); }
    else if (is("--key")) { WRIT_TRY(out.keys.emplace_back(), value_of("--key", argument, arguments, at)); }
    else return unknown(argument);
  }
  if (out.mode != Mode::verify) return out;
  if (out.receipts.empty()) return invalid("no receipt is named", "writ-verify", "writ-verify RECEIPT... --key VKEY");
  if (out.strangers == Strangers::accept && !(out.keys.empty() && out.key_files.empty())) {
    return invalid("--any-key and a trusted key contradict each other", "--any-key", "leave one of them out");
  }
  return out;
}

std::string_view usage() {
  return R"(writ-verify RECEIPT... [--key VKEY]... [--keys FILE]... [--any-key] [--json]

Verifies receipts offline. RECEIPT is a file, or - for standard input.
  --key VKEY    trust this key, as `writ log key` prints it (NAME+ID+BASE64)
  --keys FILE   trust the keys in this file, one a line
                without either: the files in $XDG_CONFIG_HOME/writ/trust/
  --any-key     check integrity alone, whoever signed: "intact, signer unknown"
  --json        one JSON document (writ.verify/1)
Exit: 0 all hold, 1 one does not (mismatched, untrusted), 65 one is malformed, 64 wrong usage, 69 a file is not there.
)";
}

}  // namespace writ::verify_app
