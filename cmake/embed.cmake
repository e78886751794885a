# damfs_embed_sql(TARGET NAME FILE...): compiles the files' text into generated/<NAME>.h as
# `inline constexpr std::string_view k<Stem>`, so that SQL stays in .sql files.
function(damfs_embed_sql target name)
  set(out "// Generated from catalog/sql; edit the .sql files.\n#pragma once\n#include <string_view>\nnamespace damfs::sql {\n")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${file} text)
    get_filename_component(stem ${file} NAME_WE)
    string(MAKE_C_IDENTIFIER ${stem} id)
    string(APPEND out "inline constexpr std::string_view k_${id} = R\"__sql__(${text})__sql__\";\n")
  endforeach()
  string(APPEND out "}  // namespace damfs::sql\n")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${name}.h CONTENT "${out}" @ONLY)
endfunction()
