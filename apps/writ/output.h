// Output: what the command itself says. Results go to standard output, as text or as JSON documents, and messages to
// standard error; nothing that a guest named reaches a terminal unescaped. A result that cannot be written is an error
// of the command, whatever else it did: finish() tells.
//
// Threads: one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "arguments.h"
#include "writ/base/result.h"

namespace writ::cli {

using Document = nlohmann::ordered_json;  // members in the order of interface.md

enum class Chatter : unsigned char { normal, quiet };

class Output {
 public:
  Output(Form form, Chatter chatter) : form_(form), chatter_(chatter) {}

  Form form() const { return form_; }
  bool text_wanted() const { return form_ == Form::text; }
  bool quiet() const { return chatter_ == Chatter::quiet; }

  void line(std::string_view text);  // a line of the result; trusted text, or escaped by the caller
  void bytes(std::string_view raw);  // the result itself, byte for byte unless it goes to a terminal
  void document(const Document&);    // one line of JSON
  void note(std::string_view text);  // "writ: text" on standard error, unless quiet
  void error(const Error&);          // one line on standard error, and the failure document where JSON was asked
  Result<void> finish();             // everything is written, or why not

 private:
  void write(std::string_view);

  Form form_;
  Chatter chatter_;
  std::string waiting_;
  int failure_ = 0;  // errno of the first write that failed
};

// Text from outside as a JSON string: as it is if UTF-8, else with \xNN for what is not.
std::string json_text(std::string_view);

// All bytes to a descriptor; 0 or errno.
int write_all(int fd, std::string_view bytes);

// If a standard descriptor is closed, what the command opens next would take its place and receive a guest's output.
void occupy_standard_descriptors();

}  // namespace writ::cli
