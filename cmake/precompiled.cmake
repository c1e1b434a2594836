# Headers of others that nearly every file reads, compiled once a preset instead of once a file: a quarter to a half of what a
# file of ours costs (docs/performance.md). Our own headers are not among them, so that a change of one rebuilds what
# includes it and no more. JSON and GoogleMock cost those more that do not read them: what reads them throughout (the command, the
# tests that start it) has precompiled headers of its own, `json_library` and `json_test`.
#
# Off where a compiler cache is used: each checkout would have objects of its own there. So who works with a cache notices a
# header that a file forgot to include.
set(precompile ON)
if(CMAKE_CXX_COMPILER_LAUNCHER OR WRIT_SYNTAX_ONLY)
  set(precompile OFF)
endif()
option(WRIT_PRECOMPILE "compile the headers of others once" ${precompile})

set(writ_precompiled_headers <algorithm> <array> <atomic> <charconv> <chrono> <expected> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <thread> <variant> <vector> <fmt/format.h>)

# The compiler takes precompiled headers only with the very flags that they were made with. Libraries, programs and tests
# differ (position-independent code; WRIT_TEST_OPTIONS), so each kind has an owner of its own.
function(writ_precompile owner)
  target_link_libraries(${owner} PRIVATE fmt::fmt)
  target_precompile_headers(${owner} PRIVATE ${writ_precompiled_headers} ${ARGN})
endfunction()
if(WRIT_PRECOMPILE)
  file(CONFIGURE OUTPUT precompiled/library.cc CONTENT "// carries headers\n")
  file(CONFIGURE OUTPUT precompiled/program.cc CONTENT "int main() {}\n")
  add_library(writ_precompiled_library OBJECT ${PROJECT_BINARY_DIR}/precompiled/library.cc)
  writ_precompile(writ_precompiled_library)
  add_library(writ_precompiled_json_library OBJECT ${PROJECT_BINARY_DIR}/precompiled/library.cc)
  target_link_libraries(writ_precompiled_json_library PRIVATE nlohmann_json::nlohmann_json)
  writ_precompile(writ_precompiled_json_library <nlohmann/json.hpp>)
  if(WRIT_TESTS)
    add_executable(writ_precompiled_test ${PROJECT_BINARY_DIR}/precompiled/program.cc)
    target_link_libraries(writ_precompiled_test PRIVATE GTest::gtest)
    target_compile_options(writ_precompiled_test PRIVATE ${WRIT_TEST_OPTIONS})
    set(test_headers <filesystem> <fstream> <random> <sstream> <gtest/gtest.h>)
    writ_precompile(writ_precompiled_test ${test_headers})
    add_executable(writ_precompiled_json_test ${PROJECT_BINARY_DIR}/precompiled/program.cc)
    target_link_libraries(writ_precompiled_json_test PRIVATE GTest::gtest GTest::gmock nlohmann_json::nlohmann_json)
    target_compile_options(writ_precompiled_json_test PRIVATE ${WRIT_TEST_OPTIONS})
    writ_precompile(writ_precompiled_json_test ${test_headers} <gmock/gmock.h> <nlohmann/json.hpp>)
  endif()
endif()

# The macro is what fmt::fmt gives to those that link it; the precompiled headers were made with it.
function(writ_reuse_precompiled target kind)
  if(WRIT_PRECOMPILE)
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:FMT_SHARED>)
    target_precompile_headers(${target} REUSE_FROM writ_precompiled_${kind})
  endif()
endfunction()
