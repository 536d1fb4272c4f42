// SPDX-License-Identifier: Apache-2.0
// Always-on assertions for our own bugs; the world's mistakes are Errors (result.h).
#pragma once

#include <cstdio>
#include <cstdlib>

#define FELIXSIM_CHECK(condition)                                                          \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "felixsim: bug: %s:%d: %s does not hold\n", __FILE__, __LINE__, \
                   #condition);                                                            \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
