// The C code around a translated module: how it is entered, and how its imports leave. Made from our own parse of the
// module and of nothing else, so no text of the guest's ever gets into it.
#pragma once

#include <string>

#include "writ/base/result.h"
#include "writ/guest/wasm/module.h"

namespace writ::guest::wasm {

// Symbols of an image. Each is void (*)(state address, limit of the state area), for the host to enter.
inline constexpr std::string_view instantiate_symbol = "image_instantiate";
std::string export_symbol(std::uint32_t function);

// Functions that the host can call: numbers only, at most 16 parameters and one result, and not an import.
bool is_callable(const Module&, std::uint32_t function);

// How much of the arena's state area an instance needs at the least: its own structure and its tables.
ByteCount state_size(const Module&);

// The file to compile. It includes "m.h" as the translator wrote it, and "settled.c": its output after settle().
std::string make_glue(const Module&);

// Another unit of the same module (split.h): it includes "m.h" and the given file.
std::string make_unit(const std::string& settled_file);

// Changes the translator's output in three places: the table of function types becomes constant, so that no state lies
// outside of the arena; floating-point loads stay in floating-point registers; data segments are copied and never become
// instructions.
// `unsupported` if the output does not look as wasm2c 1.0.32 writes it.
Result<std::string> settle(std::string translated, const Module&);

// Changes whenever the text that these functions write does: part of the digest of the toolchain.
std::string glue_fingerprint();

}  // namespace writ::guest::wasm
