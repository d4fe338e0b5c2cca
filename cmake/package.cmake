# The Debian package: `ninja -C build/release r1 r1_shared && cpack --config build/release/CPackConfig.cmake`, or
# scripts/check-package, which examines the package too. It is what cmake/install.cmake installs below /usr, and
# packaging/.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME r1)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "r1.cpp authors <r1.cpp@packages.debian.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "run, serve and train reasoning models on a CPU")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "r1 answers questions with a reasoning model of DeepSeek-R1's kind, serves it
with OpenAI's API, and trains it. The package holds a small model. Others are
Hugging Face folders or GGUF files, and r1 pull fetches them. libr1.so and
r1.h are for programs in C.
.
The units r1.socket and r1.service serve a model on this machine once
r1.socket has been enabled; installing the package starts nothing.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "bubblewrap, ca-certificates, python3")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm
    packaging/debian/triggers)
list(TRANSFORM CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA PREPEND ${PROJECT_SOURCE_DIR}/)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# One package of the components that belong into it: a Debian package has its licences in one file, copyright.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL program library debian)

set(r1_debian COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES packaging/systemd/r1.service packaging/systemd/r1.socket DESTINATION /lib/systemd/system ${r1_debian})
install(FILES packaging/debian/copyright DESTINATION share/doc/r1 ${r1_debian})
install(CODE "
  configure_file(${PROJECT_SOURCE_DIR}/packaging/debian/changelog ${r1_manual}/changelog COPYONLY)
  execute_process(COMMAND gzip -9nf ${r1_manual}/changelog COMMAND_ERROR_IS_FATAL ANY)" ${r1_debian})
install(FILES ${r1_manual}/changelog.gz DESTINATION share/doc/r1 ${r1_debian})
install(FILES ${r1_manual}/_r1 DESTINATION share/zsh/vendor-completions ${r1_debian})
include(CPack)
