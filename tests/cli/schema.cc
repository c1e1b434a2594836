#include "tests/cli/schema.h"

#include <algorithm>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace writ::cli_test {
namespace {

using Json = nlohmann::json;

const std::set<std::string> known{"$schema", "$id",     "$defs",   "$ref",       "title",    "description",
                                  "type",    "const",   "enum",    "properties", "required", "additionalProperties",
                                  "items",   "pattern", "minimum", "maximum",    "anyOf"};

bool is_type(const Json& value, const Json& type) {
  if (type.is_array()) return std::ranges::any_of(type, [&](const Json& one) { return is_type(value, one); });
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& value, const std::string& at) {
    for (const auto& [keyword, _] : schema.items())
      if (!known.contains(keyword)) wrong(at, "the schema has an unknown keyword " + keyword);
    if (schema.contains("$ref")) check(resolve(schema["$ref"]), value, at);
    if (schema.contains("type") && !is_type(value, schema["type"]))
      return wrong(at, "not of type " + schema["type"].dump());
    if (schema.contains("const") && value != schema["const"]) wrong(at, "not " + schema["const"].dump());
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      wrong(at, "not one of " + schema["enum"].dump());
    if (schema.contains("pattern") && value.is_string() &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
      wrong(at, "does not match");
    if (schema.contains("minimum") && value.is_number() && value < schema["minimum"]) wrong(at, "too small");
    if (schema.contains("maximum") && value > schema["maximum"]) wrong(at, "too large");
    if (schema.contains("anyOf")) check_any(schema["anyOf"], value, at);
    if (value.is_object()) check_members(schema, value, at);
    if (value.is_array() && schema.contains("items"))
      for (std::size_t i = 0; i < value.size(); ++i) check(schema["items"], value[i], at + "/" + std::to_string(i));
  }

  std::vector<std::string> violations;

 private:
  void wrong(const std::string& at, const std::string& what) { violations.push_back(at + ": " + what); }

  const Json& resolve(const std::string& reference) { return root_.at(Json::json_pointer(reference.substr(1))); }

  void check_any(const Json& alternatives, const Json& value, const std::string& at) {
    for (const auto& a : alternatives) {
      Checker one(root_);
      one.check(a, value, at);
      if (one.violations.empty()) return;
    }
    wrong(at, "fits no alternative");
  }

  void check_members(const Json& schema, const Json& value, const std::string& at) {
    for (const auto& name : schema.value("required", Json::array()))
      if (!value.contains(name)) wrong(at, "lacks " + name.get<std::string>());
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name))
        check(properties[name], member, at + "/" + name);
      else if (schema.contains("additionalProperties") && schema["additionalProperties"] == false)
        wrong(at, "has an unknown member " + name);
      else if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
        check(schema["additionalProperties"], member, at + "/" + name);
    }
  }

  const Json& root_;
};

}  // namespace

std::vector<std::string> schema_violations(const Json& document) {
  if (!document.is_object() || !document.contains("schema")) return {"no schema member"};
  const std::string name = document["schema"];
  const std::string path = WRIT_SOURCE_DIR "/docs/schema/" + name.substr(0, name.find('/')) + ".json";
  std::ifstream in(path);
  const Json schema = Json::parse(in, nullptr, false);
  if (schema.is_discarded()) return {"no schema is published at " + path};
  Checker checker(schema);
  checker.check(schema, document, "");
  if (schema.value("/properties/schema/const"_json_pointer, "") != name)
    checker.violations.push_back("the schema is of another version");
  return checker.violations;
}

}  // namespace writ::cli_test
