// The translator's output cut into several units, so that a compiler can work on each of them at once.
//
// wasm2c 1.0.32 writes one file: macros and declarations, then data, then the functions. The first unit keeps everything
// but the functions that others have; another unit gets the macros and declarations and its functions. Functions lose
// `static`, and stay hidden: nothing of them leaves the image. What is lost is inlining across units, of which the module's
// own compiler has done the most. Functions that name a data or element segment stay in the first unit, where those are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace writ::guest::wasm {

// Constants, not what the machine has, so that the same module gives the same image everywhere.
struct Cut {
  std::size_t least = 0;  // bytes of text in a unit; below it two compilers are slower than one
  std::size_t most = 1;   // units
};
inline constexpr Cut usual_cut{512 * 1024, 8};

// One unit, unchanged, if the text is small or looks otherwise than we know it.
std::vector<std::string> split_units(std::string_view settled, Cut);

}  // namespace writ::guest::wasm
