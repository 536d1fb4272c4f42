// SPDX-License-Identifier: Apache-2.0
#include "sim/report/junit.h"

namespace felixsim {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string case_xml(const std::string& suite, const TestCase& test) {
  std::string out =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escaped(suite), escaped(test.name));
  if (test.failures.empty()) return out + "/>\n";
  out += ">\n";
  for (const auto& failure : test.failures) {
    const std::string first_line = failure.substr(0, failure.find('\n'));
    out += fmt::format("      <failure message=\"{}\">{}</failure>\n", escaped(first_line),
                       escaped(failure));
  }
  return out + "    </testcase>\n";
}

std::string suite_xml(const TestSuite& suite) {
  size_t failed = 0;
  std::string cases;
  for (const auto& test : suite.cases) {
    failed += !test.failures.empty();
    cases += case_xml(suite.name, test);
  }
  if (!suite.error.empty())
    cases += fmt::format(
        "    <testcase classname=\"{0}\" name=\"load\">\n      <error message=\"{1}\"/>\n"
        "    </testcase>\n",
        escaped(suite.name), escaped(suite.error));
  const size_t tests = suite.cases.size() + !suite.error.empty();
  return fmt::format(
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{}  </testsuite>\n",
      escaped(suite.name), tests, failed, suite.error.empty() ? 0 : 1, cases);
}

}  // namespace

std::string junit_xml(const std::vector<TestSuite>& suites) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& suite : suites) out += suite_xml(suite);
  return out + "</testsuites>\n";
}

}  // namespace felixsim
