# Run after a GoogleTest program was linked: one ctest test for each of its suites. A sanitizer needs most of a second to
# start a program, which a test of a millisecond is not to pay by itself.
#
# PROGRAM; OUT: the file for ctest to include; DEADLINE: seconds a suite may take; ENVIRONMENT: of each.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z][A-Za-z0-9_/]*\\." suites "\n${listed}")
set(text "")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "^\n(.*)\\.$" "\\1" suite ${suite})
  string(APPEND text "add_test(\"unit.${suite}\" \"${PROGRAM}\" \"--gtest_filter=${suite}.*\")\n"
    "set_tests_properties(\"unit.${suite}\" PROPERTIES LABELS unit TIMEOUT ${DEADLINE} ENVIRONMENT \"${ENVIRONMENT}\""
    " SKIP_REGULAR_EXPRESSION \"\\\\[  PASSED  \\\\] 0 tests\")\n")
endforeach()
file(WRITE ${OUT} ${text})
