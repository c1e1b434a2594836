#include "writ/proof/verify/manifest.h"

#include "writ/proof/verify/manifest_form.h"

namespace writ::proof {

std::string text_of(const InputManifest& m) { return write_form(m); }
std::string text_of(const OutputManifest& m) { return write_form(m); }
Result<InputManifest> parse_input_manifest(std::string_view text) { return read_form<InputManifest>(text); }
Result<OutputManifest> parse_output_manifest(std::string_view text) { return read_form<OutputManifest>(text); }

}  // namespace writ::proof
