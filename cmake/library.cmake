# libr1.so with its header, for programs in C and whatever can call C. src/capi/exports.map lists the functions that it
# exports; everything else in it is hidden. `cmake --install` leaves the component `library` out unless it is named, so
# that a build of the program alone can be installed.
include(CMakePackageConfigHelpers)

set(exports ${PROJECT_SOURCE_DIR}/src/capi/exports.map)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/library.cpp CONTENT "")
add_library(r1_shared SHARED ${PROJECT_BINARY_DIR}/library.cpp)
target_link_libraries(r1_shared PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,r1_capi>)
target_link_options(r1_shared PRIVATE LINKER:--version-script=${exports} LINKER:--no-undefined)
set_target_properties(r1_shared PROPERTIES OUTPUT_NAME r1 VERSION ${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS ${exports}
                      EXPORT_NAME r1)
target_include_directories(r1_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set(r1_library COMPONENT library EXCLUDE_FROM_ALL)
install(TARGETS r1_shared EXPORT r1 LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${r1_library})
install(FILES src/capi/r1.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${r1_library})
set(r1_package ${CMAKE_INSTALL_LIBDIR}/cmake/r1)
install(EXPORT r1 NAMESPACE r1:: FILE r1Config.cmake DESTINATION ${r1_package} ${r1_library})
write_basic_package_version_file(r1ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/r1ConfigVersion.cmake DESTINATION ${r1_package} ${r1_library})

# pkg-config finds the libraries beside r1.pc, so that an installation can be moved.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/r1.pc @ONLY CONTENT
"prefix=\${pcfiledir}/@up@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: r1
Description: reasoning models on a CPU
Version: @PROJECT_VERSION@
Cflags: -I\${includedir}
Libs: -L\${libdir} -lr1
")
install(FILES ${PROJECT_BINARY_DIR}/r1.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${r1_library})
