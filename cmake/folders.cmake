# One library and one test binary per folder of src/. Sources are found by name:
#   x.cpp           part of the folder's library
#   x_test.cpp      part of the folder's test binary
#   x_bench.cpp     a benchmark program of its own

# Precompiles the headers from outside that most sources include: r1_headers for the folders, r1_test_headers for their
# tests. Every source still includes what it uses, so the tree also compiles with CMAKE_DISABLE_PRECOMPILE_HEADERS=ON.
function(r1_precompiled_headers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-fpch-preprocess)  # ccache needs it
  elseif(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # the same
  endif()
  set(headers <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstring> <filesystem> <fmt/format.h>
      <functional> <limits> <map> <memory> <optional> <set> <span> <string> <string_view> <thread>
      <tl/expected.hpp> <unordered_map> <utility> <variant> <vector>)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/headers.cpp CONTENT "")
  add_library(r1_headers OBJECT ${PROJECT_BINARY_DIR}/headers.cpp)
  target_link_libraries(r1_headers PRIVATE fmt::fmt)
  target_precompile_headers(r1_headers PRIVATE ${headers})
  add_library(r1_test_headers OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/headers.cpp)
  target_link_libraries(r1_test_headers PRIVATE fmt::fmt GTest::gtest)
  target_precompile_headers(r1_test_headers PRIVATE ${headers} <gtest/gtest.h>)
endfunction()

# r1_cold(TARGET): code that no one waits for compiles faster instead.
function(r1_cold target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# r1_folders(TABLE): a library and a test binary for every folder in the table of layers. Each links exactly the folders
# of its row and the libraries in R1_LIBRARIES_folder.
function(r1_folders table)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${table})
  file(READ ${PROJECT_SOURCE_DIR}/${table} rows)
  string(REGEX REPLACE "\n +" " " rows "${rows}")  # a line that begins with a space continues the one before
  string(REGEX MATCHALL "[^\n]+" rows "${rows}")
  list(FILTER rows INCLUDE REGEX "^[^#]")
  foreach(row ${rows})
    string(REGEX REPLACE " +" ";" row "${row}")
    list(POP_FRONT row folder)
    string(REPLACE "/" "_" target ${folder})
    set(links ${R1_LIBRARIES_${target}})
    foreach(other ${row})
      # An entry that is a single header (core/half.hpp) links the library of the header's folder.
      string(REGEX REPLACE "/[a-z_0-9]+\\.hpp$" "" other ${other})
      string(REPLACE "/" "_" other ${other})
      list(APPEND links r1_${other})
    endforeach()
    list(REMOVE_DUPLICATES links)
    if(folder STREQUAL "kernels/cpu")
      r1_kernels(${folder} ${links})
    else()
      r1_folder(${folder} ${links})
    endif()
  endforeach()
endfunction()

# r1_sources(PREFIX FOLDER): sets PREFIX_sources, PREFIX_tests and PREFIX_benches to the files of a folder and of the
# folders inside it.
macro(r1_sources prefix folder)
  set(dir ${PROJECT_SOURCE_DIR}/src/${folder})
  file(GLOB ${prefix}_sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/*/*.cpp)
  file(GLOB ${prefix}_tests CONFIGURE_DEPENDS ${dir}/*_test.cpp ${dir}/*/*_test.cpp)
  file(GLOB ${prefix}_benches CONFIGURE_DEPENDS ${dir}/*_bench.cpp ${dir}/*/*_bench.cpp)
  list(REMOVE_ITEM ${prefix}_sources ${${prefix}_tests} ${${prefix}_benches} ${dir}/main.cpp)
endmacro()

function(r1_folder name)
  string(REPLACE "/" "_" target r1_${name})
  r1_sources(own ${name})
  if(own_sources)
    add_library(${target} STATIC ${own_sources})
    target_link_libraries(${target} PUBLIC ${ARGN})
    target_precompile_headers(${target} REUSE_FROM r1_headers)
    if(name IN_LIST R1_COLD_FOLDERS)
      r1_cold(${target})
    endif()
    if(name IN_LIST R1_JOINED_FOLDERS AND CMAKE_BUILD_TYPE STREQUAL Release)
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # GCC takes the joined sources for headers
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${ARGN})
  endif()
  r1_test_binary(${target} "${own_tests}")
  r1_bench_binaries(${target} "${own_benches}")
endfunction()

