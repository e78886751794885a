# Builds are short because of two things: the dearest headers of the standard library are parsed once for a library
# (precompiled), and a library's files are compiled several at a time (unity). Both hide an #include that a file
# forgot; the preset "plain" has neither, and finds it.
option(DAMFS_FASTER "Precompile headers, and compile several files at a time" ON)
set(DAMFS_BATCH 8 CACHE STRING "How many files are compiled at a time")

# damfs_faster(TARGET [HEADERS]): HEADERS is what the target precompiles, if it does.
function(damfs_faster target)
  if(NOT DAMFS_FASTER)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${DAMFS_BATCH})
  # A file that stands in another is no header: what its namespace hides is hidden.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  if(ARGN)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
