# Programs that run inside: C and C++ compiled to WebAssembly with Debian's clang 14 and wasi-libc.

find_program(WRIT_WASM_CLANG clang-14 REQUIRED DOC "compiler of guest programs in C")
find_program(WRIT_WASM_CLANGXX clang++-14 REQUIRED DOC "compiler of guest programs in C++")

# writ_guest(name SOURCE file [OUTPUT file.wasm] [OPTIONS ...]): a target `name` that makes one module; its path is the
# target's property WRIT_MODULE.
function(writ_guest name)
  cmake_parse_arguments(A "" "SOURCE;OUTPUT" "OPTIONS" ${ARGN})
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${A_SOURCE})
  if(NOT A_OUTPUT)
    set(A_OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm)
  endif()
  if(source MATCHES "\\.c$")
    set(compiler ${WRIT_WASM_CLANG} -std=c17)
  else()
    set(compiler ${WRIT_WASM_CLANGXX} -std=c++20 -fno-exceptions)
  endif()
  get_filename_component(folder ${A_OUTPUT} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${A_OUTPUT}
    COMMAND ${compiler} --target=wasm32-wasi -O2 -Wall -Wextra -Werror ${A_OPTIONS} ${source} -o ${A_OUTPUT}
    DEPENDS ${source} COMMENT "Guest ${name}.wasm" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${A_OUTPUT})
  set_target_properties(${name} PROPERTIES WRIT_MODULE ${A_OUTPUT})
endfunction()
