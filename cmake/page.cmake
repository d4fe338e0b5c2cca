# r1_embed_page(DIST TARGET): puts the files of the chat page into a library, plain and compressed with gzip. The source
# that this writes defines page_files() of src/serve/page_files.hpp. The assembler reads the files, because fonts are no
# text and a long string takes a compiler long.
function(r1_embed_page dist target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/${dist} ${PROJECT_SOURCE_DIR}/${dist}/*)
  set(type_html "text/html; charset=utf-8")
  set(type_js "text/javascript; charset=utf-8")
  set(type_css "text/css; charset=utf-8")
  set(type_txt "text/plain; charset=utf-8")
  set(type_svg "image/svg+xml")
  set(type_woff2 "font/woff2")
  set(out ${PROJECT_BINARY_DIR}/page)
  set(number 0)
  set(bytes "")
  set(declarations "")
  set(rows "")
  set(inputs "")
  foreach(file ${files})
    set(plain ${PROJECT_SOURCE_DIR}/${dist}/${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${plain})
    string(REGEX REPLACE "^.*\\." "" ending ${file})
    if(NOT type_${ending})
      message(FATAL_ERROR "${plain}: cmake/page.cmake knows no media type for .${ending}")
    endif()
    file(SHA256 ${plain} hash)
    string(SUBSTRING ${hash} 0 24 hash)
    set(path /${file})
    if(file STREQUAL index.html)
      set(path /)
    endif()
    set(packed ${out}/${file}.${hash}.gz)
    set(pieces ${plain})
    if(NOT ending STREQUAL woff2)  # a woff2 is compressed by itself
      if(NOT EXISTS ${packed})
        get_filename_component(folder ${packed} DIRECTORY)
        file(MAKE_DIRECTORY ${folder})
        file(ARCHIVE_CREATE OUTPUT ${packed} PATHS ${plain} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
      endif()
      list(APPEND pieces ${packed})
    endif()
    list(APPEND inputs ${pieces})
    set(views "")
    foreach(piece ${pieces})
      set(symbol r1_page_${number})
      math(EXPR number "${number} + 1")
      string(APPEND bytes "    \"${symbol}: .incbin \\\"${piece}\\\"\\n${symbol}_end:\\n\"\n")
      string(APPEND declarations "extern const char ${symbol}[], ${symbol}_end[];\n")
      string(APPEND views ", bytes(${symbol}, ${symbol}_end)")
    endforeach()
    if(ending STREQUAL woff2)
      string(APPEND views ", {}")
    endif()
    string(APPEND rows "      {\"${path}\", \"${type_${ending}}\", \"\\\"${hash}\\\"\"${views}},\n")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/page_files.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"serve/page_files.hpp\"

extern \"C\" {
@declarations@}
asm(\".pushsection .rodata\\n\"
@bytes@    \".popsection\\n\");

namespace r1 {
std::span<const PageFile> page_files() {
  const auto bytes = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<size_t>(end - begin));
  };
  static const PageFile kFiles[] = {
@rows@  };
  return kFiles;
}
}  // namespace r1
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${inputs}" SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${source})
endfunction()
