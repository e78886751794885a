# Run after a GoogleTest program was linked: one ctest test for each of its suites, unit.SUITE. A sanitizer needs most of
# a second to start a program, which a test of a millisecond is not to pay by itself.
#
# PROGRAM; OUT: the file for ctest to include; DEADLINE: seconds a suite may take; ENVIRONMENT: of each; LONG: a regular
# expression of suites whose tests take seconds each, so that each is one, unit.SUITE.TEST, and they run side by side.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE " *#[^\n]*" "" listed "${listed}")  # what a test is of
string(REGEX MATCHALL "[^\n]+" lines "${listed}")
set(text "")

function(add name)
  string(APPEND text "add_test(\"unit.${name}\" \"${PROGRAM}\" \"--gtest_filter=${ARGV1}\")\n"
    "set_tests_properties(\"unit.${name}\" PROPERTIES LABELS unit TIMEOUT ${DEADLINE} ENVIRONMENT \"${ENVIRONMENT}\"${ARGV2})\n")
  set(text "${text}" PARENT_SCOPE)
endfunction()

foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z][A-Za-z0-9_/]*)[.]$")
    set(suite ${CMAKE_MATCH_1})
    if(NOT suite MATCHES "${LONG}")
      add("${suite}" "${suite}.*" "")
    endif()
  elseif(suite MATCHES "${LONG}")
    string(STRIP "${line}" test)
    add("${suite}.${test}" "${suite}.${test}" " COST 20")
  endif()
endforeach()
file(WRITE ${OUT} "${text}")