function(r1_test_binary target tests)
  if(NOT tests)
    return()
  endif()
  add_executable(${target}_test ${tests})
  # Tests may use kernels_cpu directly, because they pass a kernel table to the code under test.
  target_link_libraries(${target}_test PRIVATE ${target} r1_kernels_cpu fmt::fmt GTest::gtest GTest::gtest_main)
  target_precompile_headers(${target}_test REUSE_FROM r1_test_headers)
  r1_cold(${target}_test)
  target_compile_definitions(${target}_test PRIVATE R1_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${target} COMMAND ${target}_test --gtest_brief=1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${target} PROPERTIES TIMEOUT 900)
endfunction()

function(r1_bench_binaries target benches)
  foreach(bench ${benches})
    get_filename_component(name ${bench} NAME_WE)
    add_executable(${name} ${bench})
    target_link_libraries(${name} PRIVATE ${target} r1_kernels_cpu)
    target_precompile_headers(${name} REUSE_FROM r1_headers)
  endforeach()
endfunction()

# The CPU kernels. The files in R1_LEVEL_SOURCES are compiled once per level, with the instructions of the level, in
# namespace r1::cpu::LEVEL. The rest of the folder, which selects a level, is compiled once for all processors.
set(R1_LEVEL_SOURCES elementwise attention gemm dequantize dequantize_k dequantize_iq block_dot)
# These levels compile only the sources that their instructions change. kernels.cpp takes the other kernels from the
# level below. avxvnni and avx512vnni are variants of avx2 and avx512 for processors that can run them.
set(R1_SOURCES_avxvnni block_dot)
set(R1_SOURCES_avx512vnni block_dot)
set(R1_SOURCES_avx512bf16 gemm)
set(R1_SOURCES_amx gemm)
set(R1_FLAGS_portable "")
set(R1_FLAGS_avx2 -march=x86-64-v3 -maes -mpclmul)
set(R1_FLAGS_avx512 -march=x86-64-v4 -maes -mpclmul -mprefer-vector-width=512)
set(R1_FLAGS_avxvnni ${R1_FLAGS_avx2} -mavxvnni)
set(R1_FLAGS_avx512vnni ${R1_FLAGS_avx512} -mavx512vnni -mavx512vbmi)
set(R1_FLAGS_avx512bf16 ${R1_FLAGS_avx512} -mavx512bf16)
set(R1_FLAGS_amx ${R1_FLAGS_avx512bf16} -mamx-tile -mamx-bf16 -mamx-int8)
set(R1_FLAGS_neon -march=armv8-a+crypto)  # Highway's NEON target requires AES
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(R1_LEVELS portable avx2 avxvnni avx512 avx512vnni avx512bf16 amx)
else()
  set(R1_LEVELS portable neon)
endif()
if(R1_FUZZ)
  set(R1_LEVELS portable)  # fuzz targets test readers of files, not kernels
endif()
# The kernels are a fifth of what a sanitizer's build compiles. Levels that this processor lacks would only be compiled,
# never run, and -O1 compiles faster than -O3.
set(R1_LEVEL_OPTIMIZATION -O3)
if(R1_SANITIZE)
  set(R1_LEVEL_OPTIMIZATION -O1)
  file(STRINGS /proc/cpuinfo processor REGEX "^flags" LIMIT_COUNT 1)
  if(NOT processor MATCHES " avx_vnni ")
    list(REMOVE_ITEM R1_LEVELS avxvnni)
  endif()
  if(NOT processor MATCHES " avx512vl ")
    list(REMOVE_ITEM R1_LEVELS avx512)
  endif()
  if(NOT processor MATCHES " avx512vbmi .*avx512_vnni ")
    list(REMOVE_ITEM R1_LEVELS avx512vnni)
  endif()
  if(NOT processor MATCHES " avx512_bf16 ")
    list(REMOVE_ITEM R1_LEVELS avx512bf16)
  endif()
  if(NOT processor MATCHES " amx_bf16 ")
    list(REMOVE_ITEM R1_LEVELS amx)
  endif()
endif()

