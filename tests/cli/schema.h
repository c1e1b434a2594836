// Checks a document against the published schema of its name, docs/schema/NAME.json: the part of JSON Schema 2020-12
// that those use, and nothing in silence: an unknown keyword is an error of the schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace writ::cli_test {

// What does not fit, each with the place in the document; empty: it is valid. The schema is found by the document's own
// "schema" member.
std::vector<std::string> schema_violations(const nlohmann::json& document);

}  // namespace writ::cli_test
