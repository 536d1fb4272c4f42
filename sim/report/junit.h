// SPDX-License-Identifier: Apache-2.0
// Outcomes of tests as JUnit XML, the form that CI systems read.
#pragma once

#include <string>
#include <vector>

namespace felixsim {

struct TestCase {
  std::string name;
  std::vector<std::string> failures;  // empty: passed
};
struct TestSuite {
  std::string name;  // the file
  std::vector<TestCase> cases;
  std::string error;  // the suite could not run; empty: it ran
};

// One <testsuite> each, in the order given. Control characters that XML cannot hold become '?'.
std::string junit_xml(const std::vector<TestSuite>& suites);

}  // namespace felixsim
