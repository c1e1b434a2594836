// What stopped a guest, in the words of WebAssembly. Two ways lead here: the runtime in the image says a code (a check in
// the translated code failed), or the CPU stopped the guest at an address.
#pragma once

#include <cstdint>
#include <string_view>

#include "writ/fence/fence.h"
#include "writ/guest/guest.h"
#include "writ/guest/wasm/image.h"
#include "writ/memory/arena.h"

namespace writ::guest::wasm {

// wasm-rt.h numbers them; any other number is a guest that made it up.
std::string_view trap_name(std::uint64_t code);

// The outcome of a stay that the fence ended. Not for `returned` and `left`.
Outcome outcome_of(const fence::Exit&, const WasmImage&, const memory::Arena&);

// "fill (#12)" for the function at this address of code; empty if it is not the module's.
std::string function_name(const WasmImage&, std::uint64_t address);

}  // namespace writ::guest::wasm
