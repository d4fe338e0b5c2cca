# What `cmake --install build/release --prefix PREFIX` installs: the program, the model and the recipes that ship, the
# documentation, and what the program writes about itself: its manual page and the completions of shells.
include(GNUInstallDirs)

set(r1_data ${CMAKE_INSTALL_DATADIR}/r1)
set(r1_manual ${PROJECT_BINARY_DIR}/manual)

# A package takes the component `program` and has its own ways for the rest.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)
install(TARGETS r1 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY models/nano DESTINATION ${r1_data}/models)
install(DIRECTORY recipes/ DESTINATION ${r1_data}/recipes USE_SOURCE_PERMISSIONS PATTERN "*.png" EXCLUDE)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES web/dist/licences.txt DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.page)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licences)
install(FILES src/report/assets/uplot/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.uPlot
        COMPONENT licences)

# The program is asked when it is installed, not when it is built, so that a build of the target r1 alone suffices.
# Compressed with gzip, as manual pages are on most systems; -n leaves out the time, so that the bytes repeat.
install(CODE "
  file(MAKE_DIRECTORY ${r1_manual})
  function(r1_print file)
    execute_process(COMMAND $<TARGET_FILE:r1> help \${ARGN} OUTPUT_FILE ${r1_manual}/\${file}
                    COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  r1_print(r1.1 --man)
  execute_process(COMMAND gzip -9nf ${r1_manual}/r1.1 COMMAND_ERROR_IS_FATAL ANY)
  r1_print(r1.bash --completion bash)
  r1_print(_r1 --completion zsh)
  r1_print(r1.fish --completion fish)")
install(FILES ${r1_manual}/r1.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${r1_manual}/r1.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME r1)
install(FILES ${r1_manual}/_r1 DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT zsh)
install(FILES ${r1_manual}/r1.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
