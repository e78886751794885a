# Builds are short because of two things: the dearest headers of the standard library are parsed once for a library
# (precompiled), and a library's files are compiled several at a time (unity). Both hide an #include that a file
# forgot; the preset "plain" has neither, and finds it.
option(DAMFS_FASTER "Precompile headers, and compile several files at a time" ON)
set(DAMFS_BATCH 8 CACHE STRING "How many files are compiled at a time")

if(DAMFS_FASTER)
  add_library(damfs_headers OBJECT ${PROJECT_SOURCE_DIR}/cmake/standard_headers.cc)
  target_link_libraries(damfs_headers PRIVATE damfs_options fmt::fmt)
  target_precompile_headers(damfs_headers PRIVATE ${PROJECT_SOURCE_DIR}/cmake/standard_headers.h)
endif()

# damfs_faster(TARGET [HEADER...]): with the standard headers as they are precompiled for all; HEADER: the target
# precompiles them for itself, and these with them.
function(damfs_faster target)
  if(NOT DAMFS_FASTER)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${DAMFS_BATCH})
  # A file that stands in another is no header: what its namespace hides is hidden.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  if(ARGN)
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/standard_headers.h ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM damfs_headers)
  endif()
endfunction()
