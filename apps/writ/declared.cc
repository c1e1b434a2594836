#include "declared.h"

#include <algorithm>

#include "writ/authority/lattice.h"
#include "writ/base/quantity.h"

namespace writ::cli {
namespace {

void compare_limits(const guest::Limits& declared, const guest::Limits& given, std::vector<std::string>& missing) {
  const auto size = [&](std::string_view name, ByteCount want, ByteCount have) {
    if (want > have) missing.push_back("--limit " + std::string(name) + "=" + format_size(want));
  };
  const auto number = [&](std::string_view name, std::uint64_t want, std::uint64_t have) {
    if (want > have) missing.push_back("--limit " + std::string(name) + "=" + std::to_string(want));
  };
  size("memory", declared.memory, given.memory);
  size("stack", declared.stack, given.stack);
  size("output", declared.output, given.output);
  if (declared.time > given.time) missing.push_back("--limit time=" + format_time(declared.time));
  number("effects", declared.effects, given.effects);
  number("files", declared.files, given.files);
}

std::string option(const authority::Grant& g) {
  const auto text = g.text();
  return text.find('*') == text.npos ? "--grant " + text : "--grant '" + text + "'";
}

}  // namespace

Result<std::vector<std::string>> missing_words(const std::string& declaration, const task::Spec& spec,
                                               const std::vector<authority::Grant>& given, const std::string& working_folder) {
  guest::Limits limits = spec.limits;
  WRIT_TRY(const Manifest manifest, parse_manifest(declaration, "writ.manifest of the code", limits));
  std::vector<std::string> missing;
  for (const auto& text : manifest.grants) {
    WRIT_TRY(const auto wanted, authority::parse_grant(text.text, working_folder, system_clock().wall(), effect::OwnKinds::any()));
    if (std::ranges::none_of(given, [&](const authority::Grant& g) { return authority::covers(g, wanted); }))
      missing.push_back(option(wanted));
  }
  compare_limits(limits, spec.limits, missing);
  return missing;
}

Result<void> check_declaration(const runtime::Runtime& runtime, const task::Spec& spec, const std::string& working_folder) {
  WRIT_TRY(const auto declaration, runtime::declared_manifest(spec.code));
  if (!declaration) return {};
  auto given = spec.grants;
  for (const auto h : spec.capabilities) {
    WRIT_TRY(auto held, runtime.capability(h));
    given.push_back(std::move(held.capability.grant));
  }
  WRIT_TRY(const auto missing, missing_words(*declaration, spec, given, working_folder));
  if (missing.empty()) return {};
  std::string words;
  for (const auto& m : missing) words += (words.empty() ? "" : " ") + m;
  return Error{Code::denied, "the code declares more than it is given", "writ.manifest of the code", "add " + words};
}

}  // namespace writ::cli
