# What `cmake --install` puts under PREFIX: programs (writ_app), room archives (writ_room), headers, the CMake package
# and the sdk. An embedder writes find_package(writ) and links writ::runtime.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/writ DESTINATION include FILES_MATCHING PATTERN "*.h"
        PATTERN "testing_*.h" EXCLUDE PATTERN "sample_*.h" EXCLUDE)
install(EXPORT writ NAMESPACE writ:: FILE writ-targets.cmake DESTINATION lib/cmake/writ)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/writ-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/writ-config.cmake ${PROJECT_BINARY_DIR}/writ-config-version.cmake
        DESTINATION lib/cmake/writ)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/writ)
if(EXISTS ${PROJECT_SOURCE_DIR}/sdk)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/ DESTINATION share/writ/sdk)
endif()
