# The test must fail as a test does: with an expectation that did not hold, not with a crash, and not because it is gone.
execute_process(COMMAND ${PROGRAM} --gtest_filter=${RED} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(output MATCHES "Running 0 tests")
  message(FATAL_ERROR "there is no test ${RED}")
elseif(output MATCHES "SKIPPED")
  message(STATUS "skipped as ${RED} is")
elseif(NOT status EQUAL 1 OR NOT output MATCHES "Failure" OR NOT output MATCHES "FAILED")
  message(FATAL_ERROR "without the guard ${RED} did not turn red (status ${status}):\n${output}")
endif()
