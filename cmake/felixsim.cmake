# The three kinds of target. Sources are listed by name, so that a forgotten or orphaned file is seen.

add_library(felixsim_options INTERFACE)
target_include_directories(felixsim_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
# g++ judges warnings; clang only builds the sanitizer and fuzz variants.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(felixsim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
endif()

# felixsim_library(NAME SOURCES a.cc b.cc LINKS other_lib fmt::fmt): everybody shares one precompiled header.
function(felixsim_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC felixsim_options ${arg_LINKS})
  if(name STREQUAL "felixsim_vocabulary")
    target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
  else()
    target_precompile_headers(${name} REUSE_FROM felixsim_vocabulary)
  endif()
endfunction()

# felixsim_test(NAME SOURCES a_test.cc LINKS lib LABELS unit): one Catch2 program, one ctest entry. SERIAL: not in parallel.
function(felixsim_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE felixsim_options felixsim_test_main ${arg_LINKS})
  target_precompile_headers(${name} REUSE_FROM felixsim_test_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 600)
endfunction()

# felixsim_conformance(FAMILY SOURCES x.cc LINKS lib): the program behind `./dev conform FAMILY DIR`.
function(felixsim_conformance family)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(conform_${family} ${arg_SOURCES})
  target_link_libraries(conform_${family} PRIVATE felixsim_options felixsim_conform_main ${arg_LINKS})
  target_precompile_headers(conform_${family} REUSE_FROM felixsim_vocabulary)
endfunction()