function(r1_kernels name)
  r1_sources(own ${name})
  list(TRANSFORM R1_LEVEL_SOURCES PREPEND ${dir}/ OUTPUT_VARIABLE all_level_sources)
  list(TRANSFORM all_level_sources APPEND .cpp)
  list(REMOVE_ITEM own_sources ${all_level_sources})
  set(objects "")
  foreach(level ${R1_LEVELS})
    set(level_sources ${all_level_sources})
    if(R1_SOURCES_${level})
      list(TRANSFORM R1_SOURCES_${level} PREPEND ${dir}/ OUTPUT_VARIABLE level_sources)
      list(TRANSFORM level_sources APPEND .cpp)
    endif()
    add_library(r1_level_${level} OBJECT ${level_sources})
    # GCC 12's AVX-512 intrinsics use uninitialised registers on purpose, which causes false warnings.
    target_compile_options(r1_level_${level}
                           PRIVATE ${R1_LEVEL_OPTIMIZATION} -Wno-maybe-uninitialized -Wno-uninitialized
                                   ${R1_FLAGS_${level}})
    target_compile_definitions(r1_level_${level} PRIVATE R1_TARGET=${level} R1_TARGET_${level}=1)
    list(APPEND objects $<TARGET_OBJECTS:r1_level_${level}>)
  endforeach()
  add_library(r1_kernels_cpu STATIC ${own_sources} ${objects})
  target_link_libraries(r1_kernels_cpu PUBLIC ${ARGN})
  foreach(level ${R1_LEVELS})
    target_compile_definitions(r1_kernels_cpu PRIVATE R1_HAS_${level}=1)
  endforeach()
  r1_test_binary(r1_kernels_cpu "${own_tests}")
  r1_bench_binaries(r1_kernels_cpu "${own_benches}")
endfunction()

# r1_embed(FOLDER ASSETS NAME=FILE...): puts files of FOLDER/ASSETS into the library of FOLDER. FOLDER/ASSETS.hpp
# declares what the generated source defines: report_assets(), whose members are the NAMEs.
function(r1_embed folder assets)
  set(members "")
  foreach(entry ${ARGN})
    string(REGEX MATCH "^([a-z_]+)=(.+)$" matched ${entry})
    set(name ${CMAKE_MATCH_1})
    set(path ${PROJECT_SOURCE_DIR}/src/${folder}/${assets}/${CMAKE_MATCH_2})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} text)
    string(APPEND members "      .${name} = R\"r1_asset(${text})r1_asset\",\n")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/${folder}_${assets}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"${folder}/${assets}.hpp\"

namespace r1 {
const ReportAssets& report_assets() {
  static const ReportAssets kAssets{
@members@  };
  return kAssets;
}
}  // namespace r1
")
  target_sources(r1_${folder} PRIVATE ${source})
endfunction()

# r1_binary(NAME FOLDER): a program from the main.cpp of a folder.
function(r1_binary name folder)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/src/${folder}/main.cpp)
    return()
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/src/${folder}/main.cpp)
  target_link_libraries(${name} PRIVATE r1_${folder})
  target_precompile_headers(${name} REUSE_FROM r1_headers)
endfunction()

# r1_tree_tests(FOLDER): one test binary from FOLDER/*_test.cpp, for tests of the whole program or of the source tree.
function(r1_tree_tests folder)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*_test.cpp)
  if(NOT tests)
    return()
  endif()
  add_executable(r1_tree_test ${tests})
  target_link_libraries(r1_tree_test PRIVATE r1_cli GTest::gtest GTest::gtest_main)
  target_precompile_headers(r1_tree_test REUSE_FROM r1_test_headers)
  r1_cold(r1_tree_test)
  target_compile_definitions(r1_tree_test PRIVATE R1_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             R1_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_dependencies(r1_tree_test r1)
  add_test(NAME r1_tree COMMAND r1_tree_test --gtest_brief=1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(r1_tree PROPERTIES TIMEOUT 1800)
endfunction()

# r1_benches(FOLDER): a program for each FOLDER/*_bench.cpp, for benchmarks that use several folders.
function(r1_benches folder)
  file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*_bench.cpp)
  r1_bench_binaries(r1_cli "${benches}")
endfunction()

# r1_fuzzers(FOLDER): a program for each fuzz target FOLDER/*_fuzz.cpp. The target `fuzzers` builds them all.
function(r1_fuzzers folder)
  file(GLOB targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*_fuzz.cpp)
  add_custom_target(fuzzers)
  foreach(target ${targets})
    get_filename_component(name ${target} NAME_WE)
    add_executable(${name} ${target})
    # What it includes, so that a target for a reader of files needs no server.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${target})
    file(STRINGS ${target} includes REGEX "^#include \"[a-z]+/")
    foreach(include ${includes})
      string(REGEX REPLACE "^#include \"([a-z]+)/.*" "r1_\\1" library ${include})
      target_link_libraries(${name} PRIVATE ${library})
    endforeach()
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_compile_definitions(${name} PRIVATE R1_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_dependencies(fuzzers ${name})
  endforeach()
endfunction()
