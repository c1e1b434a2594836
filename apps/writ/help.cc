// `writ help`: the table of words.h and the vocabulary of effects, as text or as documents.
#include <fmt/format.h>

#include "commands.h"
#include "writ/effect/vocabulary.h"

namespace writ::cli {
namespace {

std::string usage_of(const CommandWord& c) {
  return "writ " + std::string(c.name) + (c.options.empty() ? "" : " [OPTIONS]") + (c.operands.empty() ? "" : " ") +
         std::string(c.operands);
}

void print_options(Output& output, std::span<const OptionWord> options) {
  for (const OptionWord& o : options) {
    if (o.availability == Availability::later) continue;
    const std::string shown =
        std::string(o.name) + (o.takes == Takes::nothing          ? ""
                               : o.takes == Takes::optional_value ? "[=" + std::string(o.value) + "]"
                                                                  : " " + std::string(o.value));
    output.line(fmt::format("  {:26} {}", shown, o.meaning));
  }
}

Document option_documents(std::span<const OptionWord> options) {
  Document list = Document::array();
  for (const OptionWord& o : options)
    if (o.availability == Availability::now)
      list.push_back({{"name", o.name}, {"value", o.value}, {"meaning", o.meaning}});
  return list;
}

void print_commands(Output& output, std::string_view group) {
  Document list = Document::array();
  for (const CommandWord& c : commands()) {
    if (c.availability == Availability::later || (!group.empty() && !c.name.starts_with(std::string(group) + " ")))
      continue;
    if (output.text_wanted())
      output.line(fmt::format("  {:34} {}", usage_of(c).substr(5), c.meaning));
    else
      list.push_back({{"name", c.name},
                      {"operands", c.operands},
                      {"meaning", c.meaning},
                      {"options", option_documents(c.options)}});
  }
  if (output.text_wanted()) return;
  output.document({{"schema", "writ.help/1"},
                   {"commands", std::move(list)},
                   {"global_options", option_documents(global_options())}});
}

void print_one(Output& output, const CommandWord& c) {
  if (!output.text_wanted()) {
    output.document({{"schema", "writ.help/1"},
                     {"commands", Document::array({{{"name", c.name},
                                                    {"operands", c.operands},
                                                    {"meaning", c.meaning},
                                                    {"options", option_documents(c.options)}}})},
                     {"global_options", option_documents(global_options())}});
    return;
  }
  output.line(usage_of(c));
  output.line(c.meaning);
  if (!c.options.empty()) output.line("");
  print_options(output, c.options);
}

void print_effects(Output& output) {
  Document list = Document::array();
  for (const effect::Word& w : effect::vocabulary) {
    static constexpr std::array<std::string_view, 4> forms{"", "OBJECT", "PATH", "NAME"};
    const std::string_view form = forms[static_cast<std::size_t>(w.resource)];
    if (output.text_wanted())
      output.line(fmt::format("  {:24} {:9} {}", std::string(w.name) + (form.empty() ? "" : ":") + std::string(form),
                              effect::name(w.nature), w.meaning));
    else
      list.push_back({{"effect", w.name},
                      {"resource", form},
                      {"kind", effect::name(w.nature)},
                      {"guests", w.guests},
                      {"meaning", w.meaning}});
  }
  if (!output.text_wanted())
    return output.document(
        {{"schema", "writ.effects/1"}, {"effects", std::move(list)}, {"limits", effect::limit_names}});
  output.line("");
  output.line("A resource that ends in / means everything below it, * stays within a level, ** crosses levels.");
  output.line("Limits on any grant, after a comma: uses=3 expires=10min rate=10/s bytes=1MiB max_size=64KiB time=5s");
}

}  // namespace

Status print_help(Output& output, std::string_view topic) {
  if (topic == "effects") {
    print_effects(output);
    return exit_holds;
  }
  if (const CommandWord* c = find_command(topic)) {
    if (c->availability == Availability::later)
      return {Error{Code::unsupported, "not in this version", "writ " + std::string(topic), "see `writ help`"},
              exit_not_available};
    print_one(output, *c);
    return exit_holds;
  }
  if (!topic.empty() && subcommands(topic).empty()) {
    std::vector<std::string_view> known = command_names();
    known.push_back("effects");
    return {invalid("no help on this", std::string(topic), suggestion(topic, known, "see `writ help`")), exit_usage};
  }
  if (output.text_wanted() && topic.empty()) {
    output.line("writ runs code that machines wrote, with the authority you grant and nothing else.");
    output.line("");
  }
  print_commands(output, topic);
  if (output.text_wanted() && topic.empty()) {
    output.line("");
    print_options(output, global_options());
    output.line("");
    output.line("writ help COMMAND shows a command's options, writ help effects what can be granted.");
  }
  return exit_holds;
}

Status help(Invocation& i) {
  std::string topic;
  for (const std::string& word : i.arguments.operands) topic += (topic.empty() ? "" : " ") + word;
  return print_help(i.output, topic);
}

}  // namespace writ::cli
