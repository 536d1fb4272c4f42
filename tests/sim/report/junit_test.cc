// SPDX-License-Identifier: Apache-2.0
#include "sim/report/junit.h"

using namespace felixsim;

TEST_CASE("a failure carries its first line as message and all of it as text, escaped") {
  const std::string xml =
      junit_xml({{"a.yaml", {{"base", {}}, {"step \"2\"", {"no rule <x>\n&more\x01"}}}, {}}});
  CHECK(xml.find("tests=\"2\" failures=\"1\" errors=\"0\"") != std::string::npos);
  CHECK(xml.find("name=\"step &quot;2&quot;\"") != std::string::npos);
  CHECK(
      xml.find("<failure message=\"no rule &lt;x&gt;\">no rule &lt;x&gt;\n&amp;more?</failure>") !=
      std::string::npos);
}

TEST_CASE("a file that could not run is an error, not a failure") {
  const std::string xml = junit_xml({{"b.yaml", {}, "b.yaml:1:1: bad"}});
  CHECK(xml.find("tests=\"1\" failures=\"0\" errors=\"1\"") != std::string::npos);
  CHECK(xml.find("<error message=\"b.yaml:1:1: bad\"/>") != std::string::npos);
}
