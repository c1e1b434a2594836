// What writ-verify is told: writ-verify RECEIPT... [--key VKEY]... [--keys FILE]... [--any-key] [--json]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "writ/base/result.h"

namespace writ::verify_app {

enum class Mode { verify, help, version };
enum class Output { text, json };
enum class Strangers { refuse, accept };

struct Options {
  Mode mode = Mode::verify;
  Output output = Output::text;
  Strangers strangers = Strangers::refuse;
  std::vector<std::string> receipts;  // "-" is standard input
  std::vector<std::string> keys;      // vkeys
  std::vector<std::string> key_files;
};

// `invalid` names the argument and the nearest option that exists.
Result<Options> parse_options(const std::vector<std::string>& arguments);
std::string_view usage();

}  // namespace writ::verify_app
