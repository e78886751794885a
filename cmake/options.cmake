# What every target of the project is compiled with; third-party headers are SYSTEM and stay out of it.
add_library(damfs_options INTERFACE)
target_compile_options(damfs_options INTERFACE
  -pthread
  -Wall -Wextra -Wpedantic -Werror
  -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wundef)
target_compile_definitions(damfs_options INTERFACE
  _FILE_OFFSET_BITS=64 FUSE_USE_VERSION=314 DAMFS_VERSION="${PROJECT_VERSION}")
target_include_directories(damfs_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)

if(DAMFS_SANITIZE)
  target_compile_options(damfs_options INTERFACE
    -fsanitize=${DAMFS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(damfs_options INTERFACE -fsanitize=${DAMFS_SANITIZE})
else()
  target_compile_options(damfs_options INTERFACE -fstack-protector-strong)
  target_compile_definitions(damfs_options INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()

if(DAMFS_FUZZ)
  # Coverage for libFuzzer in everything that a target can reach; its main() only in the targets.
  target_compile_options(damfs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The distribution's faster linker, where it has one.
find_program(MOLD mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1)
  target_link_options(damfs_options INTERFACE -fuse-ld=mold)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(damfs_options INTERFACE -fpch-preprocess)  # for ccache
endif()
