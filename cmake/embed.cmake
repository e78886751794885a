# damfs_embed(NAMESPACE FOLDER FILE...): compiles the files' text into generated/<NAMESPACE>.h as
# `inline constexpr std::string_view damfs::<NAMESPACE>::k_<stem>`, so that SQL stays in .sql files and shell in shell's.
function(damfs_embed namespace folder)
  set(out "// Generated from ${folder}; edit the files there.\n#pragma once\n#include <string_view>\nnamespace damfs::${namespace} {\n")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${file} text)
    get_filename_component(stem ${file} NAME_WE)
    string(MAKE_C_IDENTIFIER ${stem} id)
    string(APPEND out "inline constexpr std::string_view k_${id} = R\"__text__(${text})__text__\";\n")
  endforeach()
  string(APPEND out "}  // namespace damfs::${namespace}\n")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${namespace}.h CONTENT "${out}" @ONLY)
endfunction()
