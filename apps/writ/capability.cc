// `writ cap`: capabilities of the store, which outlive tasks: made, narrowed, divided, bound, revoked. What makes one
// prints its handle and nothing else, so that a script can keep it.
#include <fmt/format.h>

#include "opening.h"
#include "writ/base/escape.h"
#include "writ/base/file.h"
#include "writ/wire/digest.h"

namespace writ::cli {
namespace {

using authority::Handle;

constexpr ByteCount largest_code = 64 * MiB;

Document left_document(const authority::Limits& left) {
  Document d = Document::object();
  if (left.uses) d["uses"] = *left.uses;
  if (left.bytes) d["bytes"] = left.bytes->value();
  for (const auto& f : left.fields)
    if (f.total) d[std::string(f.name) + ".total"] = effect::text(*f.total);
  return d;
}

Document describe(const runtime::CapabilityInfo& c) {
  const auto& of = c.capability;
  return {{"handle", authority::text(c.handle)},
          {"standing", authority::name(c.standing)},
          {"effect", effect::named(of.grant.kind, of.grant.resource ? of.grant.resource->text() : "").effect},
          {"grant", of.grant.text()},
          {"left", left_document(c.left)},
          {"origin", authority::name(of.origin)},
          {"parent", of.parent == authority::no_handle ? "" : authority::text(of.parent)},
          {"holder", json_text(of.holder)},
          {"minted", rfc3339(of.minted)}};
}

Document one_document(const runtime::CapabilityInfo& c) {
  Document d{{"schema", "writ.cap/1"}};
  d.update(describe(c));
  return d;
}

std::string left_text(const authority::Limits& left) {
  std::string out;
  if (left.uses) out += fmt::format(", {} uses left", *left.uses);
  if (left.bytes) out += fmt::format(", {} bytes left", left.bytes->value());
  for (const auto& f : left.fields)
    if (f.total) out += fmt::format(", {} of {} left", effect::text(*f.total), f.name);
  return out;
}

void print_line(Output& output, const runtime::CapabilityInfo& c) {
  output.line(fmt::format("{:<8} {:<9} {}{}{}", authority::text(c.handle), authority::name(c.standing), c.capability.grant.text(),
                          left_text(c.left), c.capability.holder.empty() ? "" : "  for " + escape_for_terminal(c.capability.holder)));
}

Status print_one(Output& output, const runtime::CapabilityInfo& c) {
  if (!output.text_wanted()) {
    output.document(one_document(c));
    return exit_holds;
  }
  print_line(output, c);
  if (c.capability.parent != authority::no_handle)
    output.line(fmt::format("  {} from {}", authority::name(c.capability.origin), authority::text(c.capability.parent)));
  output.line("  minted " + rfc3339(c.capability.minted));
  return exit_holds;
}

Status print_all(Output& output, const std::vector<runtime::CapabilityInfo>& all) {
  if (output.form() == Form::document) {
    Document list = Document::array();
    for (const auto& c : all) list.push_back(describe(c));
    output.document({{"schema", "writ.cap-ls/1"}, {"capabilities", std::move(list)}});
    return exit_holds;
  }
  for (const auto& c : all) {
    if (output.text_wanted()) print_line(output, c);
    else output.document(one_document(c));
  }
  return exit_holds;
}

// What was made: its handle alone, or all of it as a document.
Status tell_made(Output& output, runtime::Runtime& runtime, std::span<const Handle> made) {
  std::vector<runtime::CapabilityInfo> all;
  for (const auto h : made) {
    WRIT_TRY(all.emplace_back(), runtime.capability(h));
    if (output.text_wanted()) output.line(authority::text(h));
  }
  if (output.text_wanted()) return exit_holds;
  return made.size() == 1 ? print_one(output, all[0]) : print_all(output, all);
}

Result<authority::Grant> grant_of(const Invocation& i, const std::string& text) {
  effect::OwnKinds own;
  for (const auto& declared : i.arguments.values("--effect")) {
    WRIT_TRY(const auto kind, effect::parse_kind(declared));
    WRIT_CHECK(own.add(kind));
  }
  return authority::parse_grant(text, i.surroundings.working_folder, system_clock().wall(), own);
}

// "amount.total=30" of a field; whether the capability has it is for the split to say.
Result<bool> add_share_of_field(authority::Limits& limits, std::string_view text) {
  auto name = text.substr(0, text.find('='));
  if (!name.ends_with(".total")) return false;
  name.remove_suffix(6);
  return effect::is_field_name(name) ? authority::add_field_limit(limits, {{}, {std::string(name)}}, text) : Result<bool>(false);
}

// A share of budgets: "uses=3,bytes=1MiB".
Result<authority::Limits> share_of(const std::string& text) {
  authority::Limits limits;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const auto part = std::string_view(text).substr(at, end - at);
    const auto of_field = add_share_of_field(limits, part);
    auto added = of_field && *of_field ? Result<void>() : !of_field ? Result<void>(of_field.error())
                                                               : authority::add_limit(limits, part, system_clock().wall());
    if (!added) {
      Error e = added.error();
      e.where = "share \"" + escape_for_terminal(text) + "\"";
      return e;
    }
    at = end + 1;
  }
  return limits;
}

// "code:" and a digest as it is; else the file of a program, whose digest it becomes.
Result<std::string> holder_of(const std::string& word) {
  constexpr std::string_view scheme = "code:";
  if (word.starts_with(scheme)) {
    if (!Sha256::parse(std::string_view(word).substr(scheme.size())))
      return invalid("not a holder: \"" + escape_for_terminal(word) + "\"", {}, "code: and the 64 hex digits of a SHA-256, or a program's file");
    return word;
  }
  WRIT_TRY(const std::string code, read_file(word, largest_code));
  return std::string(scheme) + digest(as_bytes(code)).sha256.hex();
}

Result<std::vector<Handle>> handles_of(std::span<const std::string> words) {
  std::vector<Handle> out;
  for (const auto& w : words) {
    WRIT_TRY(out.emplace_back(), authority::parse_handle(w));
  }
  return out;
}

Status mint(Invocation& i) {
  WRIT_TRY(auto grant, grant_of(i, i.arguments.operands[0]));
  std::string holder;
  if (const auto word = i.arguments.value("--holder")) {
    WRIT_TRY(holder, holder_of(*word));
  }
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(const auto made, store->mint_capability(std::move(grant), std::move(holder)));
  return tell_made(i.output, *store.runtime, std::span(&made, 1));
}

Status derive(Invocation& i, std::string_view word) {
  const auto& operands = i.arguments.operands;
  WRIT_TRY(const auto from, authority::parse_handle(operands[0]));
  if (word == "split") {
    std::vector<authority::Limits> shares;
    for (std::size_t n = 1; n < operands.size(); ++n) {
      WRIT_TRY(shares.emplace_back(), share_of(operands[n]));
    }
    WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
    WRIT_TRY(const auto made, store->split_capability(from, shares));
    return tell_made(i.output, *store.runtime, made);
  }
  Handle made;
  if (word == "attenuate") {
    WRIT_TRY(const auto to, grant_of(i, operands[1]));
    WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
    WRIT_TRY(made, store->attenuate_capability(from, to));
    return tell_made(i.output, *store.runtime, std::span(&made, 1));
  }
  WRIT_TRY(auto holder, holder_of(operands[1]));
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(made, store->delegate_capability(from, std::move(holder)));
  return tell_made(i.output, *store.runtime, std::span(&made, 1));
}

Status revoke(Invocation& i) {
  WRIT_TRY(const auto handles, handles_of(i.arguments.operands));
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  for (const auto h : handles) WRIT_CHECK(store->capability(h));  // all exist, or none is revoked
  std::vector<runtime::CapabilityInfo> after;
  for (const auto h : handles) {
    WRIT_CHECK(store->revoke_capability(h));
    WRIT_TRY(after.emplace_back(), store->capability(h));
    i.output.note("revoked " + authority::text(h) + " and everything that descends from it");
  }
  return i.output.text_wanted() ? Status(exit_holds) : print_all(i.output, after);
}

Status list(Invocation& i) {
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(auto all, store->capabilities());
  if (!i.arguments.has("--all"))
    std::erase_if(all, [](const auto& c) { return c.standing != authority::Standing::active; });
  return print_all(i.output, all);
}

}  // namespace

Status capability(Invocation& i) {
  const std::string_view word = i.arguments.command->name.substr(4);
  if (word == "mint") return mint(i);
  if (word == "revoke") return revoke(i);
  if (word == "ls") return list(i);
  if (word != "inspect") return derive(i, word);
  WRIT_TRY(const auto handle, authority::parse_handle(i.arguments.operands[0]));
  WRIT_TRY(const OpenedStore store, open_store(i, runtime::Access::write));
  WRIT_TRY(const auto found, store->capability(handle));
  return print_one(i.output, found);
}

}  // namespace writ::cli
