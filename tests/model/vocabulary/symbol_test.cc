// SPDX-License-Identifier: Apache-2.0
#include "felixsim/symbol.h"

using felixsim::Symbol;

TEST_CASE("equal text is one symbol, and order is that of the text") {
  CHECK(Symbol("a") == Symbol(std::string("a")));
  CHECK(Symbol("a").str().data() == Symbol("a").str().data());
  CHECK(Symbol("a-b") < Symbol("a.b"));
  CHECK(Symbol() == Symbol(""));
  CHECK(std::set<Symbol>{Symbol("b"), Symbol("a"), Symbol("b")}.begin()->str() == "a");
}
